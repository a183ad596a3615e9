"""What must come regularly: sweeps, feeds. Each says that it came; whatever stays away is late, and is told.

A dead worker cannot tell that it is dead: the overview asks `late` itself. A name begins to count with the `migrate`
that brought it (`begin`), so a new house, or a new feed, has its full time before it is late.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connections
from django.utils import timezone
from django.utils.translation import gettext

from qqops.alerts.models import Beat
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.staff.models import Staff

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Watched:
    name: str
    message: str
    within: timedelta


@dataclass(frozen=True)
class Late:
    name: str
    message: str  # a message id (gettext_noop)
    since: datetime | None  # when it last came; None: it has never been waited for, `migrate` has not run
    within: timedelta

    @property
    def label(self) -> str:
        return gettext(self.message)


_watched: dict[str, Watched] = {}


def declare(name: str, message: str, within: timedelta) -> None:
    """Wait for something: it must come again within this time. `message` is a message id, as a refusal's is."""
    if name in _watched:
        raise ValueError(f"{name} is watched twice")
    _watched[name] = Watched(name, message, within)


def label_of(name: str) -> str:
    """What is waited for under this name; of one that is not waited for any more, the name."""
    return gettext(_watched[name].message) if name in _watched else name


def begin(using: str) -> None:
    """After each migration: what was not waited for until now is waited for from now on."""
    if Beat._meta.db_table not in connections[using].introspection.table_names():
        return  # only some of the migrations were run
    now = timezone.now()
    Beat.objects.using(using).bulk_create([Beat(name=name, at=now) for name in _watched], ignore_conflicts=True)


def beat(name: str) -> None:
    """It came."""
    if name not in _watched:
        raise LookupError(f"{name!r} is not watched")
    Beat.objects.bulk_create(
        [Beat(name=name, at=timezone.now())], update_conflicts=True, unique_fields=["name"], update_fields=["at"]
    )


def late() -> list[Late]:
    """What should have come by now, in the order of declaration."""
    now, last = timezone.now(), dict(Beat.objects.values_list("name", "at"))
    return [
        Late(one.name, one.message, last.get(one.name), one.within)
        for one in _watched.values()
        if one.name not in last or now - last[one.name] > one.within
    ]


def report(*, actor: Staff) -> None:
    """Raise an alert for each that is late, once a day."""
    for one in late():
        beat = Beat(name=one.name)
        if raised_within(DAY, "late", beat):
            continue
        with recorder.act("alert.late", actor=actor, reason="", facts={"name": one.name}) as act:
            minutes = one.within // timedelta(minutes=1)
            raise_alert(act, "late", beat, once=DAY, label=one.message, since=one.since, minutes=minutes)
