"""A value typed into any field of any form, by any role, is not kept in clear, logged, or carried to another page."""

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client

from qqops.staff.models import Staff
from tests.campaign import FULL
from tests.hunt.conftest import Log, browser_of
from tests.hunt.disguises import found_in, unpacked
from tests.hunt.pages import parts_of
from tests.hunt.tables import found_in_tables
from tests.permissions.addresses import Address
from tests.permissions.table import ROLES
from tests.story.canary import ADULT

CONTROL = re.compile(r"<(input|textarea|select)\b([^>]*)>(?:(.*?)</\1>)?", re.S)
ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')
# What is not typed into: what the page itself has put there, and one's own password and name.
OURS = {"csrfmiddlewaretoken", "token", "content_hash", "step", "next", "language"}
OPENING = {"admin:disclosure_open", "admin:data_request_statement", "admin:data_request_copy", "admin:reveal_shown",
           "admin:open_evidence", "admin:appeals_read", "admin:appeals_file"}  # fmt: skip


def filled_in(page: str, value: str) -> list[dict[str, Any]]:
    """Each form of the page with this value in every field of text, and the first of every choice."""
    forms = []
    for form in re.findall(r"<form\b(?=[^>]*\bpost\b).*?</form>", page, re.S | re.I):
        data: dict[str, Any] = {}
        for tag, text, inside in CONTROL.findall(form):
            attributes = {name: unescape(found) for name, found in ATTRIBUTE.findall(text)}
            name, kind = attributes.get("name", ""), attributes.get("type", tag)
            if not name:
                continue
            if kind in ("radio", "checkbox", "submit"):
                data.setdefault(name, attributes.get("value", "on"))
            elif tag == "select":
                options = re.findall(r'<option value="([^"]+)"', inside)
                data.setdefault(name, options[0] if options else "")
            elif name in OURS or kind == "hidden":
                data[name] = attributes.get("value", "")
            elif kind != "file":
                data[name] = value
        forms.append(data)
    return forms


@pytest.mark.django_db
@pytest.mark.parametrize("item", ["document", "mobile", "email"] if FULL else ["mobile"])
@pytest.mark.parametrize("who", ROLES)
def test_what_is_typed_where_it_does_not_belong(
    places: list[Address], cast: dict[str, Staff], log: Log, who: str, item: str
) -> None:
    value, typed = ADULT[item], 0
    browser = browser_of(who, cast)
    for place in places:
        if not place.name.startswith("admin:") or place.name in OPENING:
            continue
        page = browser.get(place.url)
        if page.status_code != 200 or not page["Content-Type"].startswith("text/html"):
            continue
        sent = [data for data in filled_in(page.content.decode(), value) if value in data.values()]
        for data in sent:
            answer = browser.post(place.url, data)
            if answer.context and answer.context.get("frozen"):  # read again, and sent all the same
                answer = browser.post(place.url, data | {"step": "confirm", "token": answer.context["token"]})
            _nothing_carried(browser, answer, place)
        if sent:  # it may have ended the session
            typed += len(sent)
            browser = browser_of(who, cast)
    assert typed or who == "auditor"
    assert found_in_tables() == {}
    assert log.telling() == []


def _nothing_carried(browser: Client, answer: Any, place: Address) -> None:
    """The form may come back to whoever typed into it; nothing else of the answer has it, nor the page after it."""
    headers = [str(answer.headers), answer.cookies.output(), str(dict(browser.session))]
    packed = [piece for morsel in browser.cookies.values() for piece in unpacked(morsel.value)]
    assert found_in(*headers, *packed) == set(), place
    if answer.status_code == 302:
        assert parts_of(browser.get(answer["Location"])) == set(), place
        return
    text = answer.content.decode()
    title = re.search(r"<title>.*?</title>", text, re.S)
    outside = re.sub(r"<textarea\b.*?</textarea>|<input\b[^>]*>", "", text, flags=re.S)
    assert title is None or found_in(title[0]) == set(), place
    assert found_in(outside) == set(), place
