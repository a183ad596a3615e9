"""Reads of the holders of a number on a given day, and never of a later one (9.1)."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.identity.formats import Field
from accounts.identity.queries import identity_of, masked, registrant_of
from accounts.models import Identity, Registrant, Tenure
from qqops.core.errors import Invalid


@dataclass(frozen=True)
class Answer:
    """A tenure of the number on that day, with its masked identity for people who may see identities."""

    tenure: Tenure
    registrant: Registrant | None = None
    identity: Identity | None = None
    registrant_shown: Mapping[Field, str] = field(default_factory=dict)
    identity_shown: Mapping[Field, str] = field(default_factory=dict)
    own: bool = False  # the viewer declared the number, so no identity is given


def answers(number: int, day: datetime.date, *, with_identity: bool) -> list[Answer]:
    """Return the tenures of the number that overlap this day in the service's time zone, in their order.

    Raises Invalid for a future day.
    """
    if day > timezone.localdate():
        raise Invalid(_("Nobody knows yet who holds the number on that day."))
    start = timezone.make_aware(datetime.datetime.combine(day, datetime.time()))
    end = timezone.make_aware(datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time()))
    held = Tenure.objects.filter(
        Q(ended_at=None) | Q(ended_at__gt=start), number=number, started_at__lt=end
    ).select_related("rules_version")
    if with_identity:
        held = held.select_related("identity", "identity_key", "registrant")
    return [_of(tenure) if with_identity else Answer(tenure) for tenure in held.order_by("seq")]


def _of(tenure: Tenure) -> Answer:
    identity, registrant = identity_of(tenure), registrant_of(tenure)
    stopped = identity is not None and identity.locked_at is not None  # PIPL 47: stored only, and not shown
    return Answer(
        tenure,
        registrant,
        identity,
        masked(registrant) if registrant and not stopped else {},
        masked(identity) if identity else {},
    )
