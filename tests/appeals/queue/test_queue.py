"""The queue of appeals: the oldest due first, nobody twice, none that he has part in."""

import datetime
import threading
import time
from collections.abc import Callable

import pytest
import time_machine
from django.db import connection, connections, transaction
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Number
from appeals.models import Appeal, Lease, Skip
from appeals.queries import hearers, in_hand, overdue_for, waiting_for
from appeals.queue import services as queue
from appeals.rulings import second_review
from appeals.rulings import services as rulings
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from tests.appeals.heard import agreed, filed, objection, ruled, said
from tests.cast import PASSWORD
from tests.enforcement.acts import DAY, HOUR, broken, decide, head, verbs

Make = Callable[..., Number]
pytestmark = pytest.mark.usefixtures("english", "rulebook")
WHY = "不熟悉这类案件，请他人处理"


def refused(after: int) -> list[str]:
    return [event.facts["why"] for event in Event.objects.filter(seq__gt=after, verb="audit.refused").order_by("seq")]


def enquiries(number: Make, agent: Staff, count: int) -> list[Appeal]:
    return [filed(number(), "enquiry", agent) for _n in range(count)]


def test_the_oldest_due_comes_first_and_what_one_has_in_hand_before_all_else(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    slow = filed(number(), "enquiry", agent)  # 72 hours
    fast = filed(number(paid=True), "recovery", agent)  # 8 hours
    before = head()
    assert queue.take_next(actor=reviewer) == fast
    assert queue.take_next(actor=reviewer) == fast
    assert queue.take_next(actor=reviewer2) == slow
    assert queue.take_next(actor=reviewer2) == slow
    assert verbs(before) == ["appeal.taken", "appeal.taken"]
    assert dict(Lease.objects.values_list("appeal", "staff")) == {fast.pk: reviewer.pk, slow.pk: reviewer2.pk}
    assert broken() == []


def test_what_one_changed_or_declared_since_he_took_it_is_not_given_to_him_again(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    one, two = number(), number()
    frozen = decide(Kind.FREEZE, one, officer)
    changed, own, next = objection(one, frozen, agent), filed(two, "enquiry", agent), filed(number(), "enquiry", agent)
    # Last of the three on every day of the week: three working days are 72 hours on some, and more on others.
    Appeal.objects.filter(pk=changed.pk).update(due_at=next.due_at + DAY)
    changed.refresh_from_db()
    queue.take(changed, actor=reviewer)
    decide(Kind.ADJUST, one, reviewer, lift_of=frozen.decision.pk, duration=DAY)
    assert queue.take_next(actor=reviewer) == own
    declare(reviewer, [two.pk], "relative", actor=reviewer)
    assert queue.take_next(actor=reviewer) == queue.take_next(actor=reviewer) == next
    assert queue.take_next(actor=reviewer2) is None  # until the half hour is over
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=31)):
        assert {queue.take_next(actor=reviewer2), queue.take_next(actor=reviewer)} == {own, next}
        queue.skip(own, actor=reviewer2, reason=WHY)
        assert queue.take_next(actor=reviewer2) == changed


def test_an_empty_queue_gives_nothing(agent: Staff, reviewer: Staff) -> None:
    before = head()
    assert queue.take_next(actor=reviewer) is None
    assert (verbs(before), Lease.objects.count()) == ([], 0)


def test_whoever_lets_his_half_hour_pass_loses_it_to_the_next_who_asks(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    (appeal,) = enquiries(number, agent, 1)
    queue.take_next(actor=reviewer)
    assert queue.take_next(actor=reviewer2) is None
    with time_machine.travel(timezone.now() + datetime.timedelta(minutes=31)):
        with pytest.raises(Invalid, match="You do not have this appeal in hand any more"):
            rulings.rule(appeal, said("answered"), actor=reviewer, revision=appeal.revision)
        assert queue.take_next(actor=reviewer2) == appeal
        with pytest.raises(Invalid, match="reviewer2 has this appeal in hand"):
            rulings.rule(appeal, said("answered"), actor=reviewer, revision=appeal.revision)
        rulings.rule(appeal, said("answered"), actor=reviewer2, revision=appeal.revision)
    assert broken() == []


def test_a_skipped_one_goes_to_somebody_else_and_comes_back_the_next_day(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    (appeal,) = enquiries(number, agent, 1)
    queue.take_next(actor=reviewer)
    before = head()
    with pytest.raises(Invalid, match="reason"):
        queue.skip(appeal, actor=reviewer, reason="no")
    queue.skip(appeal, actor=reviewer, reason=WHY)
    assert (verbs(before), Skip.objects.get().reason) == (["appeal.passed_on"], WHY)
    assert queue.take_next(actor=reviewer) is None
    assert queue.take_next(actor=reviewer2) == appeal
    with time_machine.travel(timezone.now() + 13 * HOUR):
        assert queue.take_next(actor=reviewer) == appeal
    assert broken() == []


def test_it_is_handed_to_whoever_may_hear_it_and_to_nobody_else(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff, supervisor: Staff
) -> None:
    one = number()
    frozen = decide(Kind.FREEZE, one, reviewer2, clauses=("6.2",), freeze_kind="security")
    appeal = objection(one, frozen, agent)
    queue.take(appeal, actor=reviewer)
    assert list(hearers(appeal, reviewer)) == []
    before = head()
    for wrong, told in ((reviewer2, "took part"), (officer, "may not hear appeals"), (supervisor, "may not hear this")):
        with pytest.raises(Invalid, match=told):
            queue.transfer(appeal, wrong, actor=reviewer, reason=WHY)
    assert verbs(before) == []
    (other,) = enquiries(number, agent, 1)
    queue.take(other, actor=reviewer)
    assert list(hearers(other, reviewer)) == [reviewer2]
    queue.transfer(other, reviewer2, actor=reviewer, reason=WHY)
    assert list(in_hand(reviewer2)) == [other] and list(in_hand(reviewer)) == [appeal]
    assert broken() == []


@pytest.mark.parametrize("login", ["agent", "officer", "privacy", "auditor", "sysadmin"])
def test_whoever_hears_no_appeals_is_refused_and_that_is_on_the_record(
    cast: dict[str, Staff], number: Make, agent: Staff, login: str
) -> None:
    (appeal,) = enquiries(number, agent, 1)
    before = head()
    for act in (lambda: queue.take_next(actor=cast[login]), lambda: queue.take(appeal, actor=cast[login])):
        with pytest.raises(Refused):
            act()
    assert refused(before) == ["Your role may not hear appeals."] * 2
    assert (Lease.objects.count(), broken()) == (0, [])


def test_what_is_filed_too_often_and_second_reviews_are_the_supervisors_queue(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one, two = number(), number()
    first = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(first, "rejected", reviewer)
    second_review.ask(first.receipt, actor=agent, reason="请再看一次登录记录")
    gated = filed(two, "recovery", agent)
    Appeal.objects.filter(pk=gated.pk).update(gated=True)
    assert queue.take_next(actor=reviewer) is None
    for appeal in (first, gated):
        with pytest.raises(Refused):
            queue.take(appeal, actor=reviewer)
    assert {queue.take_next(actor=supervisor), queue.take_next(actor=supervisor2)} == {first, gated}


def test_a_second_review_is_for_who_had_no_word_in_the_first(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer, indefinite=True), agent)
    agreed(ruled(appeal, "rejected", reviewer), supervisor)
    second_review.ask(appeal.receipt, actor=agent, reason="请再看一次登录记录")
    before = head()
    assert queue.take_next(actor=supervisor) is None
    with pytest.raises(Refused, match="first review"):
        queue.take(appeal, actor=supervisor)
    assert refused(before) == ["You had a word in the first review: the second is another person's."]
    assert queue.take_next(actor=supervisor2) == appeal


def test_the_count_beside_the_queue_is_what_it_would_give(
    number: Make, cast: dict[str, Staff], agent: Staff, officer: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    made_by, own, plain = number(), number(), number()
    frozen = decide(Kind.FREEZE, made_by, reviewer, clauses=("6.2",), freeze_kind="security")
    objected = objection(made_by, frozen, agent)
    declared = filed(own, "enquiry", agent)
    declare(reviewer, [own.pk], "own", actor=reviewer)
    free = filed(plain, "enquiry", agent)
    his = filed(number(), "enquiry", reviewer)
    assert set(waiting_for(reviewer)) == {free}
    assert set(waiting_for(reviewer2)) == {objected, declared, free, his}
    assert set(waiting_for(cast["supervisor"])) == set(waiting_for(cast["officer"])) == set()
    assert queue.take_next(actor=reviewer) == free
    assert (set(waiting_for(reviewer)), free in waiting_for(reviewer2)) == ({free}, False)
    assert not overdue_for(reviewer).exists()
    with time_machine.travel(timezone.now() + 73 * HOUR):
        assert set(overdue_for(reviewer)) == {free}


# Real connections


@pytest.mark.django_db(transaction=True)
def test_who_read_the_leases_a_moment_too_early_takes_none_that_stands(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff
) -> None:
    appeal, found = filed(number(), "enquiry", agent), []

    def work() -> None:
        try:
            with origin.origin(origin.COMMAND):
                found.append(queue.take_next(actor=reviewer))
        finally:
            connections.close_all()

    asks = threading.Thread(target=work)
    with transaction.atomic():
        Lease.objects.create(appeal=appeal, staff=reviewer2, until=timezone.now() + HOUR)
        asks.start()
        _wait_for_a_lock()  # he sees the appeal as free, and waits for the lease
    asks.join(timeout=30)
    assert (found, Lease.objects.get().staff) == ([None], reviewer2)


def _wait_for_a_lock() -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waits")


TAKERS, ITEMS = 20, 50


@pytest.mark.django_db(transaction=True)
def test_twenty_take_at_once_and_no_item_is_taken_twice_or_lost(
    numbers: Callable[..., list[int]], agent: Staff, setup_actor: Staff
) -> None:
    for number in numbers(ITEMS):
        filed(number, "enquiry", agent)
    with origin.origin(origin.SYSTEM):
        takers = [
            people.join(f"hears{n:02}", "reviewer", password=PASSWORD, actor=setup_actor, reason="many at once")
            for n in range(TAKERS)
        ]
    start, taken, lock = threading.Barrier(TAKERS), [], threading.Lock()

    def work(staff: Staff) -> None:
        try:
            with origin.origin(origin.COMMAND):
                connection.ensure_connection()
                start.wait(timeout=30)
                while (appeal := queue.take_next(actor=staff)) is not None:
                    with lock:
                        taken.append(appeal.pk)
                    rulings.rule(appeal, said("answered"), actor=staff, revision=appeal.revision)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(staff,)) for staff in takers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert sorted(taken) == sorted(Appeal.objects.values_list("pk", flat=True))
    assert set(Appeal.objects.values_list("state", flat=True)) == {"closed"}
    assert Event.objects.filter(verb="appeal.taken").count() == ITEMS
