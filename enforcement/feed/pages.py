"""The state feed on the staff web: who follows it, how far each has come, and what stands in the way."""

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement.feed import queries as feed
from enforcement.models import FeedReader
from qqops.templatetags.ops import badge, when
from qqops.web import overview, panels
from qqops.web.pages import Page


class FeedPage(Page):
    title = gettext_lazy("State feed")
    permission = "enforcement.view_feedreader"
    template = "enforcement/feed.html"
    nav = "admin:state_feed"

    def context(self) -> dict[str, Any]:
        lags = feed.lags()
        rows = [row(reader, lags[reader.pk]) for reader in FeedReader.objects.order_by("pk")]
        return {"minutes": settings.QQOPS_STATES_LAG, "head": HEAD, "rows": rows}


HEAD = (
    gettext_lazy("Reader"),
    gettext_lazy("Acknowledged up to"),
    gettext_lazy("Acknowledged"),
    gettext_lazy("Changes not acknowledged"),
    gettext_lazy("The oldest of them"),
    gettext_lazy("Last fault"),
    gettext_lazy("Next attempt"),
)


def row(reader: FeedReader, lag: feed.Lag) -> tuple[Any, ...]:
    behind = badge(f"{lag.changes}+" if lag.more else lag.changes, "warn") if lag.changes else badge(_("none"), "good")
    fault = badge(reader.fault, "bad") if reader.fault else None
    # A lease is no wait: only after a fault is there a next attempt to tell of.
    again = when(reader.due_at) if reader.fault and reader.due_at else None
    at = when(reader.acknowledged_at) if reader.acknowledged_at else None
    since = when(lag.since) if lag.since else None
    return reader.name, reader.acknowledged, at, behind, since, fault, again


panels.page("state-feed/", "state_feed", FeedPage)
overview.figure(
    gettext_lazy("Changes the state feed has not delivered"),
    "admin:state_feed",
    FeedPage.permission,
    lambda _staff: feed.undelivered(),
    order=9,
)
panels.sidebar("system", FeedPage.title, "admin:state_feed", FeedPage.permission, order=6)
