"""Scenario 12: a paid premium number lapses. Sold in 2019 it has 90 days to be renewed, sold in 2021 fifteen; renewed
in time it is kept, renewed a day late it is terminated; its tier is what it was."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.allocation.renewal import renew
from accounts.models import Number, Tenure
from appeals.models import Appeal, Ruling
from enforcement.models import Decision
from qqops.audit import recorder
from qqops.staff.models import Staff
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import RULED, answer, both_steps, of, take
from tests.cast import make_numbers
from tests.desk import desk
from tests.enforcement.acts import DAY, broken
from tests.enforcement.reclaiming import adopt
from tests.pages import preview, text
from tests.terminal import Terminal

__all__ = ["desk"]

Cast = dict[str, Staff]
SAY = ("--reason", "有偿期届满未续费，按规则回收")
CUT = datetime.date(2020, 7, 17)  # sold from then on: 15 days instead of 90
EARLY, LATE = (datetime.datetime(year, 5, 1, tzinfo=datetime.UTC) for year in (2019, 2021))
KEPT_89, GONE_91, KEPT_14, GONE_16 = 88_820_168, 88_830_168, 88_840_168, 88_850_168


def ends(numbers: list[int], at: datetime.datetime) -> None:
    """As the sale said."""
    setup = Staff.objects.system("system-setup")
    tenures = Tenure.objects.filter(number__in=numbers)
    with recorder.act("demo.built", actor=setup, reason="sale of a test", facts={"numbers": len(numbers)}) as act:
        tenures.update(paid_until=at)
        act.history(Tenure, list(tenures.values_list("pk", flat=True)))


@pytest.mark.django_db
@pytest.mark.usefixtures("rulebook")
def test_a_paid_number_is_kept_when_it_is_renewed_in_time_and_reclaimed_when_it_is_not(
    cast: Cast, terminal: Terminal, tmp_path: Path
) -> None:
    adopt(cast, "paid-90", "paid_lapsed", threshold_days=90, registered_to=CUT - DAY, grace_days=30)
    adopt(cast, "paid-15", "paid_lapsed", threshold_days=15, registered_from=CUT, grace_days=30)
    make_numbers([KEPT_89, GONE_91], tier=2, paid=True, started_at=EARLY)
    make_numbers([KEPT_14, GONE_16], tier=2, paid=True, started_at=LATE)
    everyone, over = [KEPT_89, GONE_91, KEPT_14, GONE_16], timezone.now()
    ends(everyone, over)

    def renewed(*numbers: int) -> int:
        file = tmp_path / "renewed.csv"
        day = timezone.localdate() + 31 * DAY
        file.write_text("".join(f"{number},{day}\n" for number in numbers))
        return terminal(None, "renew", file, "--apply").code

    def reclaim(code: str) -> set[int]:
        """File what is due, have both agree, and say who lost his number."""
        filed = terminal("resources", "reclaim", "--policy", code, *SAY, "--apply", "--json")
        if filed.code == 2:
            return set()
        for login in ("supervisor", "privacy"):
            terminal(login, "approve", filed.json["decision"], "--reason", "同意该处置决定", "--apply")
        decision = Decision.objects.get(pk=filed.json["decision"])
        return set(decision.outcomes.filter(why="").values_list("number", flat=True))

    with time_machine.travel(over + 14 * DAY):
        assert reclaim("paid-15") == reclaim("paid-90") == set()  # nobody yet
        assert renewed(KEPT_14) == 0
    with time_machine.travel(over + 16 * DAY):
        assert (reclaim("paid-15"), reclaim("paid-90")) == ({GONE_16}, set())
        assert renewed(GONE_16) == 3  # too late: its right of use is over, and money does not bring it back
    with time_machine.travel(over + 89 * DAY):
        assert renewed(KEPT_89) == 0
        assert reclaim("paid-90") == set()
    with time_machine.travel(over + 91 * DAY):
        assert reclaim("paid-90") == {GONE_91}
    rows = {n.pk: (n.lifecycle, n.tier, n.terminated_under) for n in Number.objects.filter(pk__in=everyone)}
    assert rows == {
        KEPT_89: ("in_use", 2, None),
        KEPT_14: ("in_use", 2, None),
        GONE_91: ("terminated", 2, "10.3"),
        GONE_16: ("terminated", 2, "10.3"),
    }
    assert broken() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("rulebook")
def test_a_renewal_between_filing_and_act_keeps_the_number(
    cast: Cast, numbers: Callable[..., list[int]], terminal: Terminal
) -> None:
    adopt(cast, "paid-15", "paid_lapsed", threshold_days=15)
    one, other = numbers(2, paid=True)
    ends([one, other], timezone.now() - 20 * DAY)
    filed = terminal("resources", "reclaim", "--policy", "paid-15", *SAY, "--apply", "--json").json
    assert filed["targets"] == 2
    feed = Staff.objects.system("system-feed")
    assert renew({one: timezone.now() + 31 * DAY}, actor=feed, apply=True).renewed == 1
    for login in ("supervisor", "privacy"):
        said = terminal(login, "approve", filed["decision"], "--reason", "同意该处置决定", "--apply", "--json")
    assert (said.code, said.json["applied"], said.json["skipped"]) == (3, 1, {"paid": 1})
    assert Number.objects.get(pk=one).lifecycle == "in_use" and broken() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("rulebook", "english")
def test_who_had_paid_in_time_objects_and_has_it_back_with_its_tier(
    cast: Cast, terminal: Terminal, desk: Callable[[str], Client]
) -> None:
    """The sales system told of his renewal too late: money alone does not bring it back, a ruling does."""
    adopt(cast, "paid-15", "paid_lapsed", threshold_days=15)
    make_numbers([GONE_16], tier=2, paid=True, started_at=LATE)
    ends([GONE_16], timezone.now() - 20 * DAY)
    filed = terminal("resources", "reclaim", "--policy", "paid-15", *SAY, "--apply", "--json").json
    for login in ("supervisor", "privacy"):
        terminal(login, "approve", filed["decision"], "--reason", "同意该处置决定", "--apply")
    asking = FILED | {"kind": "recovery", "ground": "cannot_log_in"}  # he does not know what it is called
    agent, reviewer = desk("agent"), desk("reviewer")
    assert "objection" in text(preview(agent, file_url(GONE_16), asking))
    through(agent, file_url(GONE_16), asking)
    appeal = Appeal.objects.get()
    assert (appeal.kind, appeal.route, appeal.decision_id) == ("objection", "objection", filed["decision"])
    take(reviewer, appeal)
    both_steps(reviewer, of("rule", appeal), RULED | {"outcome": "upheld", "revision": "0", "clauses": "10.3"})
    assert answer(desk("supervisor2"), Ruling.objects.get(), "agree").status_code == 302
    back = Number.objects.get(pk=GONE_16)
    assert (back.lifecycle, back.tier, back.terminated_under) == ("in_use", 2, None)
    assert broken() == []
