"""Two acts on one number at the same moment, on real connections: one of them counts, and whole."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from accounts.cancellation import services as cancel
from accounts.lists.feed import Feed
from accounts.logins.services import Imported, import_logins
from accounts.models import LoginFact, Number, PurgeCertificate, RuleVersion, Tenure
from accounts.resources import services as resources
from enforcement.decisions.services import Report
from enforcement.policy import Kind
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.accounts.logins.files import ago, logins
from tests.accounts.quarantine.steps import WHY, cancelled, ended, history, later, purged, state, terminate
from tests.clauses.test_8_2_b_no_transfer import to_wang
from tests.clauses.test_12_1_d_continued_use import publish
from tests.enforcement.acts import approve, decide, head, verbs
from tests.enforcement.waiting import meanwhile
from tests.identities import tell

pytestmark = pytest.mark.django_db(transaction=True)
Many = Callable[..., list[int]]


def recorded(file: Path) -> Imported:
    with Feed(file) as feed:
        return import_logins(feed, actor=Staff.objects.system("system-feed"), apply=True)


def restored(number: int, cast: dict[str, Staff]) -> Report:
    return approve(decide(Kind.RESTORE, [number], cast["officer"]), cast["supervisor2"])


def test_a_cancellation_that_the_holder_withdraws_meanwhile_is_not_withdrawn_by_his_login_too(
    numbers: Many, agent: Staff, tmp_path: Path
) -> None:
    (one,) = numbers(1)
    cancelled([one], agent)
    with later(days=14):
        file, before = logins(tmp_path, [(one, ago(hours=1), "qq")]), head()
        found = meanwhile(lambda: cancel.withdraw([one], actor=agent, reason=WHY), lambda: recorded(file))
    assert (found.facts, found.withdrawn) == (1, 0)
    assert verbs(before) == ["number.cancellation_withdrawn", "logins.imported", "logins.file_recorded"]
    assert history(one) == ["in_use", "cancel_pending", "in_use"] and list(verify()) == []


def test_a_cancellation_that_ends_meanwhile_is_not_withdrawn_any_more(
    numbers: Many, agent: Staff, tmp_path: Path
) -> None:
    (one,) = numbers(1)
    cancelled([one], agent)
    with later(days=15.1):
        file = logins(tmp_path, [(one, ago(days=1), "qq")])
        found = meanwhile(ended, lambda: recorded(file))
    assert (found.facts, found.withdrawn) == (1, 0)
    assert history(one)[1:] == ["cancel_pending", "terminated", "purged", "quarantined"] and list(verify()) == []


def test_a_number_that_is_terminated_meanwhile_is_not_activated(numbers: Many, tmp_path: Path) -> None:
    one, other = numbers(2, "allocated")
    file, before = logins(tmp_path, [(n, ago(hours=1), "qq") for n in (one, other)]), head()
    found = meanwhile(lambda: terminate([one]), lambda: recorded(file))
    assert (found.facts, found.activated) == (2, 1)
    assert verbs(before)[-3:] == ["logins.imported", "number.activated", "logins.file_recorded"]
    assert (history(one), history(other)) == (["allocated", "terminated"], ["allocated", "in_use"])
    assert list(verify()) == []


def test_a_number_that_passes_to_another_meanwhile_is_not_activated_by_who_had_it(
    number: Callable[..., Number], cast: dict[str, Staff], setup_actor: Staff, tmp_path: Path
) -> None:
    one = number("allocated")
    tell(one, setup_actor)
    licensed = resources.propose(to_wang(one), actor=cast["privacy"], reason=WHY)
    yes: dict[str, Any] = {"actor": cast["supervisor"], "reason": WHY, "content_hash": licensed.content_hash}
    file = logins(tmp_path, [(one.pk, ago(hours=1), "qq")])
    found = meanwhile(lambda: resources.approve(licensed, **yes), lambda: recorded(file))
    assert (found.facts, found.activated, state(one.pk)) == (1, 0, "allocated")
    assert LoginFact.objects.get().tenure_id == one.tenure_id != Number.objects.get(pk=one.pk).tenure_id
    assert list(verify()) == []


def test_a_holder_whose_right_ends_meanwhile_accepts_nothing_any_more(
    numbers: Many, agent: Staff, cast: dict[str, Staff], rulebook: RuleVersion, tmp_path: Path
) -> None:
    (one,) = numbers(1)
    cancelled([one], agent)
    with later(days=16):
        publish("九", ago(hours=20), cast["resources"])
        file = logins(tmp_path, [(one, ago(hours=10), "qq")])  # too late to withdraw it, and yet a use
        found = meanwhile(ended, lambda: recorded(file))
    assert (found.facts, found.withdrawn, found.accepted) == (1, 0, 0)
    tenure = Tenure.objects.get(number=one)
    assert tenure.ended_at is not None and (tenure.rules_version, tenure.accepted_at) == (rulebook, None)
    assert Tenure.history.filter(id=tenure.pk).count() == 2 and list(verify()) == []


def test_of_a_restore_and_a_purge_at_once_the_restore_comes_first_and_nothing_is_purged(
    numbers: Many, cast: dict[str, Staff]
) -> None:
    (one,) = numbers(1)
    terminate([one])
    with later(days=31):
        assert meanwhile(lambda: restored(one, cast), purged) == {}
    assert history(one) == ["in_use", "terminated", "in_use"]
    assert Tenure.objects.get(number=one).ended_at is None and not PurgeCertificate.objects.exists()
    assert list(verify()) == []


def test_of_a_restore_and_a_purge_at_once_the_purge_comes_first_and_nothing_is_restored(
    numbers: Many, cast: dict[str, Staff]
) -> None:
    (one,) = numbers(1)
    terminate([one])
    with later(days=31):
        found = meanwhile(purged, lambda: restored(one, cast))
    assert (found.applied, found.skipped) == (0, Counter(no_tenure=1))
    assert history(one) == ["in_use", "terminated", "purged", "quarantined"]
    assert Tenure.objects.get(number=one).ended_at is not None and PurgeCertificate.objects.count() == 1
    assert list(verify()) == []


def test_what_ends_anew_meanwhile_has_its_whole_grace_again(numbers: Many, cast: dict[str, Staff]) -> None:
    (one,) = numbers(1)
    terminate([one])

    def anew() -> None:
        restored(one, cast)
        terminate([one])

    with later(days=31):
        assert meanwhile(anew, purged) == {}
        assert state(one) == "terminated"
    with later(days=60):
        assert purged() == {}
    with later(days=62):
        assert purged() == {"purged": 1}
    assert list(verify()) == [] and Number.objects.get(pk=one).lifecycle == "quarantined"
