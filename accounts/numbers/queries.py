"""Reads of numbers: the shown state, the tenure, the last login."""

import datetime

from django.db.models import Case, CharField, F, Max, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from accounts.lifecycle import FOREVER, Lifecycle, Shown
from accounts.models import LoginFact, Number

# The SQL form of `shown_of`. Evaluated at read time, so a measure that has ended is not shown.
SHOWN = Case(
    When(lifecycle__in=(Lifecycle.TERMINATED, Lifecycle.CANCEL_PENDING), then=F("lifecycle")),
    When(frozen_until__gt=Now(), then=Value(Shown.FROZEN.value)),
    When(restricted_until__gt=Now(), then=Value(Shown.RESTRICTED.value)),
    default=F("lifecycle"),
    output_field=CharField(),
)


def numbers() -> QuerySet[Number]:
    """Return numbers with `state` (shown) and `last_login`. Its cost depends on the rows read, not on the table."""
    last = LoginFact.objects.filter(tenure=OuterRef("tenure")).values("tenure").annotate(at=Max("last_at")).values("at")
    return Number.objects.annotate(state=SHOWN, last_login=Subquery(last)).select_related("tenure__rules_version")


def last_login_of(number: Number) -> datetime.datetime | None:
    """Return the last login of a number that comes from `numbers()`."""
    found: datetime.datetime | None = getattr(number, "last_login", None)
    return found


def shown_of(number: Number, at: datetime.datetime | None = None) -> Shown:
    """Return the state that a row, or a history row, shows at a moment (default: now). The Python form of `SHOWN`."""
    at = at or timezone.now()
    if number.lifecycle in (Lifecycle.TERMINATED, Lifecycle.CANCEL_PENDING):
        return Shown(number.lifecycle)
    if number.frozen_until and number.frozen_until > at:
        return Shown.FROZEN
    if number.restricted_until and number.restricted_until > at:
        return Shown.RESTRICTED
    return Shown(number.lifecycle)


def shown_until(number: Number) -> datetime.datetime | None:
    """Return the time at which the shown state ends by itself, or None if it does not."""
    state = shown_of(number)
    until = {Shown.FROZEN: number.frozen_until, Shown.RESTRICTED: number.restricted_until}.get(state)
    return None if until is None or until >= FOREVER else until
