"""What the overview is made of: first what waits for this person, then how the house stands.

An app registers here what it has of each; however many there are, all of a kind are one query (ui.md: eight in all).
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
CAP = 1000  # a figure is counted no further: a dashboard that scans would be the slowest page of the house
SHOWN = 12  # of what waits

Rows = Callable[["Staff"], "QuerySet[Any]"]


@dataclass(frozen=True, eq=False)
class Figure:
    """How many there are, as a link to the list that shows them; coloured where it is not nought."""

    label: "StrOrPromise"
    url_name: str
    query: str
    permission: str
    count: Count
    tone: str
    always: bool  # said at nought too


@dataclass(frozen=True, eq=False)
class Work:
    """Rows that wait for a step of whoever asks.

    `what`, `who`, `since` and `until` say where it stands in a row; of a key and its `what` the app says how it is
    called, and where its page is.
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
    """Rows of the last fourteen days, by the day of one of their columns; today is one of them."""

    title: "StrOrPromise"
    permission: str
    rows: Rows
    at: str


class Chart(NamedTuple):
    title: "StrOrPromise"
    days: list[tuple[datetime.date, int]]

    @property
    def bars(self) -> Iterable[tuple[int, int, int]]:
        """Where each bar begins, how far it is from the top and how high, of 100; what is there at all is seen."""
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
        """The same for who does not see it."""
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
    """What waits for this person's step, what lapses or falls due the soonest first; at most one more than is shown."""
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
    # No part is read further than the whole is shown.
    shown: QuerySet[Any, Any] = rows.values_list("of_list", "pk", "called", "asker", "begun", "ends")
    return shown.order_by(F("ends").asc(nulls_last=True), "begun")[: SHOWN + 1]
