"""Correction demands of the tests: made by the act that makes everybody's, as many days ago as it takes."""

import datetime

import time_machine
from django.utils import timezone

from accounts.models import CorrectionDemand, Number
from accounts.services.correct import demand
from qqops.staff.models import Staff

WHY = "资料不完整，请使用人补正"


def overdue(number: Number, actor: Staff, field: str = "mobile", problem: str = "missing") -> CorrectionDemand:
    """A demand whose term is over; nobody answered it."""
    assert number.tenure is not None
    with time_machine.travel(timezone.now() - datetime.timedelta(days=20), tick=True):
        return demand(number.tenure, field, problem, days=15, actor=actor, reason=WHY)
