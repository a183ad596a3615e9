"""Registry of what apps add to the staff web: sidebar items, acts, panels, timelines, counters, jumps, whole pages.

An upper app registers here in AppConfig.ready() or in its admin module, so that the page of a lower app shows data
that the lower app must not import (docs/architecture.md, Packages). The registry is filled at start and then only read.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy as _

from qqops.web.counts import Count

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from qqops.staff.models import Staff
    from qqops.web.pages.base import Page

SECTIONS: dict[str, "StrOrPromise"] = {
    "overview": "",
    "work": _("Work"),
    "registry": _("Registry"),
    "resources": _("Number resources"),
    "enforcement": _("Enforcement"),
    "system": _("System"),
}
LISTS: dict[str, "StrOrPromise"] = {}  # titles of the lists whose filters can be saved, by page


@dataclass(frozen=True)
class Act:
    """A button or link for an act that is possible at present. `consequence` is a sentence on its effect."""

    label: "StrOrPromise"
    url: str
    key: str = ""
    danger: bool = False
    consequence: "StrOrPromise" = ""
    primary: bool = False


@dataclass(frozen=True)
class Panel:
    """A titled part of a page with its own template and context."""

    title: "StrOrPromise"
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    side: str = "left"


class Fact(NamedTuple):
    """A labelled value."""

    label: "StrOrPromise"
    value: Any
    help: "StrOrPromise" = ""


class Change(NamedTuple):
    """The value of a field before and after."""

    label: "StrOrPromise"
    before: Any
    after: Any


@dataclass(frozen=True)
class Entry:
    """One event of a timeline."""

    at: datetime
    title: "StrOrPromise"
    who: str = ""
    text: "StrOrPromise" = ""
    tone: str = ""
    changes: Sequence[Change] = ()
    url: str = ""
    request_id: str = ""
    notes: Sequence["StrOrPromise"] = ()


@dataclass(frozen=True)
class Counter:
    """A figure of the overview page, with a link to the list that it counts."""

    label: "StrOrPromise"
    value: str
    url: str
    tone: str = ""


Rows = Callable[["Staff"], "QuerySet[Any]"]


@dataclass(frozen=True, eq=False)
class Item:
    """A sidebar item."""

    section: str
    label: "StrOrPromise"
    url_name: str
    permissions: tuple[str, ...]
    count: Count | None
    order: int
    overdue: Count | None = None

    def open_to(self, request: HttpRequest) -> bool:
        return not self.permissions or any(request.user.has_perm(p) for p in self.permissions)


class _Hooks:
    """Providers by page, sorted by `order` and then by registration."""

    def __init__(self) -> None:
        self._by_page: dict[str, list[tuple[int, Callable[..., Any]]]] = {}

    def add(self, page: str, provider: Callable[..., Any], order: int) -> None:
        hooks = self._by_page.setdefault(page, [])
        hooks.append((order, provider))
        hooks.sort(key=lambda hook: hook[0])

    def hung_on(self, page: str) -> bool:
        return page in self._by_page

    def call(self, page: str, *args: Any) -> Iterator[Any]:
        return (provider(*args) for _order, provider in self._by_page.get(page, ()))


_items: list[Item] = []
_pages: dict[str, tuple[str, type["Page"]]] = {}
_panels, _acts, _row_acts, _entries, _dashboard, _jumps = (_Hooks() for _n in range(6))


def sidebar(
    section: str,
    label: "StrOrPromise",
    url_name: str,
    permission: str | tuple[str, ...],
    count: Rows | None = None,
    order: int = 0,
    overdue: Rows | None = None,
) -> None:
    """Add a sidebar item for staff with any of the permissions ("" shows it to all staff).

    Its count (qqops/web/counts.py) is red while `overdue` has a row.
    """
    if section not in SECTIONS:
        raise ValueError(f"no sidebar section {section!r}")
    needed = tuple(filter(None, (permission,))) if isinstance(permission, str) else permission
    rows, late = count and Count(count), overdue and Count(overdue, cap=0)  # only whether a row exists
    _items.append(Item(section, label, url_name, needed, rows, order, late))
    _items.sort(key=lambda item: (list(SECTIONS).index(item.section), item.order))


def register(page: str, provider: Callable[[HttpRequest, Any], Panel | None], order: int = 0) -> None:
    """Add a panel to an object page."""
    _panels.add(page, provider, order)


def toolbar(page: str, provider: Callable[[HttpRequest, Any], Iterable[Act]], order: int = 0) -> None:
    """Add acts to an object page, or bulk acts to a list page, where the provider receives None as the object."""
    _acts.add(page, provider, order)


def row_act(page: str, provider: Callable[[HttpRequest, Any], Act | None], order: int = 0) -> None:
    """Add a provider of the act that is offered beside a row of a list. The first provider that returns one wins."""
    _row_acts.add(page, provider, order)


def timeline(page: str, provider: Callable[[HttpRequest, Any], Iterable[Entry]], order: int = 0) -> None:
    """Add entries to the timeline of an object page."""
    _entries.add(page, provider, order)


def dashboard(provider: Callable[[HttpRequest], Panel | None], order: int = 0) -> None:
    """Add a panel to the overview page, below the parts of qqops/web/overview.py."""
    _dashboard.add("", provider, order)


def jump(provider: Callable[[HttpRequest, str], str | HttpResponseBase | None], order: int = 0) -> None:
    """Add a provider for the jump box.

    It returns the URL that the text leads to, a response if no URL may contain the text, or None.
    """
    _jumps.add("", provider, order)


def page(route: str, name: str, view: type["Page"]) -> None:
    """Add a page at `route` below the root of the admin site."""
    if _pages.get(name, (route, view)) != (route, view):
        raise ValueError(f"page {name!r} is registered twice")
    _pages[name] = (route, view)


def pages() -> Iterator[tuple[str, str, type["Page"]]]:
    return ((route, name, view) for name, (route, view) in _pages.items())


def staff_at(request: HttpRequest) -> "Staff":
    """Return the user of the request, who inside `admin_view` is always a staff member."""
    return cast("Staff", request.user)


def items_for(request: HttpRequest) -> list[Item]:
    return [item for item in _items if item.open_to(request)]


def panels_for(page: str, request: HttpRequest, obj: Any) -> list[Panel]:
    return [panel for panel in _panels.call(page, request, obj) if panel is not None]


def acts_for(page: str, request: HttpRequest, obj: Any = None) -> list[Act]:
    return [act for acts in _acts.call(page, request, obj) for act in acts]


def row_act_for(page: str, request: HttpRequest, row: Any) -> Act | None:
    return next((act for act in _row_acts.call(page, request, row) if act), None)


def entries_for(page: str, request: HttpRequest, obj: Any) -> list[Entry]:
    """Return the entries of all providers, newest first."""
    entries = [entry for entries in _entries.call(page, request, obj) for entry in entries]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def has_timeline(page: str) -> bool:
    return _entries.hung_on(page)


def dashboard_for(request: HttpRequest) -> Iterator[Panel]:
    return (part for part in _dashboard.call("", request) if part)


def jump_to(request: HttpRequest, text: str) -> str | HttpResponseBase | None:
    return next((found for found in _jumps.call("", request, text) if found), None)
