"""Scenario 4: dormant numbers are reclaimed under a policy while the login feed comes: previewed with every exclusion,
agreed to by two, announced, reminded; who logs in meanwhile keeps his number; some are restored in grace; the report is
by rule."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.utils import timezone

from accounts.dormancy.policy import Excluded
from accounts.models import DormancyPolicy, Number, ResourceProposal
from enforcement import tasks
from enforcement.models import Decision, Notice, Outcome
from qqops.audit import origin
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, broken
from tests.enforcement.reclaim.excluding import HOW, exclude
from tests.enforcement.reclaiming import logs_in
from tests.terminal import Said, Terminal

Cast = dict[str, Staff]
SAY = ("--reason", "按长期未登录规则回收号码")
LINE = ("reclaim", "--policy", "dormant-90", *SAY)
RESTORE = ("--clause", "11", "--fact", "持有人在宽限期内联系", "--evidence", "核验通过记录", *SAY)


def the_feed_comes(terminal: Terminal, folder: Path) -> None:
    """Of the others nobody logged in until now: a file without a line says so."""
    file = folder / "logins.csv"
    file.touch()
    said = terminal(None, "import_logins", file, "--covers", timezone.now().isoformat(), "--apply")
    assert said.code == 0, said.error


def the_worker_passes() -> None:
    with origin.origin(origin.WORKER):
        tasks.announce(0)


def adopted(terminal: Terminal) -> DormancyPolicy:
    """Drafted by the manager, agreed to by the supervisor and the privacy officer."""
    drafted = terminal(
        "resources", "policies", "draft", "dormant-90", "--kind", "dormant", "--days", 90, "--from",
        timezone.localdate(), "--grace", 30, "--notice", 30, "--reminder", 7, *SAY, "--apply",
    )  # fmt: skip
    proposal = ResourceProposal.objects.latest("pk")
    assert drafted.code == 6
    for login in ("supervisor", "privacy"):
        seen = ("--seen", proposal.content_hash)
        terminal(login, "ranges", "approve", proposal.pk, *seen, "--reason", "同意该休眠规则", "--apply")
    return DormancyPolicy.objects.get(code="dormant-90")


def approved(decision: int, terminal: Terminal, *logins: str) -> Said:
    for login in logins:
        said = terminal(login, "approve", decision, "--reason", "同意该处置决定", "--apply")
        assert said.code in (0, 3, 6), said.error
    return said


@pytest.mark.django_db
@pytest.mark.usefixtures("rulebook")
def test_dormant_numbers_are_reclaimed_and_who_came_back_keeps_his(
    cast: Cast, numbers: Callable[..., list[int]], terminal: Terminal, tmp_path: Path
) -> None:
    began = timezone.now()
    adopted(terminal)
    dormant, kept, used = numbers(12), numbers(len(HOW)), numbers(3)
    for number, how in zip(kept, HOW, strict=True):
        exclude(number, how, cast)
    for number in used:
        logs_in(number, began - 5 * DAY)

    standing = terminal("resources", *LINE)
    assert standing.code == 2 and "--covers" in standing.error  # by a feed that stands still nobody is dormant
    the_feed_comes(terminal, tmp_path)
    preview = terminal("resources", *LINE, "--json").json
    assert (preview["due"], preview["would_reclaim"]) == (18, 12)
    assert preview["excluded"] == dict.fromkeys(Excluded.values, 1)
    assert preview["sample"] == dormant

    filed = terminal("resources", *LINE, "--apply", "--json")
    decision = Decision.objects.get(pk=filed.json["decision"])
    assert (filed.code, decision.rule, decision.target_count) == (6, "reclaim", 12)
    assert terminal("resources", "approve", decision.pk, "--reason", "同意该处置决定", "--apply").code == 5
    approved(decision.pk, terminal, "supervisor", "privacy")
    the_worker_passes()
    shown = terminal(None, "decisions", "show", decision.pk).out
    assert "runs on" in shown
    early = terminal(None, "decisions", "run", decision.pk, "--apply")
    assert early.code == 2 and not Number.objects.filter(lifecycle="terminated").exists()

    with time_machine.travel(began + 12 * DAY):
        logs_in(dormant[0])
    with time_machine.travel(began + 24 * DAY):
        the_worker_passes()
        logs_in(dormant[1], service="mail")  # reminded, and came
    with time_machine.travel(began + 32 * DAY):
        waits = terminal(None, "decisions", "run", decision.pk, "--apply")
        assert waits.code == 2 and "--covers" in waits.error
        the_feed_comes(terminal, tmp_path)
        done = terminal(None, "decisions", "run", decision.pk, "--apply", "--json")
        assert (done.code, done.json["applied"], done.json["skipped"]) == (3, 10, {"used_since": 2})
        skipped = set(Outcome.objects.filter(decision=decision, why="used_since").values_list("number", flat=True))
        assert skipped == set(dormant[:2])
        stages = Counter(Notice.objects.filter(decision=decision).values_list("stage", flat=True))
        assert stages == Counter(prior=12, reminder=11, act=10)
        gone = Number.objects.filter(pk__in=dormant[2:])
        assert set(gone.values_list("lifecycle", "terminated_under")) == {("terminated", "10.3")}

    with time_machine.travel(began + 50 * DAY):  # within the grace of 30 days
        back = terminal("officer", "enforce", "restore", *dormant[2:4], *RESTORE, "--apply", "--json")
        restored = approved(back.json["decision"], terminal, "supervisor2")
        assert restored.code == 0
    with time_machine.travel(began + 51 * DAY):  # given back, so the term of the policy counts anew
        the_feed_comes(terminal, tmp_path)
        assert set(terminal("resources", *LINE, "--json").json["sample"]).isdisjoint(dormant)
    with time_machine.travel(began + 141 * DAY):
        the_feed_comes(terminal, tmp_path)
        assert set(terminal("resources", *LINE, "--json").json["sample"]) & set(dormant) == set(dormant[:4])
    states = dict(Number.objects.filter(pk__in=dormant + kept + used).values_list("pk", "lifecycle"))
    assert states == dict.fromkeys(dormant[:4] + kept + used, "in_use") | dict.fromkeys(dormant[4:], "terminated")
    grace = Number.objects.filter(due_at__gt=began + 61 * DAY, due_at__lt=began + 63 * DAY)
    assert set(grace.values_list("pk", flat=True)) == set(dormant[4:])

    report = terminal(None, "decisions", "show", decision.pk)
    for part in ("10.3", "dormant-90", "not logged in for 90 days", "used since: 2", "applied: 10"):
        assert part in report.out, part
    assert broken() == []
