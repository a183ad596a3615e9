"""Small parts of pages (badges, times, numbers, links, diffs), as template tags and as functions for columns."""

import itertools
from collections.abc import Iterable, Mapping, Sized
from datetime import date, datetime
from typing import Any

from django import template
from django.template.defaultfilters import linebreaksbr
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy

from qqops.web.panels import Change, Counter, Panel

register = template.Library()

WHOLE = 8  # characters: a badge of at most this length never wraps
TONES = ("good", "info", "warn", "bad", "quiet", "cold")
END_OF_TIME = 9999  # the year of a measure without an end
SPANS: dict[str, Any] = {  # translated here again: Django's Chinese “2 日” reads as a date; a duration is “2 天”
    "year": ngettext_lazy("%(num)d year", "%(num)d years", "num"),
    "month": ngettext_lazy("%(num)d month", "%(num)d months", "num"),
    "week": ngettext_lazy("%(num)d week", "%(num)d weeks", "num"),
    "day": ngettext_lazy("%(num)d day", "%(num)d days", "num"),
    "hour": ngettext_lazy("%(num)d hour", "%(num)d hours", "num"),
    "minute": ngettext_lazy("%(num)d minute", "%(num)d minutes", "num"),
}


@register.simple_tag
def badge(label: Any, tone: str = "quiet") -> SafeString:
    """Return a state in words. The colour and the shape of the dot only repeat the words."""
    if tone not in TONES:
        raise ValueError(f"no tone {tone!r}")
    whole = " whole" if len(str(label)) <= WHOLE else ""
    return format_html('<span class="badge badge-{}{}">{}</span>', tone, whole, label)


def minute(at: datetime) -> str:
    """Return the local date and time, to the minute."""
    return timezone.localtime(at).strftime("%Y-%m-%d %H:%M")


def moment(at: datetime) -> SafeString:
    """Return `minute` for a narrow column. It wraps between date and time only."""
    return format_html("{} {}", *map(digits, minute(at).split()))


def relative(at: datetime, now: datetime | None = None) -> str:
    now = now or timezone.now()
    seconds = (now - at).total_seconds()
    if abs(seconds) < 60:
        return _("just now")
    if seconds > 0:
        return _("%(time)s ago") % {"time": timesince(at, now, time_strings=SPANS, depth=1)}
    return _("in %(time)s") % {"time": timesince(now, at, time_strings=SPANS, depth=1)}


@register.simple_tag
def when(at: datetime | None, exact: bool = False) -> SafeString | str:
    """Return the relative time with the exact time as its title. With exact=True, show both."""
    if at is None:
        return plain(None)  # type: ignore[no-any-return]
    if at.year >= END_OF_TIME:
        return _("until lifted")
    shown = minute(at)
    return format_html(
        '<time datetime="{}" title="{}" class="when">{}</time>',
        timezone.localtime(at).isoformat(timespec="seconds"),
        shown,
        format_html('{} <span class="rel">{}</span>', shown, relative(at)) if exact else relative(at),
    )


def due(at: datetime, *, over: bool) -> SafeString | str:
    """Return a deadline: the relative time while it still matters, the exact time when the matter is `over`."""
    return moment(at) if over else when(at)


@register.simple_tag
def digits(value: Any) -> SafeString:
    """Return a number in tabular digits without grouping: a QQ number is a name, not a quantity."""
    return format_html('<span class="digits">{}</span>', value)


@register.simple_tag
def copy(value: Any) -> SafeString:
    """Return a copy button. keys.js shows it where the browser can copy."""
    return format_html(
        '<button type="button" class="button small copy" data-copy="{}" data-done="{}">{}</button>',
        value,
        _("Copied"),
        _("Copy"),
    )


@register.simple_tag
def link(url: str, label: Any) -> SafeString:
    return format_html('<a href="{}">{}</a>', url, label)


def spoken(text: Any, language: str) -> SafeString:
    """Return a text marked with its own language, so that screen readers use it and browsers do not translate it."""
    return format_html('<span lang="{}">{}</span>', language, plain(text))


def verbatim(text: Any) -> SafeString:
    """Return a text that browsers must not translate: it is signed, or is typed into another system."""
    return format_html('<span translate="no">{}</span>', plain(text))


@register.filter
def under(row: Iterable[Any], head: Iterable[Any]) -> list[tuple[Any, Any]]:
    """Pair each cell with the heading of its column."""
    return list(zip(head, row, strict=True))


def _listed(parts: list[Any]) -> SafeString:
    """Join the parts with commas. A badge has a border, so no comma is next to a badge."""
    shown = [format_html("{}", part) for part in parts]
    is_badge = [part.startswith('<span class="badge') for part in shown]
    between = [" " if one or other else _(", ") for one, other in itertools.pairwise(is_badge)]
    return format_html_join("", "{}{}", zip(["", *between], shown, strict=True))


@register.filter
def is_nothing(value: Any) -> bool:
    """Return True for None and for empty text and containers. False and 0 are values."""
    return value is None or (isinstance(value, Sized) and not len(value))


@register.filter
def plain(value: Any) -> Any:
    """Return a value of a column, fact or change as text or HTML for a reader."""
    if is_nothing(value):
        return format_html('<span class="none">{}</span>', "—")
    if isinstance(value, SafeString):
        return value
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return _("until lifted") if value.year >= END_OF_TIME else minute(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        pairs = ((key, _(": "), plain(inner)) for key, inner in value.items())
        return format_html_join(_("; "), "{}{}{}", pairs)
    if isinstance(value, list | tuple | set | frozenset):
        return _listed([plain(inner) for inner in value])
    text = str(value)
    return linebreaksbr(text) if "\n" in text else text


@register.inclusion_tag("ops/diff.html")
def diff(changes: list[Change]) -> dict[str, Any]:
    """Render before → after of each field, or the value alone where there was none before."""
    return {"changes": changes}


@register.inclusion_tag("ops/counter.html")
def counter(one: Counter) -> dict[str, Any]:
    return {"counter": one}


@register.simple_tag(takes_context=True)
def body(context: template.Context, panel: Panel) -> SafeString:
    """Render a panel's template with the panel's context only, not with that of the page."""
    request = context.get("request")
    return render_to_string(panel.template, {**panel.context, "panel_title": panel.title}, request)


@register.simple_tag(takes_context=True)
def navigation(context: template.Context) -> SafeString:
    """Render the sidebar. Rendered once per page for its two places: beside the page and in the menu on phones."""
    shown = {name: context.get(name) for name in ("sections", "nav_current")}
    return render_to_string("ops/nav.html", shown)
