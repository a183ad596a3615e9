"""The ends of a number's life in tests: cancelled, terminated, purged, cleared, released; each by its own act."""

import datetime
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import time_machine
from django.utils import timezone

from accounts.cancellation import services as cancel
from accounts.lists.feed import CLEARANCES, Feed
from accounts.models import Hold, Number, Tenure
from accounts.quarantine import clearance
from accounts.quarantine.policy import Confirmation, Service
from accounts.quarantine.purge import purge
from accounts.quarantine.services import release
from accounts.retention import holds
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.staff.backend import at_desk
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, decide
from tests.supply import feed_covers

ALL = tuple(Confirmation.values)
WHY = "the holder asked for it"


@contextmanager
def later(**delta: float) -> Iterator[None]:
    with time_machine.travel(timezone.now() + datetime.timedelta(**delta)):
        yield


def system() -> Staff:
    return Staff.objects.system("system-release")


def terminate(numbers: Collection[int]) -> None:
    """By a decision, agreed to by as many as it takes."""
    people = {person.username: person for person in at_desk()}
    report = decide(Kind.TERMINATE, sorted(numbers), people["officer"])
    for login in ("supervisor", "supervisor2"):
        decision = Decision.objects.get(pk=report.decision.pk)
        if decision.state == State.PROPOSED:
            approve(decision, people[login])
    assert Number.objects.filter(pk__in=numbers, lifecycle="terminated").count() == len(numbers)


def cancelled(numbers: Collection[int], agent: Staff) -> None:
    assert cancel.cancel(numbers, ALL, actor=agent, reason=WHY) == len(numbers)


def ended() -> dict[str, int]:
    """As things stand with a feed that has told everything up to now."""
    feed_covers()
    return carried_out()


def carried_out() -> dict[str, int]:
    return dict(cancel.end(actor=system()))


def purged() -> dict[str, int]:
    return dict(purge(actor=system()))


def released() -> dict[str, int]:
    return dict(release(actor=system()))


def quarantined(numbers: Collection[int]) -> None:
    """Terminated, and purged when the grace is over; the clock stays where it was."""
    terminate(numbers)
    with later(days=31):
        assert purged() == {"purged": len(numbers)}


def cleared(folder: Path, numbers: Collection[int], services: Collection[str] = Service.values, **ago: float) -> Any:
    at = timezone.now() - datetime.timedelta(**ago)
    file = folder / "cleared.csv"
    file.write_text("".join(f"{number},{service},{at.isoformat()}\n" for number in numbers for service in services))
    with Feed(file, CLEARANCES, Service.values) as feed:
        return clearance.confirm(feed, actor=system(), apply=True)


def hold(number: int, kind: str, reference: str, *, actor: Staff) -> Hold:
    """On its last tenure. A hold of an appeal stands in for the appeal."""
    tenure = Tenure.objects.filter(number=number).latest("seq")
    with recorder.act("demo.built", actor=actor, reason="a hold of a test", facts={"numbers": 0}) as act:
        holds.place([tenure.pk], kind, reference, actor=actor, act=act)
    return Hold.objects.get(tenure=tenure, kind=kind, reference=reference, lifted_at=None)


def lift(kind: str, reference: str, *, actor: Staff) -> None:
    with recorder.act("demo.built", actor=actor, reason="the end of a hold", facts={"numbers": 0}) as act:
        holds.release_holds(kind, reference, actor=actor, act=act)


def state(number: int) -> str:
    return Number.objects.get(pk=number).lifecycle


def history(number: int) -> list[str]:
    """The lifecycles that its history went through, the first first."""
    rows = Number.history.filter(id=number).order_by("history_id")
    return list(rows.values_list("lifecycle", flat=True))
