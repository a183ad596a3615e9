"""What runs on a number, and until when: what the tests of changed measures look at."""

import datetime
from typing import Any

from django.utils import timezone

from accounts.models import Number
from enforcement.models import Measure
from tests.enforcement.acts import DAY


def in_days(days: float) -> datetime.datetime:
    return timezone.now() + days * DAY


def running(number: Number | int) -> Measure:
    return Measure.objects.get(number=number, ended_at=None)


def ends_of(number: Number | int) -> tuple[Any, Any]:
    pk = number.pk if isinstance(number, Number) else number
    return Number.objects.values_list("frozen_until", "restricted_until").get(pk=pk)
