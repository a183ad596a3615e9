"""Notices are locked in key order by whoever sends them and whoever withdraws them: neither can stop the other."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connections
from django.utils import timezone

from enforcement.measures.expiry import expire
from enforcement.models import Notice
from enforcement.notices import delivery
from enforcement.notices.resend import Which, resend
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, decide, undo
from tests.enforcement.waiting import meanwhile

Many = Callable[..., list[int]]


def _turned_over() -> list[int]:
    """The notices, with keys against the order of their numbers: who goes by the numbers meets the last one first."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE enforcement_notice DISABLE TRIGGER USER")
        cursor.execute("UPDATE enforcement_notice SET id = -id WHERE id > 0")
        cursor.execute("ALTER TABLE enforcement_notice ENABLE TRIGGER USER")
    return list(Notice.objects.exclude(state__in=("sent", "withdrawn")).order_by("pk").values_list("pk", flat=True))


def _waits_at_the_first(act: Callable[[], Any]) -> Any:
    """While another holds the first notice the act holds none of those after it; what it then returned."""
    first, *others = _turned_over()

    def hold() -> None:
        Notice.objects.select_for_update().get(pk=first)

    def look() -> None:
        free = Notice.objects.select_for_update(skip_locked=True).filter(pk__in=others).order_by("pk")
        assert list(free.values_list("pk", flat=True)) == others

    assert len(others) > 3
    return meanwhile(hold, act, look)


@pytest.mark.django_db(transaction=True)
def test_each_waits_at_the_first_and_holds_none_after_it(
    numbers: Many, officer: Staff, officer2: Staff, supervisor: Staff, expiry_actor: Staff, settings: Any
) -> None:
    settings.QQOPS_NOTICE_WAIT = 0
    sent = decide(Kind.FREEZE, numbers(6), officer)
    back = undo(sent, officer2)
    assert _waits_at_the_first(lambda: approve(back, supervisor)).applied == 6
    assert not Notice.objects.filter(decision=sent.decision, state="pending").exists()

    with time_machine.travel(timezone.now() - 5 * HOUR):
        over = decide(Kind.RESTRICT, numbers(6), officer, duration=2 * HOUR)
    Notice.objects.exclude(decision=over.decision).update(state="sent")
    assert _waits_at_the_first(lambda: expire(actor=expiry_actor)).measures == 6

    decide(Kind.FREEZE, numbers(6), officer, duration=2 * DAY)
    _turned_over()
    taken = delivery._take()
    results = [delivery.Result(notice, Notice.State.SENT, "mail", sha256="0" * 64) for notice in reversed(taken)]
    assert len(_waits_at_the_first(lambda: delivery._write(results))) == 6
    ids = [notice.pk for notice in reversed(taken)]
    Notice.objects.filter(pk__in=ids).update(state="pending")

    def give_back() -> str:
        delivery.OUTBOX.give_back(ids)
        return "given back"

    assert _waits_at_the_first(give_back) == "given back"

    Notice.objects.update(state="sent")
    kept = decide(Kind.RESTRICT, numbers(6), officer, duration=2 * DAY)
    mine = Notice.objects.filter(decision=kept.decision)
    mine.update(state="blocked")
    Notice.objects.filter(pk=mine.latest("pk").pk).update(state="no_way")  # by their states it comes after the others

    def again() -> int:
        return resend(Which(list(mine.values_list("pk", flat=True))), actor=supervisor, reason="the contact is set now")

    assert _waits_at_the_first(again) == 6
