"""Reads of reveals: a person's recent counts, the reveal log, and the requests for a minor's items."""

import datetime
import hashlib
import json
from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accounts.declarations.queries import own_numbers
from accounts.lifecycle import PREMIUM_FROM_TIER
from accounts.models import Identity, Registrant, Reveal, RevealRequest, Tenure
from accounts.reveals.unusual import AGAIN_FROM, MANY_PEOPLE_FROM, Flag, is_weekend
from qqops.approvals.models import State
from qqops.core.days import is_night
from qqops.staff.models import Staff

DAY, HOUR = datetime.timedelta(hours=24), datetime.timedelta(hours=1)
PRIVACY, SUPERVISOR = "accounts.approve_reveal", "accounts.approve_privacy_reveal"


@dataclass(frozen=True)
class Tally:
    """The counts of a person's recent reveals."""

    today: int  # since local midnight
    of_tenure: int  # within 24 hours
    people: int  # other tenures within the hour


def midnight(now: datetime.datetime) -> datetime.datetime:
    return timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)


def tally(staff: Staff, tenure: Tenure, now: datetime.datetime) -> Tally:
    lately = Reveal.objects.filter(staff=staff, at__gt=min(now - DAY, midnight(now)))
    found = lately.aggregate(
        today=Count("pk", filter=Q(at__gte=midnight(now))),
        of_tenure=Count("pk", filter=Q(tenure=tenure, at__gt=now - DAY)),
        people=Count("tenure", filter=Q(at__gt=now - HOUR) & ~Q(tenure=tenure), distinct=True),
    )
    return Tally(**found)


def flags_of(
    tenure: Tenure, before: Tally, quota: int, now: datetime.datetime, *, minor: bool, own: bool, alone: bool
) -> list[Flag]:
    """Return the flags of one more reveal. `before`: the counts without it."""
    local, number = timezone.localtime(now), tenure.number
    applies = {
        Flag.NIGHT: is_night(local),
        Flag.WEEKEND: is_weekend(local),
        Flag.MANY_TODAY: (before.today + 1) * 2 > quota,
        Flag.AGAIN: before.of_tenure + 1 >= AGAIN_FROM,
        Flag.PREMIUM: number.tier >= PREMIUM_FROM_TIER,
        Flag.PROTECTED: bool(number.protection),
        Flag.MINOR: minor,
        Flag.NOT_OWN_CASE: not own,
        Flag.OWN_WORD: alone,
        Flag.MANY_PEOPLE: before.people + 1 >= MANY_PEOPLE_FROM,
    }
    return [flag for flag in Flag if applies[flag]]


def content_hash(request: RevealRequest, items: Identity | Registrant) -> str:
    """Return the hash of the request and of the sealed item. If the item is recorded again, the hash differs."""
    sealed = getattr(items, request.field)
    content = [
        request.tenure_id,
        request.whose,
        request.field,
        request.purpose,
        request.case_kind,
        request.case_ref,
        request.reason,
        request.maker_id,
        request.approvers,
        None if sealed is None else hashlib.sha256(sealed).hexdigest(),
    ]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def reveals() -> QuerySet[Reveal]:
    return Reveal.objects.select_related("staff", "tenure")


def outliers(start: datetime.datetime, end: datetime.datetime) -> QuerySet[Reveal]:
    """Return the unusual reveals of a period, in the order of the log: the most unusual first."""
    return reveals().filter(at__gte=start, at__lt=end, unusual__gt=0).order_by("-unusual", "-id")


def reveal_by_id(pk: int) -> Reveal | None:
    """Return one reveal, with the rows that are needed to show its value."""
    return Reveal.objects.select_related(
        "staff",
        "request",
        "tenure__number",
        "tenure__identity",
        "tenure__identity_key",
        "tenure__registrant",
    ).filter(pk=pk).first()  # fmt: skip


def requests() -> QuerySet[RevealRequest]:
    return RevealRequest.objects.select_related("maker", "tenure")


def is_waiting() -> Q:
    return Q(state=State.PROPOSED, expires_at__gt=timezone.now())


def is_lapsed() -> Q:
    return Q(state__in=(State.PROPOSED, State.APPROVED), expires_at__lte=timezone.now())


def waiting_for(actor: Staff) -> QuerySet[RevealRequest]:
    """Return the waiting requests that this person may rule on.

    Exclude their own, and those about numbers that they declared.
    """
    rights = [p for p in (PRIVACY, SUPERVISOR) if actor.has_perm(p)]
    if not rights:
        return RevealRequest.objects.none()
    return requests().filter(
        is_waiting(),
        ~Q(maker=actor),
        ~Q(tenure__number__in=own_numbers(actor).values("number")),
        approvers__overlap=rights,
    )


def asked_by(actor: Staff, tenure: Tenure, whose: str, field: str) -> QuerySet[RevealRequest]:
    """Return a person's requests for this item that wait for approval, or that are approved and unused."""
    return RevealRequest.objects.filter(
        maker=actor,
        tenure=tenure,
        whose=whose,
        field=field,
        state__in=(State.PROPOSED, State.APPROVED),
        expires_at__gt=timezone.now(),
    ).order_by("-pk")
