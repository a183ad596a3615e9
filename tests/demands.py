"""Correction demands of the tests: made by the act that makes everybody's, as many days ago as it takes."""

import datetime

import time_machine
from django.utils import timezone

from accounts.corrections.services import demand, tell
from accounts.models import CorrectionDemand, Number
from qqops.staff.models import Staff

WHY = "资料不完整，请使用人补正"


def told(number: Number, actor: Staff, field: str = "mobile", problem: str = "missing") -> CorrectionDemand:
    """A demand that the holder was told of by telephone."""
    assert number.tenure is not None
    made = demand(number.tenure, field, problem, days=15, actor=actor, reason=WHY)
    return tell(made, "telephone", actor=actor, reason=WHY)


def overdue(number: Number, actor: Staff, field: str = "mobile", problem: str = "missing") -> CorrectionDemand:
    """A demand whose term is over: the holder was told, and did not answer it."""
    with time_machine.travel(timezone.now() - datetime.timedelta(days=20), tick=True):
        return told(number, actor, field, problem)
