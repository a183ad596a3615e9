"""The overview page: work that waits for the staff member, figures, and charts. Apps register theirs here.

All items of a kind are one query, regardless of their number. The page makes at most eight queries.
"""

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db.models import CharField, DateTimeField, F, QuerySet, TextField, Value
from django.db.models import Count as HowMany
from django.db.models.functions import Cast, Coalesce, NullIf, TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from qqops.web.counts import Count
from qqops.web.panels import Counter

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qqops.staff.models import Staff

DAYS = 14
CAP = 1000  # figures are counted up to here, so that the overview never scans a large table
SHOWN = 12  # items of waiting work

Rows = Callable[["Staff"], "QuerySet[Any]"]


@dataclass(frozen=True, eq=False)
class Figure:
    """A count with a link to the list of its rows. It has its tone unless it is 0."""

    label: "StrOrPromise"
    url_name: str
    query: str
    permission: str
    count: Count
    tone: str
    always: bool  # shown when it is 0 too


@dataclass(frozen=True, eq=False)
class Work:
    """Rows that wait for an act of the staff member.

    `what`, `who`, `since` and `until` name the columns of a row. `called` returns the label and the URL of a row from
    its key and its `what`.
    """

    rows: Rows
    called: Callable[[int, str], tuple[str, str]]
    what: Any = "pk"
    who: str = "maker"
    since: str = "proposed_at"
    until: str | None = "expires_at"


class Waiting(NamedTuple):
    label: str
    url: str
    who: str
    since: datetime.datetime
    until: datetime.datetime | None


@dataclass(frozen=True, eq=False)
class Series:
    """Rows counted by day of the column `at`, over the last fourteen days including today."""

    title: "StrOrPromise"
    permission: str
    rows: Rows
    at: str


class Chart(NamedTuple):
    title: "StrOrPromise"
    days: list[tuple[datetime.date, int]]

    @property
    def bars(self) -> Iterable[tuple[int, int, int]]:
        """Yield x, y and height of each bar, in a box 100 high. A count above 0 is at least 2 high, to be visible."""
        most = max(1, *(n for _day, n in self.days))
        for place, (_day, n) in enumerate(self.days):
            high = max(2, round(100 * n / most)) if n else 0
            yield place * 10 + 1, 100 - high, high

    @property
    def most(self) -> int:
        return max(n for _day, n in self.days)

    @property
    def total(self) -> int:
        return sum(n for _day, n in self.days)

    @property
    def first(self) -> str:
        return f"{self.days[0][0]:%m-%d}"

    @property
    def last(self) -> str:
        return f"{self.days[-1][0]:%m-%d}"

    @property
    def in_words(self) -> str:
        """The chart as text, for screen readers."""
        days = _(", ").join(f"{day:%m-%d}: {n}" for day, n in self.days)
        return _("%(title)s by day: %(days)s") % {"title": self.title, "days": days}


_figures: list[tuple[int, Figure]] = []
_work: list[Work] = []
_series: list[Series] = []


def figure(
    label: "StrOrPromise",
    url_name: str,
    permission: str,
    rows: Rows,
    *,
    query: str = "",
    order: int = 0,
    tone: str = "",
    always: bool = True,
) -> None:
    _figures.append((order, Figure(label, url_name, query, permission, Count(rows, CAP), tone, always)))
    _figures.sort(key=lambda one: one[0])


def work(rows: Rows, called: Callable[[int, str], tuple[str, str]], **where: Any) -> None:
    _work.append(Work(rows, called, **where))


def series(title: "StrOrPromise", permission: str, rows: Rows, at: str) -> None:
    _series.append(Series(title, permission, rows, at))


def figures_for(staff: "Staff") -> list[Figure]:
    return [one for _order, one in _figures if staff.has_perm(one.permission)]


def counter(one: Figure, found: int) -> Counter | None:
    if not (found or one.always):
        return None
    url = reverse(one.url_name) + (f"?{one.query}" if one.query else "")
    return Counter(one.label, one.count.shown(found), url, one.tone if found else "")


def work_for(staff: "Staff") -> list[Waiting]:
    """Return the work that waits for the staff member, the earliest deadline first, at most SHOWN + 1 items."""
    parts = [_waiting(which, one, staff) for which, one in enumerate(_work)]
    if not parts:
        return []
    found = parts[0].union(*parts[1:], all=True).order_by(F("ends").asc(nulls_last=True), "begun")[: SHOWN + 1]
    shown = []
    for which, key, what, who, since, until in found:
        label, url = _work[which].called(key, what)
        shown.append(Waiting(label, url, who, since, until))
    return shown


def charts_for(staff: "Staff") -> list[Chart]:
    shown = [one for one in _series if staff.has_perm(one.permission)]
    if not shown:
        return []
    days = [timezone.localdate() - datetime.timedelta(days=ago) for ago in reversed(range(DAYS))]
    begin = timezone.make_aware(datetime.datetime.combine(days[0], datetime.time.min))
    parts = [
        one.rows(staff)
        .filter(**{f"{one.at}__gte": begin})
        .order_by()
        .annotate(which=Value(which), day=TruncDate(one.at))
        .values("which", "day")
        .annotate(n=HowMany("pk"))
        .values_list("which", "day", "n")
        for which, one in enumerate(shown)
    ]
    found = {(which, day): n for which, day, n in parts[0].union(*parts[1:], all=True)}
    return [Chart(one.title, [(day, found.get((which, day), 0)) for day in days]) for which, one in enumerate(shown)]


def _waiting(which: int, one: Work, staff: "Staff") -> "QuerySet[Any]":
    name: Any = Value("")
    if one.who:
        name = Coalesce(NullIf(f"{one.who}__name", Value("")), f"{one.who}__username")
    rows = (
        one.rows(staff)
        .order_by()
        .annotate(
            of_list=Value(which),
            called=Cast(one.what, TextField()),
            asker=Cast(name, CharField()),
            begun=F(one.since),
            ends=F(one.until) if one.until else Cast(Value(None), DateTimeField()),
        )
    )
    # Limit each part too, so that no part reads more rows than the page shows.
    shown: QuerySet[Any, Any] = rows.values_list("of_list", "pk", "called", "asker", "begun", "ends")
    return shown.order_by(F("ends").asc(nulls_last=True), "begun")[: SHOWN + 1]
