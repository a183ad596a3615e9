"""`policies`, `exempt`, `renew` and `reclaim` at the terminal: dry by default, one JSON object, honest exit codes."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.allocation.renewal import renew
from accounts.models import DormancyPolicy, Number, ResourceProposal, Tenure
from accounts.resources.policy import PAID_AHEAD
from enforcement.models import Decision
from qqops.audit.models import Event
from qqops.core.days import end_of
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, broken
from tests.enforcement.reclaim.excluding import exclude
from tests.enforcement.reclaiming import WHY, adopt
from tests.terminal import Terminal

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rulebook", "feed", "english")]
Cast = dict[str, Staff]
Many = Callable[..., list[int]]
SAY = ("--reason", WHY)


def test_a_reclaim_is_shown_with_every_exclusion_and_filed_only_with_apply(
    cast: Cast, numbers: Many, terminal: Terminal
) -> None:
    adopt(cast)
    one, exempt, measured = numbers(3, "allocated")
    exclude(exempt, "exempt", cast)
    exclude(measured, "measure", cast)
    line = ("reclaim", "--policy", "not-activated-3", *SAY)
    said = terminal("resources", *line, "--json")
    assert (said.code, said.json) == (
        4,
        {
            "state": "dry_run", "policy": "not-activated-3", "due": 3, "would_reclaim": 1,
            "excluded": {"exempt": 1, "measure": 1}, "sample": [one],
        },
    )  # fmt: skip
    told = terminal("resources", *line).out
    for part in ("Due today: 3", "exempt from reclaim: 1", "a measure is in force: 1", str(one), "are lost after"):
        assert part in told, part
    assert not Decision.objects.filter(policy__isnull=False).exists()
    filed = terminal("resources", *line, "--apply", "--json")
    decision = Decision.objects.get(policy__isnull=False)
    assert (filed.code, filed.json["decision"], filed.json["targets"]) == (6, decision.pk, 1)
    approve(decision, cast["supervisor"])
    assert terminal("privacy", "approve", decision.pk, "--reason", "agreed", "--apply").code == 0
    assert (Number.objects.get(pk=one).lifecycle, broken()) == ("terminated", [])


def test_what_is_wrong_is_said_and_nothing_happens(cast: Cast, numbers: Many, terminal: Terminal) -> None:
    adopt(cast)
    assert terminal("resources", "reclaim", "--policy", "nothing", *SAY).code == 2
    nobody = terminal("resources", "reclaim", "--policy", "not-activated-3", *SAY, "--apply")
    assert (nobody.code, "Nothing was done" in nobody.error) == (2, True)
    numbers(1, "allocated")
    assert terminal("officer", "reclaim", "--policy", "not-activated-3", *SAY).code == 5
    assert not Decision.objects.exists()


def test_one_number_is_terminated_under_a_policy_that_is_named(cast: Cast, numbers: Many, terminal: Terminal) -> None:
    adopt(cast)
    (one,) = numbers(1, "allocated")
    line = ("enforce", "terminate", one, "--clause", "10.3", "--fact", "未激活", "--evidence", "无登录记录", *SAY)
    assert "name it" in terminal("resources", *line).error
    assert terminal("resources", *line, "--policy", "not-activated-3", "--apply").code == 6


def _agree(proposal: ResourceProposal) -> tuple[object, ...]:
    return ("ranges", "approve", proposal.pk, "--seen", proposal.content_hash, "--reason", "agreed with it", "--apply")


def test_a_policy_is_drafted_listed_and_ended(cast: Cast, terminal: Terminal) -> None:
    today = timezone.localdate()
    line = (
        "policies", "draft", "dormant-90", "--kind", "dormant", "--days", 90, "--from", today, "--grace", 30,
        "--notice", 30, "--reminder", 7, *SAY,
    )  # fmt: skip
    dry = terminal("resources", *line)
    assert (dry.code, ResourceProposal.objects.count()) == (4, 0)
    assert "not logged in for 90 days; notice 30 days and 7 days before; grace 30 days" in dry.out
    assert terminal("resources", *line, "--apply").code == 6
    proposal = ResourceProposal.objects.get()
    for login in ("supervisor", "privacy"):
        assert terminal(login, *_agree(proposal)).code in (0, 6)
    assert "dormant-90: registered at any time" in terminal("auditor", "policies", "list", *SAY).out
    end = ("policies", "end", "dormant-90", "--last", today, *SAY)
    assert terminal("officer", *end).code == 5
    assert "nothing is filed under it; what was filed before goes on" in terminal("resources", *end).out
    assert terminal("resources", *end, "--apply").code == 6
    proposal = ResourceProposal.objects.latest("pk")
    assert terminal("supervisor", *_agree(proposal)).code == 0
    assert DormancyPolicy.objects.get().effective.upper == today + DAY
    assert terminal("resources", "policies", "draft", "x", *SAY).code == 2
    far = line[:8] + ("9999-12-31", *line[9:])
    late = ("policies", "end", "dormant-90", "--last", "9999-12-31", *SAY)
    for typed in (far, (*line, "--last", "9999-12-31"), late):
        for more in ((), ("--apply",)):
            said = terminal("resources", *typed, *more)
            assert (said.code, "1990 to 2999" in said.error) == (2, True), typed


def test_a_number_is_exempted_and_it_ends(cast: Cast, numbers: Many, terminal: Terminal) -> None:
    (one, free), line = [*numbers(1), *numbers(1, "available")], ("--because", "linked to a phone line", *SAY)
    assert terminal("resources", "exempt", one, *line).code == 4
    assert terminal("resources", "exempt", one, *line, "--apply", "--json").json == {
        "applied": True, "changed": 1, "already": 0,
    }  # fmt: skip
    assert Number.objects.get(pk=one).reclaim_exempt_reason == "linked to a phone line"
    assert terminal("officer", "exempt", one, *line).code == 5
    assert terminal("resources", "exempt", one, "--because", " ", *SAY, "--apply").code == 2
    assert str(free) in terminal("resources", "exempt", one, free, *line, "--apply").error
    assert terminal("resources", "exempt", one, "--clear", *SAY, "--apply").code == 0
    assert (Number.objects.get(pk=one).reclaim_exempt_reason, broken()) == ("", [])


def test_renewals_are_recorded_and_never_shorten(cast: Cast, numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    paid, longer, free, over = *numbers(2, paid=True), *numbers(1), *numbers(1, "terminated", paid=True)
    day, far = timezone.localdate() + 30 * DAY, timezone.now() + 900 * DAY
    Tenure.objects.filter(number=paid).update(paid_until=timezone.now() - DAY)
    Tenure.objects.filter(number=longer).update(paid_until=far)
    file = tmp_path / "renewed.csv"
    file.write_text(f"number,paid until\n{paid},{day}\nQQ:{longer},{day}\n{free},{day}\n{over},{day}\n77777,{day}\n")
    dry = terminal(None, "renew", file, "--json")
    expected = {"already": [longer], "free": [free], "nobody": [77777], "over": [over]}
    assert (dry.code, dry.json["renewed"], dry.json["skipped"]) == (4, 1, expected)
    done = terminal(None, "renew", file, "--apply")
    assert (done.code, "Renewed: 1." in done.out) == (3, True)
    until = dict(Tenure.objects.filter(number__in=(paid, longer)).values_list("number", "paid_until"))
    assert until == {paid: end_of(day), longer: far}
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor_label, event.facts["targets"]) == ("tenures.renewed", "system-feed", 1)
    assert terminal(None, "renew", file, "--apply", "--json").json["renewed"] == 0


@pytest.mark.parametrize(
    "line",
    [
        "12345", "012345,2030-01-01", "88880001,soon", "88880001,2030-02-30", "88880001,9999-12-31",
        "88880001,9999-12-31T23:59:59-14:00", "88880001,2099-01-01",
    ],
)  # fmt: skip
def test_a_renewal_file_with_one_wrong_line_is_refused_whole(
    cast: Cast, numbers: Many, terminal: Terminal, tmp_path: Path, line: str
) -> None:
    (paid,) = numbers(1, paid=True)
    Tenure.objects.filter(number=paid).update(paid_until=timezone.now() - DAY)
    file = tmp_path / "renewed.csv"
    file.write_text(f"{paid},{timezone.localdate() + datetime.timedelta(days=9)}\n{line}\n")
    said = terminal(None, "renew", file, "--apply")
    assert (said.code, "line 2" in said.error) == (2, True)
    assert not Event.objects.filter(verb="tenures.renewed").exists()


def test_paid_time_is_prolonged_to_at_most_ten_years_ahead(cast: Cast, numbers: Many) -> None:
    (paid,), feed = numbers(1, paid=True), Staff.objects.system("system-feed")
    Tenure.objects.filter(number=paid).update(paid_until=timezone.now() - DAY)
    for apply in (False, True):
        with pytest.raises(Invalid, match="ten years"):
            renew({paid: timezone.now() + PAID_AHEAD + DAY}, actor=feed, apply=apply)
    assert renew({paid: timezone.now() + PAID_AHEAD - DAY}, actor=feed, apply=True).renewed == 1
