"""Two people at the same moment, on real connections: one range, one proposal, one answer."""

import uuid

import pytest
from django.db import connection, transaction
from django.db.models import F

from accounts.models import Number, NumberRange, RangeCursor, RangeTally, ResourceProposal
from accounts.resources import services as resources
from accounts.resources.services import ranges
from qqops.approvals.models import State
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from tests.cast import PASSWORD, make_numbers
from tests.enforcement.runs.test_races import together
from tests.enforcement.waiting import meanwhile
from tests.supply import WHY, open_range

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def colleague(cast: dict[str, Staff], setup_actor: Staff) -> Staff:
    people.join("resources2", "resources", password=PASSWORD, actor=setup_actor, reason="cast of the tests")
    return Staff.objects.get(username="resources2")


def test_of_two_that_open_overlapping_ranges_at_once_one_wins_and_the_other_is_told(
    cast: dict[str, Staff], colleague: Staff
) -> None:
    for again in range(5):
        first = 284_000_000 + again * 10_000
        found = together(
            lambda n=first: resources.propose(  # type: ignore[misc]
                ranges.wanted(n, n + 999, "public", "spare"), actor=cast["resources"], reason=WHY
            ),
            lambda n=first: resources.propose(  # type: ignore[misc]
                ranges.wanted(n + 999, n + 1999, "public", "spare"), actor=colleague, reason=WHY
            ),
        )
        won = [one for one in found if isinstance(one, ResourceProposal)]
        told = [str(one) for one in found if isinstance(one, Invalid)]
        assert len(won) == len(told) == 1, found
        opened = won[0].range
        assert str(opened) in told[0]  # in the language of its thread
        assert NumberRange.objects.count() == ResourceProposal.objects.count() == again + 1
        assert RangeCursor.objects.exclude(range__isnull=True).count() == 16 * (again + 1)
    assert list(verify()) == []


def test_one_form_sent_twice_at_once_is_one_range(cast: dict[str, Staff]) -> None:
    key, wanted = uuid.uuid4(), ranges.wanted(284_000_000, 284_000_999, "public", "spare")
    act = lambda: resources.propose(wanted, actor=cast["resources"], reason=WHY, form_key=key)  # noqa: E731
    found = together(act, act)
    assert sum(isinstance(one, ResourceProposal) for one in found) == 1
    assert NumberRange.objects.count() == ResourceProposal.objects.count() == 1


def test_a_yes_and_a_no_at_once_are_one_answer(cast: dict[str, Staff]) -> None:
    opened = open_range(cast, 284_000_000, 284_000_999)
    waiting = resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=WHY)
    said = {"reason": "seen and agreed", "content_hash": waiting.content_hash}
    found = together(
        lambda: resources.approve(waiting, actor=cast["supervisor"], **said),
        lambda: resources.refuse(waiting, actor=cast["supervisor2"], **said),
    )
    assert sum(isinstance(one, Invalid | Refused) for one in found) == 1
    waiting.refresh_from_db()
    opened.refresh_from_db()
    assert (waiting.state, opened.state) in {(State.APPLIED, "retired"), (State.REFUSED, "available")}
    assert list(verify()) == []


def test_numbers_made_while_their_range_opens_are_counted_once(cast: dict[str, Staff]) -> None:
    for again in range(5):
        first = 284_000_000 + again * 10_000
        together(
            lambda n=first: resources.propose(  # type: ignore[misc]
                ranges.wanted(n, n + 999, "public", "spare"), actor=cast["resources"], reason=WHY
            ),
            lambda n=first: make_numbers(list(range(n, n + 50)), "reserved") or True,  # type: ignore[func-returns-value, misc]
        )
        opened = NumberRange.objects.latest("pk")
        assert sum(RangeTally.objects.filter(range=opened).values_list("n", flat=True)) == 50


def test_two_slices_at_once_are_one_persons_day(cast: dict[str, Staff]) -> None:
    def opens(first: int) -> ResourceProposal:
        wanted = ranges.wanted(first, first + 5_999, "internal", "growth")
        return resources.propose(wanted, actor=cast["resources"], reason=WHY)

    found = together(lambda: opens(300_000_000), lambda: opens(300_100_000))
    assert sorted(one.rule for one in found if isinstance(one, ResourceProposal)) == ["alone", "supervisor"]
    assert NumberRange.objects.count() == 1


def test_a_range_that_must_wait_for_others_is_not_opened_and_keeps_nobody_waiting(
    cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever moves a number queues behind the opening, and would for as long as that waits."""
    assert ranges.PATIENCE == "2s"
    monkeypatch.setattr(ranges, "PATIENCE", "300ms")
    key, wanted = uuid.uuid4(), ranges.wanted(284_000_000, 284_000_999, "public", "spare")

    def opens() -> ResourceProposal:
        return resources.propose(wanted, actor=cast["resources"], reason=WHY, form_key=key)

    make_numbers([284_000_001], "reserved")
    with transaction.atomic():
        Number.objects.filter(pk=284_000_001).update(revision=F("revision") + 0)  # an act that is not over yet
        (told,) = together(opens)
    assert isinstance(told, Invalid)
    assert ResourceProposal.objects.count() == NumberRange.objects.count() == 0
    with transaction.atomic(), connection.cursor() as cursor:
        assert opens().state == State.APPLIED
        cursor.execute("SHOW lock_timeout")  # what follows in the same transaction waits as ever
        assert cursor.fetchone() == ("0",)
    assert list(verify()) == []


def agreed_while(role: str, cast: dict[str, Staff]) -> tuple[object, ResourceProposal, NumberRange]:
    """A supervisor says yes to a range's end while whoever has this role loses it; what came of it."""
    opened = open_range(cast, 284_000_000, 284_000_999)
    waiting = resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=WHY)
    said = {"reason": "seen and agreed", "content_hash": waiting.content_hash}
    found = meanwhile(
        lambda: access.revoke(cast[role], role, actor=cast["sysadmin"], reason="moved on"),
        lambda: resources.approve(waiting, actor=cast["supervisor"], **said),
    )
    return found, waiting, opened


def test_who_loses_his_role_while_his_yes_waits_has_not_agreed(cast: dict[str, Staff]) -> None:
    found, waiting, _opened = agreed_while("supervisor", cast)
    assert isinstance(found, Refused) and waiting.approvals.count() == 0


def test_when_the_maker_loses_his_role_meanwhile_there_is_nothing_to_agree_to(cast: dict[str, Staff]) -> None:
    found, waiting, opened = agreed_while("resources", cast)
    assert isinstance(found, Invalid) and waiting.approvals.count() == 0
    opened.refresh_from_db()
    assert opened.state == "available"
