"""How the trail is looked through: what an event is, where it came from, who, when, and what stands out.

Each condition is served by an index of the trail, whatever its size. What an event touched is the business of the app
that keeps it: apps add their own (`offer`).
"""

import datetime
import ipaddress
import uuid
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.audit import event_catalogue
from qqops.audit import triggers as sql
from qqops.audit.models import Event
from qqops.audit.review.event_queries import Select
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.staff.policy import ROLE_LABELS
from qqops.web.pages.lists import Filter
from qqops.web.pages.typed import Typed

PEOPLE = (Event.Source.WEB, Event.Source.COMMAND)  # where a person sits before it

# What kind of thing a verb is; what stands in none of these is an act. Some are of two kinds.
APPROVALS = (
    "appeal.ruling_agreed", "appeal.ruling_sent_back", "case.cause_agreed", "case.cause_refused", "case.faith_upheld",
    "case.faith_withdrawn", "decision.approved", "decision.refused", "disclosure.refused", "disclosure.released",
    "disclosure.reviewed", "identity.reveal_approved", "identity.reveal_refused", "letter.approved", "letter.refused",
    "resource.approved", "resource.refused", "staff.access_approved", "staff.access_refused", "staff.glass_reviewed",
)  # fmt: skip
REFUSALS = ("audit.refused",)
REVEALS = ("identity.revealed", "identity.reveal_asked", "identity.reveals_stopped")
READS = (
    "appeal.file_opened", "appeal.read", "data_request.read", "disclosure.opened", "evidence.opened",
    "identity.holder_asked",
)  # fmt: skip
SEARCHES = ("identity.searched",)
EXPORTS = (
    "appeal.reported", "audit.exported", "audit.reported", "data_request.downloaded", "decision.reported",
    "disclosure.downloaded", "staff.report_exported",
)  # fmt: skip
SIGN_INS = (
    "staff.codes_made", "staff.factor_added", "staff.factor_removed", "staff.locked_out", "staff.locked_out_address",
    "staff.locked_out_code", "staff.password_reset", "staff.proved", "staff.session_ended", "staff.sign_in_failed",
    "staff.signed_in", "staff.signed_out", "staff.token_issued", "staff.token_revoked", "staff.unlocked",
)  # fmt: skip
ROLE_CHANGES = (
    "staff.access_approved", "staff.access_refused", "staff.access_requested", "staff.broke_glass", "staff.deactivated",
    "staff.glass_reviewed", "staff.joined", "staff.role_ended",
)  # fmt: skip
POLICIES = (
    "ground.struck_out", "letter.approved", "letter.drafted", "letter.refused", "letter.shipped", "policy.adopted",
    "policy.ended", "range.planned", "rules.published", "run.limited", "seal.lost", "seal.retired", "seal.rotated",
    "tiers.recomputed",
)  # fmt: skip
KINDS: Mapping[str, tuple[Any, tuple[str, ...]]] = {
    "approvals": (gettext_lazy("approvals"), APPROVALS),
    "refusals": (gettext_lazy("refusals"), REFUSALS),
    "reveals": (gettext_lazy("reveals"), REVEALS),
    "reads": (gettext_lazy("sealed words opened"), READS),
    "searches": (gettext_lazy("searches"), SEARCHES),
    "exports": (gettext_lazy("exports"), EXPORTS),
    "sign_ins": (gettext_lazy("sign-ins"), SIGN_INS),
    "roles": (gettext_lazy("role changes"), ROLE_CHANGES),
    "policies": (gettext_lazy("settings and policies"), POLICIES),
}
NO_ACT = (*REFUSALS, *REVEALS, *READS, *SEARCHES, *EXPORTS, *SIGN_INS)


def _holds(role: str) -> Q:
    """Whoever did it held this role then."""
    return _true(_HELD, role)


# IS TRUE keeps it a question that is put to each event found, and no join.
_HELD = """(EXISTS (SELECT FROM staff_holding h WHERE h.staff_id = audit_event.actor_id AND h.role = %s
  AND h.since <= audit_event.at AND (h.until IS NULL OR h.until > audit_event.at))) IS TRUE"""


# Who it is the planner learns only as it runs: he takes everybody to act as often as the others, and would look for one
# who acts seldom along the whole trail. As a list of one it is no constant to him; so the order by it and the sequence
# is another than the trail's (`of_one`), which only the index of what each did has.
_ONE = "audit_event.actor_id = ANY(ARRAY[%s])"
_HOLDERS = """(SELECT h.staff_id, coalesce((
    SELECT e.seq FROM audit_event e WHERE e.at < h.until ORDER BY e.at DESC, e.seq DESC LIMIT 1), %s) AS last
  FROM staff_holding h WHERE h.role = %s) held"""
_LAST = 2**63 - 1


def of_one(events: QuerySet[Event]) -> QuerySet[Event]:
    """The same, of events that one person did, in an order that only the index of what each did has."""
    return events.order_by("actor_id", "-seq")


def of_holders(role: str, events: QuerySet[Event], n: int) -> QuerySet[Event]:
    """Of such events the first `n` of each time that somebody held the role, among which are the first `n` of all."""
    held = _true(f"{_ONE % 'held.staff_id'} AND audit_event.seq <= held.last")
    sql, params = of_one(events.filter(held)).values("seq")[:n].query.sql_with_params()
    firsts = f"SELECT unnest(ARRAY({sql})) FROM {_HOLDERS}"
    return events.filter(_true(f"audit_event.seq = ANY(ARRAY({firsts}))", *params, _LAST, role))


# What is found in several ways, by the parameter of its filter: the condition of each. Together no index serves them.
_WAYS: dict[str, list[Callable[[str], Q]]] = {}
FEW = 500


def way(parameter: str, condition: Callable[[str], Q]) -> None:
    """Another way in which an event may be what is asked for there."""
    _WAYS.setdefault(parameter, []).append(condition)


def few(keys: Select) -> Select:
    """These keys, if there are not many: the events are found by them, wherever on the trail they lie."""
    return Select(f"SELECT k.key FROM ({keys.sql}) k(key) WHERE {_count(keys)} <= {FEW}", [*keys.params] * 2)


def many(keys: Select, condition: str, *params: Any) -> Q:
    """If there are many, what is asked of one event after the other, the newest first: a page is soon full."""
    return _true(f"{_count(keys)} > {FEW} AND ({condition})", *keys.params, *params)


def _count(keys: Select) -> str:
    return f"(SELECT count(*) FROM ({keys.sql} LIMIT {FEW + 1}) n)"


def first_of(chosen: Mapping[str, str], events: QuerySet[Event], n: int | None) -> QuerySet[Event]:
    """Of the events that the filters find, in such a form that the first `n` come by an index; None: all of them. What
    is found in several ways is narrowed down here and not before: the first of each, among which are the first of all.
    """
    if events.query.is_empty():  # something typed could not be read: no statement comes of it
        return events
    ways = [
        condition(value)
        for parameter, conditions in _WAYS.items()
        if (value := chosen.get(parameter))
        for condition in conditions
    ]
    if not ways:
        return _by_whom(chosen, events, n)
    found = [_by_whom(chosen, events.filter(way), n).values("seq")[:n].query.sql_with_params() for way in ways]
    seqs = " UNION ALL ".join(f"({sql})" for sql, _params in found)
    params = [param for _sql, given in found for param in given]
    return events.filter(
        _true(f"audit_event.seq = ANY(ARRAY({seqs}))" if n else f"audit_event.seq IN ({seqs})", *params)
    )


def _by_whom(chosen: Mapping[str, str], events: QuerySet[Event], n: int | None) -> QuerySet[Event]:
    if n and (role := chosen.get("role")):
        return of_holders(role, events, n)
    return of_one(events) if "staff" in chosen else events


def _true(text: str, *params: Any) -> Q:
    return Q(ExpressionWrapper(RawSQL(text, params), output_field=BooleanField()))


FILTERS: list[Filter] = [
    Filter(gettext_lazy("Kind"), "kind", (
        ("acts", gettext_lazy("acts"), ~Q(verb__in=NO_ACT)),
        *((code, label, Q(verb__in=found)) for code, (label, found) in KINDS.items()),
        ("system", gettext_lazy("by the system"), Q(source__in=(Event.Source.SYSTEM, Event.Source.WORKER))),
    )),
    Filter(gettext_lazy("To look at"), "look", (
        ("ticketless", gettext_lazy("without ticket"),
         _true(sql.TICKETLESS) & ~Q(verb__in=set(NO_ACT).difference(sql.NO_ACT))),
        ("night", gettext_lazy("at night"), _true(sql.AT_NIGHT)),
    )),
    Filter(gettext_lazy("Source"), "source", tuple((s.value, s.label, Q(source=s.value)) for s in Event.Source)),
    Filter(gettext_lazy("Role"), "role", tuple(
        (role, label, partial(_holds, role)) for role, label in ROLE_LABELS.items()
    )),
]  # fmt: skip


def _by(login: str) -> Q:
    return _true(_ONE % "(SELECT s.id FROM staff_staff s WHERE s.username = %s)", login)


def _nobody(login: str) -> str:
    return "" if Staff.objects.filter(username=login).exists() else _("There is nobody with this login.")


def _verb(text: str) -> str:
    if text not in event_catalogue.declared():
        raise Invalid(_("There is no such act: it stands on each event's page."))
    return text


def _request(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise Invalid(_("This is no request id.")) from None


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise Invalid(_("This is no address, as in 10.0.0.7.")) from None


def read_moment(text: str) -> str:
    """A day or a minute, as the house's clock shows it, in one form; Invalid where it is none."""
    try:
        day, moment = parse_date(text), parse_datetime(text)
    except ValueError:
        day = moment = None
    if moment is not None and timezone.is_aware(moment):  # as the JSON Lines of an export have it
        moment = timezone.localtime(moment)
    told = day or moment
    if told is None or not 1900 <= told.year < 9999:
        raise Invalid(_("Write a day, or a day and a time, as in 2026-11-28 09:30."))
    return f"{day:%Y-%m-%d}" if day else f"{moment:%Y-%m-%dT%H:%M:%S}"


def _moment(text: str, *, end: bool) -> datetime.datetime:
    """Of a day its beginning, or its end; so of a minute, or of a second, as the lists and the files have them."""
    if day := parse_date(text):
        moment = datetime.datetime.combine(day + datetime.timedelta(days=end), datetime.time())
    else:
        moment = datetime.datetime.fromisoformat(text)
        moment += datetime.timedelta(**{"seconds" if moment.second else "minutes": end})
    return timezone.make_aware(moment)


# Time and sequence have one order (sql.py): a time is looked up once, and the rest is a range of the sequence.
_FROM = (
    "audit_event.at >= %s AND audit_event.seq >= (SELECT e.seq FROM audit_event e WHERE e.at >= %s"
    " ORDER BY e.at, e.seq LIMIT 1)"
)
_TO = (
    "audit_event.at < %s AND audit_event.seq <= (SELECT e.seq FROM audit_event e WHERE e.at < %s"
    " ORDER BY e.at DESC, e.seq DESC LIMIT 1)"
)


def _since(text: str) -> Q:
    return _true(_FROM, *[_moment(text, end=False)] * 2)


def _until(text: str) -> Q:
    return _true(_TO, *[_moment(text, end=True)] * 2)


TYPED: list[Typed] = [
    Typed(gettext_lazy("Staff"), "staff", str, _by, kept=True,
          absent=_nobody),
    Typed(gettext_lazy("From"), "from", read_moment, _since, kept=True,
          help=gettext_lazy("As in 2026-11-28, or 2026-11-28 09:30.")),
    Typed(gettext_lazy("To"), "to", read_moment, _until, kept=True,
          help=gettext_lazy("To the end of that day, or minute.")),
    Typed(gettext_lazy("Act"), "verb", _verb, lambda verb: Q(verb=verb), kept=True,
          help=gettext_lazy("Its code, as in decision.applied.")),
    Typed(gettext_lazy("Ticket"), "ticket", str, lambda ticket: Q(ticket=ticket)),
    Typed(gettext_lazy("Request"), "request", _request, lambda request: Q(request_id=request)),
    Typed(gettext_lazy("Address"), "address", _address, lambda address: Q(address=address)),
]  # fmt: skip


def offer(one: Filter | Typed) -> None:
    """Another way to look through the trail, from the app that knows what it means."""
    (TYPED if isinstance(one, Typed) else FILTERS).append(one)  # type: ignore[arg-type]


_KEPT: list[Callable[[Staff, Event], None]] = []


def keep_from(refuse: Callable[[Staff, Event], None]) -> None:
    """Of which events the page is not for everybody who reviews: Refused says so, and is on the record."""
    _KEPT.append(refuse)


def may_open(staff: Staff, event: Event) -> None:
    for refuse in _KEPT:
        refuse(staff, event)


def mark(code: str, label: Any, condition: Q | Callable[[], Q]) -> None:
    """Another thing to look at."""
    at = next(at for at, one in enumerate(FILTERS) if one.parameter == "look")
    FILTERS[at] = Filter(FILTERS[at].label, "look", (*FILTERS[at].choices, (code, label, condition)))


def review_url(**chosen: Any) -> str:
    """The review, narrowed down: by the parameters of its filters (`from_` for “from”)."""
    query = urlencode({name.rstrip("_"): value for name, value in chosen.items() if value not in (None, "")})
    return f"{reverse('admin:audit_event_changelist')}?{query}"
