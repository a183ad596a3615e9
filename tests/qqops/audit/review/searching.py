"""What the review shows to whom, in short."""

from typing import Any

from django.test import Client

from qqops.audit.models import Event

URL = "/admin/audit/event/"


def events(browser: Client, url: str = URL, **asked: Any) -> list[Event]:
    """As the page lists them, the newest first."""
    page = browser.get(url, asked)
    assert page.status_code == 200
    return list(page.context["page"].rows)


def found(browser: Client, **asked: Any) -> list[str]:
    """Their verbs, the oldest first."""
    return [event.verb for event in reversed(events(browser, **asked))]


def seen(browser: Client, **asked: Any) -> set[int]:
    return {event.seq for event in events(browser, **asked)}
