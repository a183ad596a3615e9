"""Reports of the record: each says what it counts in a period, and what it cannot know.

What an app alone can tell of (reveals), it declares itself. A report reads the part of the trail that lies in its
period, and what that leads to; never the whole.
"""

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.apps import apps
from django.db import connection
from django.db.models import F, Model, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qqops.alerts import watch
from qqops.approvals.models import Approval
from qqops.audit import event_catalogue
from qqops.audit.models import Event
from qqops.audit.reports import activity
from qqops.audit.reports.period import Period
from qqops.core.errors import CONFLICTS, Invalid

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

VIEW = "audit.view_event"
READING = datetime.timedelta(seconds=30)  # less than that is no time in which a case is read
PROVED = "staff.proved"  # in the midst of a page, not before it


class Line(NamedTuple):
    cells: Sequence[Any]
    url: str = ""  # where its first cell leads


@dataclass(frozen=True)
class Report:
    name: str
    title: "StrOrPromise"
    counted: "StrOrPromise"
    not_counted: "StrOrPromise"
    head: "Sequence[StrOrPromise]"
    lines: Callable[[Period], Iterable[Line]]
    permissions: tuple[str, ...] = (VIEW,)
    empty: "StrOrPromise" = _("Nothing to look at in this period.")


_reports: dict[str, Report] = {}


def declare(report: Report) -> None:
    if report.name in _reports:
        raise ValueError(f"report {report.name} is declared twice")
    _reports[report.name] = report
    event_catalogue.REPORTS[report.name] = report.title


def all_reports() -> list[Report]:
    return list(_reports.values())


def named(name: str) -> Report:
    try:
        return _reports[name]
    except KeyError:
        raise Invalid(gettext("There is no report %(name)s.") % {"name": name}) from None


def event_url(event_id: Any) -> str:
    return reverse("admin:audit_event_change", args=[event_id])


# Activity


def _activity(period: Period) -> Iterator[Line]:
    for row in activity.by_person(period):
        url = f"{reverse('admin:staff_activity', args=[row['actor_id']])}?from={period.first}&to={period.last}"
        yield Line([row["actor__username"], row["actor__name"], *(row[code] for code in activity.COUNTED)], url)


# Approvals without reading time


def approvals() -> list[Any]:
    """The approval tables of all apps."""
    return [model for model in apps.get_models() if issubclass(model, Approval)]


def hasty(model: Any, period: Period) -> QuerySet[Any]:
    """Who agreed so soon that it cannot have been read: after it was filed, or after his own last event on the trail.

    Each with `filed` and `previous`. What the same click wrote, and a second factor given on the way, is no such event.
    """
    written = period.events().filter(rows__has_key=model._meta.db_table)
    own = Event.objects.filter(pk=OuterRef("event_id"), at__gte=period.start, at__lt=period.end)
    before = (
        Event.objects.filter(actor=OuterRef("approver"), seq__lt=OuterRef("seq"), at__gte=OuterRef("at") - READING)
        .exclude(Q(request_id=OuterRef("click")) | Q(verb=PROVED))
        .order_by("-seq")
    )
    found: QuerySet[Any] = (
        model.objects.filter(event_id__in=written.values("pk"), agreed=True)
        .annotate(seq=Subquery(own.values("seq")), click=Subquery(own.values("request_id")))
        .annotate(filed=F("proposal__proposed_at"), previous=Subquery(before.values("at")[:1]))
        .filter(Q(filed__gt=F("at") - READING) | Q(previous__isnull=False))
        .select_related("approver", "maker", "proposal")
        .order_by("seq")
    )
    return found


def _hasty(period: Period) -> Iterator[Line]:
    for model in approvals():
        for one in hasty(model, period):
            yield Line(
                [one.at, one.approver, *_about(one.proposal), one.maker, _seconds(one.at - one.filed),
                 _seconds(one.at - one.previous) if one.previous else None],
                event_url(one.event_id),
            )  # fmt: skip


def _about(proposal: Model) -> tuple["StrOrPromise", str]:
    return proposal._meta.verbose_name or "", str(proposal)


def _seconds(length: datetime.timedelta) -> int:
    return int(length.total_seconds())


# Self-dealing attempts


def _conflicts(period: Period) -> Iterator[Line]:
    for event in period.events().filter(verb="audit.refused", facts__why__in=sorted(CONFLICTS)).order_by("seq"):
        tried = next((event.facts[fact] for fact in ("act", "command", "page") if event.facts.get(fact)), None)
        about = event.subject_label or event.facts.get("own")
        yield Line([event.at, event.actor_label, event.sentence, tried, about], event_url(event.pk))


# Gaps

CHECKPOINT, BROKEN, LATE = "audit.checkpoint", "audit.broken", "alert.late"
UNVERIFIED = "unverified"  # what a checkpoint says of the record that was made by hand


def _gaps(period: Period) -> Iterator[Line]:
    yield from _missing(period)
    yield from _without_checkpoint(period)
    for event in period.events().filter(verb__in=(BROKEN, LATE)).order_by("seq"):
        what = _("the record was found broken") if event.verb == BROKEN else _("something did not come in time")
        which = event.sentence if event.verb == BROKEN else watch.label_of(str(event.facts.get("name", "")))
        yield Line([what, event.at, which], event_url(event.pk))


_HOLES = """
SELECT seq, at, before FROM (
  SELECT e.seq, e.at, lag(e.seq) OVER (ORDER BY e.seq) AS before FROM audit_event e WHERE e.at >= %s AND e.at < %s) o
WHERE seq > before + 1 ORDER BY seq"""


def _missing(period: Period) -> Iterator[Line]:
    """Numbers that the sequence has left out, within the period and right before it."""
    first = period.events().order_by("at", "seq").first()
    if first is not None and first.seq > 1 and not Event.objects.filter(seq=first.seq - 1).exists():
        last = Event.objects.filter(seq__lt=first.seq).order_by("-seq").values_list("seq", flat=True).first() or 0
        yield _hole(last, first.seq, first.at)
    with connection.cursor() as cursor:
        cursor.execute(_HOLES, [period.start, period.end])
        holes = cursor.fetchall()
    for seq, at, before in holes:
        yield _hole(before, seq, at)


def _hole(before: int, seq: int, at: datetime.datetime) -> Line:
    left_out = f"{before + 1}" if seq == before + 2 else f"{before + 1} – {seq - 1}"
    return Line([_("events are missing from the trail"), at, left_out])


def _without_checkpoint(period: Period) -> Iterator[Line]:
    """Days that are over, since there is a record, and on which it was not verified and signed: the worker does both
    every night."""
    first = Event.objects.order_by("at", "seq").values_list("at", flat=True).first()
    made = period.events().filter(verb=CHECKPOINT).exclude(facts__record=UNVERIFIED)
    have = {timezone.localdate(at) for at in made.values_list("at", flat=True)}
    for day in period.days():
        if first is not None and timezone.localdate(first) <= day < timezone.localdate() and day not in have:
            yield Line([_("a day without a verified checkpoint"), f"{day:%Y-%m-%d}", None])


declare(
    Report(
        "activity",
        _("Activity per person"),
        _("For each member of staff: events on the trail in the period, by kind; those between 22:00 and 6:00 in"
          " Shanghai; acts in the web or by a command that name no ticket."),
        _("Not counted: what leaves no event (looking at lists and pages that show nothing sealed), and what the system"
          " did by itself."),
        (_("Login"), _("Name"), *(label for label, _which in activity.COUNTED.values())),
        _activity,
        empty=_("Nobody did anything in this period."),
    )
)  # fmt: skip
declare(
    Report(
        "approvals",
        _("Approvals without reading time"),
        format_lazy(
            _("Agreements given less than {n} seconds after the proposal was filed, or after whoever agreed had done"
              " something else that is on the trail (a sign-in, another approval, a file opened)."),
            n=READING.seconds,
        ),
        _("Opening the page of a proposal leaves no event: what was read, and for how long, is not known. The second"
          " factor given in between does not count, and refusals are not listed."),
        (_("Time"), _("Who"), _("What"), _("No."), _("Maker"), _("seconds since it was filed"),
         _("seconds since the last event")),
        _hasty,
    )
)  # fmt: skip
declare(
    Report(
        "conflicts",
        _("Attempts in one's own affair"),
        _("What was refused because whoever tried it had a part or a stake in it: a number declared as own, one's own"
          " proposal, a second step of the same request."),
        _("Not listed: numbers that nobody declared, and pages that did not offer the act in the first place."),
        (_("Time"), _("Who"), _("What happened"), _("Tried"), _("About")),
        _conflicts,
    )
)  # fmt: skip
declare(
    Report(
        "gaps",
        _("Gaps"),
        _("Numbers missing in the sequence of the trail, days on which the record was not verified and signed, nights"
          " and sweeps that were late, and each time the record was found broken."),
        _("A job that came leaves no event, only one that was late. Whether rows were changed is not looked at here:"
          " audit_verify does that."),
        (_("What"), _("Time"), _("Which")),
        _gaps,
        empty=_("No gap was found."),
    )
)  # fmt: skip
