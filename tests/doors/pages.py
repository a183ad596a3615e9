"""Every form of the staff web, sent as whoever may send it does, through both of its steps; and as one who may not."""

from collections.abc import Callable, Iterator, Mapping
from copy import copy
from functools import cache
from typing import Any

from django.test import Client

from tests.doors.filling import faults, filled
from tests.doors.record import Line, head, left, undone
from tests.doors.table import Left
from tests.doors.words import SENDERS, Variants
from tests.permissions.addresses import Address
from tests.permissions.table import ROLES, read

Reader = Callable[[str], Client]
SENT = ("200", "302", "409")


def done(places: list[Address], reader: Reader, said: Variants) -> Left:
    """What is left by each form that was sent as it should be."""
    found: Left = {}
    browsers = cache(reader)
    for place, who in senders(places, SENT):
        for door, words in doors_of(place, said):
            found[door] = (who, _left(browsers(who), place.url, words, door))
    return found


def refused(places: list[Address], reader: Reader) -> Left:
    """What is left by each form that was sent by somebody whose page it is not."""
    browsers = cache(reader)
    found: Left = {}
    for place, who in senders(places, ("403",)):
        browser = browsers(who)
        with undone():
            after = head()
            assert browser.post(place.url).status_code == 403, place.name
            found[place.name] = (who, left(after))
    return found


def senders(places: list[Address], answers: tuple[str, ...]) -> Iterator[tuple[Address, str]]:
    """Each address of the house's own, with a role to which an empty POST has that answer."""
    pages, _commands = read()
    for place in places:
        roles = [who for who in ROLES if pages[place.name][who].split("/")[1] in answers]
        if not place.name.startswith("admin:") or not roles:
            continue
        yield place, SENDERS.get(place.name, roles[0]) if answers == SENT else roles[0]


def doors_of(place: Address, said: Variants) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for button, words in said.get(place.name, {"": {}}).items():
        yield f"{place.name} · {button}" if button else place.name, words


def _left(browser: Client, url: str, words: Mapping[str, Any], door: str) -> list[Line]:
    cookies = copy(browser.cookies)
    with undone():
        said = dict(words)
        url = said.pop("url", url)
        if before := said.pop("before", None):
            before()
        after = head()
        answer = send(browser, url, said)
        found = left(after)
        went = answer.status_code == 302 or answer.status_code == 200 and found
        assert went and "audit.refused" not in {line.verb for line in found}, (
            door,
            answer.status_code,
            faults(_given(answer)),
        )
    browser.cookies = cookies  # a sign-out is forgotten too
    return found


def send(browser: Any, url: str, said: Mapping[str, Any]) -> Any:
    """The last answer: after the first step, when it shows what would happen, the second."""
    shown = browser.get(url)
    words = filled(_given(shown), said)
    answer = browser.post(url, words)
    if token := _given(answer).get("token"):
        answer = browser.post(url, words | {"step": "confirm", "token": token})
    if getattr(answer, "streaming", False):
        b"".join(answer.streaming_content)
    return answer


def _given(answer: Any) -> Mapping[str, Any]:
    """What its page is made of; nothing, where it has none."""
    return getattr(answer, "context_data", None) or {}
