"""Every act of the staff web pressed in a browser, through both of its steps, by whoever may: it leaves on the record
what docs/acts.md says, in each language and each theme, with scripts and without.
"""

import re
from collections.abc import Callable

from django.urls import resolve, reverse

from tests.doors.pages import SENT, doors_of, senders
from tests.doors.record import head, left, undone
from tests.doors.table import PARTS, Left, read
from tests.doors.words import Variants
from tests.permissions.addresses import Address
from tests.pressing.hand import Desk, Hand, Look

# What stands on another page than the one that answers it: there.
STANDS: dict[str, Callable[..., str]] = {
    "admin:set_language": lambda: reverse("admin:index"),
    "admin:jump": lambda: reverse("admin:index"),
    "admin:access_report_csv": lambda: reverse("admin:access_report"),
    "admin:audit_export": lambda form: reverse("admin:audit_event_changelist"),
    "admin:audit_report_csv": lambda name: reverse("admin:audit_report", args=[name]),
    "admin:report": lambda pk, form: reverse("admin:enforcement_decision_change", args=[pk]),
    "admin:appeals_next": lambda: reverse("admin:appeals_appeal_changelist"),
    "admin:appeals_take": lambda pk: reverse("admin:appeals_appeal_change", args=[pk]),
}
# What leaves nothing on the record leads somewhere.
LANDS = {
    "admin:set_language": r"/admin/",
    "admin:jump": r"/admin/accounts/number/10001/",
    "admin:filters numbers": r"/admin/accounts/number/\?.*saved=\d+",
    "admin:filters events · kept": r"/admin/audit/event/\?.*saved=\d+",
    "admin:appeals_lookup": r"/admin/appeals/appeal/\d+/",
}


def test_it_leaves_on_the_record_what_it_should(
    hand: Hand, desk: Desk, look: Look, places: list[Address], said: Variants
) -> None:
    found: Left = {}
    for place, who in senders(places, SENT):
        for door, told in doors_of(place, said):
            words = {"language": look.language} | dict(told) if place.name == "admin:set_language" else dict(told)
            url = words.pop("url", place.url)
            desk(who)
            with undone():
                if before := words.pop("before", None):
                    before()
                after = head()
                if place.name in STANDS:
                    if place.name == "admin:set_language":
                        hand.speak("en" if look.language != "en" else "zh-hans")
                    hand.open(STANDS[place.name](**resolve(url).kwargs))
                    hand.press(words, to=url)
                else:
                    hand.send(url, said=words)
                found[door] = (who, left(after))
                where = hand.page.url.removeprefix(hand.url)
                assert found[door][1] or re.fullmatch(LANDS[door], where), (door, where)
    assert found == read()[PARTS[0]]
