"""Paid time renewed while others are at the same numbers (3.1, T12d): never shortened, and never past the end of a
right of use. And what “paid until a day” means, whoever says it."""

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.allocation.renewal import Renewed, renew
from accounts.allocation.terms import charge_of
from accounts.models import Tenure
from enforcement.policy import Kind
from qqops.core.days import end_of
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, approve, decide
from tests.enforcement.waiting import meanwhile
from tests.terminal import Terminal

Many = Callable[..., list[int]]


@pytest.fixture
def paid(numbers: Many) -> int:
    (one,) = numbers(1, paid=True)
    Tenure.objects.filter(number=one).update(paid_until=timezone.now() - DAY)
    return one


def until(number: int) -> datetime.datetime | None:
    return Tenure.objects.get(number=number).paid_until


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("first", [50, 100])
def test_of_two_renewals_at_once_the_longer_one_stands(paid: int, first: int) -> None:
    feed, now = Staff.objects.system("system-feed"), timezone.now()
    shorter, longer = now + 50 * DAY, now + 100 * DAY

    def renewed(to: datetime.datetime) -> Renewed:
        return renew({paid: to}, actor=feed, apply=True)

    acts = [lambda: renewed(shorter), lambda: renewed(longer)]
    second = meanwhile(*(acts if first == 50 else reversed(acts)))
    assert until(paid) == longer
    assert (second.renewed, second.skipped) == ((1, {}) if first == 50 else (0, {"already": [paid]}))


@pytest.mark.django_db(transaction=True)
def test_a_number_terminated_meanwhile_is_over_and_not_renewed(paid: int, officer: Staff, supervisor: Staff) -> None:
    feed, was = Staff.objects.system("system-feed"), until(paid)
    ends = decide(Kind.TERMINATE, [paid], officer)
    found = meanwhile(
        lambda: approve(ends, supervisor),
        lambda: renew({paid: timezone.now() + 50 * DAY}, actor=feed, apply=True),
    )
    assert (found.renewed, found.skipped, until(paid)) == (0, {"over": [paid]}, was)


@pytest.mark.django_db
def test_paid_until_a_day_is_to_its_end_in_shanghai_bought_or_renewed(
    paid: int, terminal: Terminal, tmp_path: Path
) -> None:
    day = timezone.localdate() + 30 * DAY
    file = tmp_path / "renewed.csv"
    file.write_text(f"{paid},{day}\n")
    assert terminal(None, "renew", file, "--apply").code == 0
    end = end_of(day)
    assert until(paid) == charge_of("O-1", "12.50", day.isoformat()).until == end
    assert f"{timezone.localtime(end):%Y-%m-%d %H:%M:%S %z}" == f"{day} 23:59:59 +0800"
