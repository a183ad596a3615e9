"""What keeps a number from being reclaimed, as the acts of others would leave it."""

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.models import AskedBy, DataRequest, Hold, Tenure
from accounts.protection.exemption import exempt
from accounts.retention.holds import place
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, decide

Cast = dict[str, Staff]


def _left(model: type[Any], pks: list[Any], change: Callable[[], Any], kind: str = recorder.CHANGED) -> None:
    """A change of the feed or of another app, with its history, by an act of set-up."""
    setup = Staff.objects.system("system-setup")
    with recorder.act("demo.built", actor=setup, reason="state of a test", facts={"numbers": 1}) as act:
        change()
        act.history(model, pks, kind)


def _paid(number: int, cast: Cast) -> None:
    tenure = Tenure.objects.filter(number=number)
    _left(Tenure, list(tenure.values_list("pk", flat=True)), lambda: tenure.update(paid=True))


def _exempt(number: int, cast: Cast) -> None:
    exempt([number], "linked to a phone line", actor=cast["resources"], reason="the line is in use")


def _legal_hold(number: int, cast: Cast) -> None:
    tenure = Tenure.objects.get(number=number)
    place([tenure.pk], Hold.Kind.LEGAL, "（2026）粤0305民初1号", actor=cast["officer"], reason="court order received")


def _held(number: int, cast: Cast) -> None:
    tenure = Tenure.objects.get(number=number)
    with recorder.act("demo.built", actor=cast["agent"], reason="an appeal of a test", facts={"numbers": 1}) as act:
        place([tenure.pk], Hold.Kind.APPEAL, "R1", actor=cast["agent"], act=act)


def _request(number: int, cast: Cast) -> None:
    tenure, now = Tenure.objects.get(number=number), timezone.now()
    asked = DataRequest(
        receipt="RX", tenure=tenure, kind=DataRequest.Kind.DELETION, asked_by=AskedBy.GUARDIAN, maker=cast["privacy"],
        registered_at=now, due_at=now + 15 * DAY,
    )  # fmt: skip
    DataRequest.objects.bulk_create([asked])
    _left(DataRequest, [asked.pk], lambda: None, recorder.CREATED)


def _measure(number: int, cast: Cast) -> None:
    decide(Kind.RESTRICT, [number], cast["officer"])


HOW: dict[str, Callable[[int, Cast], None]] = {
    "paid": _paid,
    "exempt": _exempt,
    "legal_hold": _legal_hold,
    "request": _request,
    "held": _held,
    "measure": _measure,
}


def exclude(number: int, how: str, cast: Cast) -> None:
    HOW[how](number, cast)
