"""A login of which a file tells too late: its number was reclaimed for not being used (10.3), and is not purged."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import LoginFact, Number, Tenure
from enforcement.policy import Kind
from enforcement.reclaim.services import look
from qqops.alerts.models import Alert
from qqops.staff.models import Staff
from tests.accounts.logins.files import HOUR, logins
from tests.accounts.quarantine.steps import history, later, purged, state, terminate
from tests.enforcement.acts import approve, broken, decide
from tests.enforcement.reclaiming import WHY, adopt, logs_in, reclaimed
from tests.supply import feed_covers
from tests.terminal import Terminal

pytestmark = pytest.mark.usefixtures("in_english", "rulebook", "feed")
Cast = dict[str, Staff]
Many = Callable[..., list[int]]
TERM = datetime.timedelta(days=90)
MOMENT = datetime.timedelta(microseconds=1)


def ended_at(number: int) -> datetime.datetime:
    found = Number.objects.get(pk=number).terminated_at
    assert found is not None
    return found


def test_who_used_it_before_it_was_reclaimed_keeps_it_until_somebody_restores_it(
    cast: Cast, numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90)
    used, known, since, silent = numbers(4)
    assert reclaimed(policy, cast).applied == 4
    banned, never = [*numbers(1), *numbers(1, "terminated")]  # of the last one nothing says how it ended
    logs_in(banned)
    terminate([banned])
    at = ended_at(used)
    lines = [(used, at - TERM + MOMENT, "qq"), (known, at - TERM, "qq"), (since, at, "qq"),
             (banned, ended_at(banned) - HOUR, "qq"), (never, at - HOUR, "qq")]  # fmt: skip
    said = terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json
    assert (said["logins"], said["numbers"]) == (2, {"terminated": [since, banned, never]})
    assert set(LoginFact.objects.values_list("tenure__number", flat=True)) == {used, known, banned}
    alert = Alert.objects.get()
    assert (alert.code, alert.facts["n"], alert.facts["numbers"]) == ("reclaimed_though_used", 1, str(used))
    shown = terminal(None, "import_logins", logins(tmp_path, lines), "--apply").out
    assert f"Reclaimed though they had been used: {used}." in shown and Alert.objects.count() == 1  # it is no news
    with later(days=31):
        shown = terminal(None, "purge").out
        assert "left: its holder used it before it was reclaimed: restore it (10.1): 1" in shown
        assert purged() == {"purged": 4, "used": 1} and state(used) == "terminated"
        again = terminal(None, "import_logins", logins(tmp_path, [(silent, at - HOUR, "qq")]), "--apply", "--json").json
        assert again["numbers"] == {"quarantined": [silent]}
        assert approve(decide(Kind.RESTORE, [used], cast["officer"]), cast["supervisor2"]).applied == 1
        feed_covers()
        assert purged() == {} and look(policy, actor=cast["resources"], reason=WHY).will == 0
    assert history(used) == ["in_use", "terminated", "in_use"] and broken() == []


def test_what_was_paid_for_lapses_by_its_time_and_is_purged_though_it_was_used(
    cast: Cast, numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    (lapsed,) = numbers(1, paid=True)
    Tenure.objects.filter(number=lapsed).update(paid_until=timezone.now() - datetime.timedelta(days=10))
    assert reclaimed(adopt(cast, "lapsed-3", "paid_lapsed"), cast).applied == 1
    lines = [(lapsed, ended_at(lapsed) - HOUR, "qq")]
    assert terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json["logins"] == 1
    with later(days=31):
        assert purged() == {"purged": 1}
    assert state(lapsed) == "quarantined"


def test_a_number_reclaimed_as_not_activated_though_it_was_used_is_restored_to_use(
    cast: Cast, numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    policy = adopt(cast, "not-activated-3", "not_activated", threshold_days=3)
    used, silent = numbers(2, "allocated", started_at=timezone.now() - datetime.timedelta(days=9))
    assert reclaimed(policy, cast).applied == 2
    lines = [(used, ended_at(used) - datetime.timedelta(days=8), "qq")]
    assert terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json["logins"] == 1
    with later(days=16):
        assert purged() == {"purged": 1, "used": 1}
        assert approve(decide(Kind.RESTORE, [used], cast["officer"]), cast["supervisor2"]).applied == 1
    assert (state(used), state(silent)) == ("in_use", "quarantined") and broken() == []
