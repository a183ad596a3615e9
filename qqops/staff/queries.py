"""Queries on staff: roles held, access requests, events, emergency access, the access review, locked sign-ins."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.backend import factors
from qqops.staff.models import AccessApproval, AccessRequest, CommandToken, Holding, Staff, StaffSession, Throttle
from qqops.staff.policy import EXCLUSIVE, ROLES
from qqops.staff.signin import throttle

UNUSED_AFTER = datetime.timedelta(days=90)
# Events that do not count as the use of a role: sign-in and sign-out, own credentials, refusals.
NO_ACTS = (
    "audit.refused",
    "staff.codes_made",
    "staff.factor_added",
    "staff.factor_removed",
    "staff.limit_reached",
    "staff.proved",
    "staff.signed_in",
    "staff.signed_out",
    "staff.token_issued",
)
EVENTS_SHOWN = 200  # events shown of one emergency access, which lasts an hour at most

# Conditions that the access review points out.
FLAGS = {
    "unused": _("no act for 90 days"),
    "exclusive": _("roles that exclude each other"),
    "leftover": _("deactivated, something is left"),
    "unreviewed": _("not reviewed"),
    "no_factor": _("no second factor yet"),  # if QQOPS_SECOND_FACTOR is on
    "roleless": _("active, without a role"),
}


def clashing(role: str, held: Iterable[str]) -> list[str]:
    """Return the roles in `held` that prevent holding `role`: the role itself, and those that exclude it."""
    pairs = {frozenset(pair) for pair in EXCLUSIVE}
    return [one for one in ROLES if one in set(held) and (one == role or frozenset((one, role)) in pairs)]


# Roles held


def holdings() -> QuerySet[Holding]:
    """Return roles held, each with the maker and the approver of its request."""
    agreed = AccessApproval.objects.filter(agreed=True).select_related("approver")
    return Holding.objects.select_related("staff", "request__maker").prefetch_related(
        Prefetch("request__approvals", queryset=agreed, to_attr="agreed")
    )


def held_by(staff: Staff) -> list[Holding]:
    return list(holdings().filter(pk__in=Holding.objects.live().filter(staff=staff)).order_by("since", "pk"))


def others_holding(role: str, staff: Staff) -> bool:
    """Return True if another active staff member holds this role outside emergency access."""
    return Holding.objects.live().filter(role=role, glass=False, staff__is_active=True).exclude(staff=staff).exists()


def sessions_of(staff: Staff) -> QuerySet[StaffSession]:
    return StaffSession.objects.filter(staff=staff, expire_date__gt=timezone.now()).order_by("-seen_at")


# Requests


def requests() -> QuerySet[AccessRequest]:
    return AccessRequest.objects.select_related("staff", "maker")


def is_open() -> Q:
    return Q(state=State.PROPOSED, expires_at__gt=timezone.now())


def open_requests(staff: Staff) -> QuerySet[AccessRequest]:
    return requests().filter(is_open(), staff=staff).order_by("-pk")


def waiting_for(actor: Staff) -> QuerySet[AccessRequest]:
    """Return the open requests that `actor` may decide: not made by them and not for them."""
    if not actor.has_perm("staff.approve_access"):
        return AccessRequest.objects.none()
    return requests().filter(is_open(), ~Q(maker=actor), ~Q(staff=actor))


# Events


def last_act(staff: Staff) -> Event | None:
    """Return the latest event of a person that counts as the use of a role."""
    return Event.objects.filter(actor=staff).exclude(verb__in=NO_ACTS).order_by("-seq").first()


def last_event(staff: Staff, verb: str = "") -> Event | None:
    """Return the latest event of a person, or the latest with this event name."""
    events = Event.objects.filter(actor=staff)
    return (events.filter(verb=verb) if verb else events).order_by("-seq").first()


def own_event_since(seq: int, staff: Staff, verb: str, **about: str) -> Event | None:
    """Return the first event of a person after `seq` with this event name that matches the filters `about`."""
    return Event.objects.filter(actor=staff, verb=verb, seq__gt=seq, **about).order_by("seq").first()


def story(staff: Staff) -> list[Event]:
    """Return the latest 50 events that changed a person's row, roles or requests, newest first.

    The history rows give the keys of the events, so that the table of events is not scanned.
    """
    history = [recorder.history_model(model) for model in (Staff, Holding, AccessRequest)]
    rows = [
        table.objects.filter(**{"id" if table is history[0] else "staff_id": staff.pk})  # type: ignore[attr-defined]
        .order_by("-history_id")
        .values_list("event_id", flat=True)[:50]
        for table in history
    ]
    return list(Event.objects.filter(pk__in=rows[0].union(*rows[1:])).order_by("-seq")[:50])


# Emergency access


def emergencies() -> QuerySet[Holding]:
    """Return emergency accesses with their review and the times of the person's next events, at most EVENTS_SHOWN + 1.

    The events are read from the event that gave the role, by the index on the actor, without a search by time.
    """
    born = recorder.history_model(Holding).objects.filter(id=OuterRef("pk"), history_type="+")  # type: ignore[attr-defined]
    first = Event.objects.filter(pk=OuterRef("born"))
    done = Event.objects.filter(actor=OuterRef("staff"), seq__gte=OuterRef("first_seq")).order_by("seq")
    return (
        Holding.objects.filter(glass=True)
        .select_related("staff", "review__reviewer")
        .annotate(born=Subquery(born.values("event_id")[:1]))
        .annotate(first_seq=Subquery(first.values("seq")[:1]))
        .annotate(done_at=ArraySubquery(done.values("at")[: EVENTS_SHOWN + 1]))
    )


def events_meanwhile(holding: Holding) -> list[Event]:
    """Return the person's events during an emergency access, at most EVENTS_SHOWN + 1."""
    events = Event.objects.filter(actor=holding.staff_id, seq__gte=holding.first_seq)  # type: ignore[attr-defined]
    return [e for e in events.order_by("seq")[: EVENTS_SHOWN + 1] if holding.until is None or e.at <= holding.until]


# The access review


@dataclass(frozen=True)
class Line:
    """A row of the access review: a person with one role.

    A row without a role is an active person who holds none, or a deactivated person who still has some access.
    """

    staff: Staff
    holding: Holding | None
    last_sign_in: datetime.datetime | None
    last_act: datetime.datetime | None
    has_factor: bool
    flags: tuple[str, ...] = field(default=())


def access_report() -> list[Line]:
    """Return the access review. The number of queries does not depend on the number of staff."""
    now = timezone.now()
    by_person: dict[int, list[Holding]] = defaultdict(list)
    unreviewed = Q(glass=True, review=None, until__lte=now)
    for holding in holdings().filter(Q(pk__in=Holding.objects.live()) | unreviewed).order_by("since", "pk"):
        by_person[holding.staff_id].append(holding)
    lines = []
    for staff in _people(now):
        held = by_person[staff.pk]
        left = not staff.is_active and (_has_something(staff) or any(h.is_live for h in held))
        if staff.is_active and not held:
            lines.append(_line(staff, None, ("roleless",)))
        elif left and not held:
            lines.append(_line(staff, None, ("leftover",)))
        lines += [_line(staff, h, _flags(staff, h, held, left=left, now=now)) for h in held]
    return lines


def _people(now: datetime.datetime) -> QuerySet[Staff]:
    """Return all staff except system actors, with the columns that the access review needs."""
    own = Event.objects.filter(actor=OuterRef("pk")).order_by("-seq")
    return (
        Staff.objects.filter(is_system=False)
        .annotate(
            last_act=Subquery(own.exclude(verb__in=NO_ACTS).values("at")[:1]),
            last_sign_in=Subquery(own.filter(verb="staff.signed_in").values("at")[:1]),
            has_factor=Exists(factors().filter(user=OuterRef("pk"))),
            has_session=Exists(StaffSession.objects.filter(staff=OuterRef("pk"), expire_date__gt=now)),
            has_token=Exists(CommandToken.objects.filter(staff=OuterRef("pk"), revoked_at=None, expires_at__gt=now)),
        )
        .order_by("username")
    )


def _has_something(staff: Any) -> bool:
    """Return True if the person has a second factor, session, token or password."""
    left = (staff.has_factor, staff.has_session, staff.has_token)
    return any(left) or staff.has_usable_password()


def _line(staff: Any, holding: Holding | None, flags: tuple[str, ...]) -> Line:
    return Line(staff, holding, staff.last_sign_in, staff.last_act, staff.has_factor, flags)


def _flags(staff: Any, holding: Holding, held: list[Holding], *, left: bool, now: datetime.datetime) -> tuple[str, ...]:
    live = [h for h in held if h.is_live]
    used = max(filter(None, (staff.last_act, holding.since)))
    others = [h.role for h in live if h.pk != holding.pk]
    found = {
        "unused": holding.is_live and now - used > UNUSED_AFTER,
        "exclusive": holding.is_live and bool(clashing(holding.role, others)),
        "leftover": left,
        "unreviewed": holding.glass and not holding.is_live,
        "no_factor": settings.QQOPS_SECOND_FACTOR and holding.is_live and not staff.has_factor,
    }
    return tuple(flag for flag, is_so in found.items() if is_so)


# Signing in


def locked(login: str) -> datetime.datetime | None:
    """Return the time until which sign-in attempts with a login are refused for at least one browser, or None."""
    now, ends = timezone.now(), []
    for name in ("sign-in", "second-factor"):
        limit = throttle.LIMITS[name]
        whose = Q(bucket__startswith=throttle.bucket(name, login.casefold()))
        spent = Throttle.objects.filter(whose, hits__gte=limit.hits, since__gt=now - limit.within)
        ends += [since + limit.within for since in spent.values_list("since", flat=True)]
    return max(ends, default=None)
