"""The catalogue of verbs: what may stand on the trail, and how it reads in either language.

Each app declares its own in `events.py`. An undeclared verb raises, so the catalogue cannot drift from the code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Verb:
    code: str
    sentence: Any  # lazily translated, with %(name)s places filled from the event's facts
    labels: Mapping[str, Mapping[str, Any]]  # of facts that are codes: how each code reads

    @cached_property
    def carries(self) -> frozenset[str]:
        """The facts without which its sentence says nothing."""
        return frozenset(_PLACE.findall(str(self.sentence)))


_catalogue: dict[str, Verb] = {}
UNKNOWN = "?"  # in place of a login that nobody has: what was typed may be a password
_PLACE = re.compile(r"%\((\w+)\)s")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+([+-]\d\d:\d\d|Z)")


def declare(code: str, sentence: Any, **labels: Mapping[str, Any]) -> None:
    if code in _catalogue:
        raise ValueError(f"verb {code} is declared twice")
    _catalogue[code] = Verb(code, sentence, labels)


def get(code: str) -> Verb:
    try:
        return _catalogue[code]
    except KeyError:
        raise LookupError(f"verb {code!r} is not declared in any events.py") from None


def must_carry(code: str, facts: Mapping[str, Any]) -> None:
    """LookupError where a fact that its sentence names is not told."""
    if missing := get(code).carries - facts.keys():
        raise LookupError(f"{code} must carry {', '.join(sorted(missing))}")


def declared() -> dict[str, Verb]:
    return dict(_catalogue)


class Lenient(dict[str, Any]):
    """An old event may lack a fact that its sentence names today: say so instead of failing the page."""

    def __missing__(self, key: str) -> str:
        return "?"


def in_words(value: Any, labels: Mapping[str, Any] | None = None) -> Any:
    """A fact as staff read it: codes by their labels, moments in local time."""
    if isinstance(value, list):
        return gettext(", ").join(str(in_words(one, labels)) for one in value) or gettext("none")
    if isinstance(value, str) and _MOMENT.fullmatch(value) and (moment := parse_datetime(value)):
        return localtime(moment).strftime("%Y-%m-%d %H:%M")
    if isinstance(value, str) and labels:
        return labels.get(value, value)
    if value == UNKNOWN:
        return gettext("unknown login")
    return "–" if value is None else value


def sentence(code: str, facts: dict[str, Any]) -> str:
    """The event's sentence in the reader's language."""
    verb = _catalogue.get(code)
    if verb is None:
        return code
    if code == "audit.refused" and "why" in facts:  # a refusal keeps its message id, to be read in any language
        facts = facts | {"why": gettext(facts["why"]) % Lenient(facts.get("params") or {})}
    said = Lenient({name: in_words(value, verb.labels.get(name)) for name, value in facts.items()})
    return " ".join((str(verb.sentence) % said).split())  # a fact that is empty leaves no gap


_UNTOLD = re.compile("…(?: …)+")  # several facts in a row are left out as one


class _Untold(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "…"


def name(code: str) -> str:
    """What an act is called when none in particular is meant."""
    verb = _catalogue.get(code)
    return _UNTOLD.sub("…", " ".join((str(verb.sentence) % _Untold()).split())) if verb else code


REPORTS: dict[str, Any] = {}  # what the reports of the record are called, by name (reports.py)

declare("audit.refused", _("was refused: %(why)s"))
declare("audit.broken", _("found the record broken; rows: %(rows)s"))
declare("audit.months_made", _("made months of the record ahead: %(tables)s"))
declare("audit.months_wanting", _("found the months of the record wanting: %(tables)s"))
declare(
    "audit.reported",
    _("took out a report of the record (%(report)s) of %(since)s to %(until)s; rows: %(rows)s"),
    report=REPORTS,
)
declare("audit.exported", _("exported the trail (%(what)s): %(rows)s events"))

_RECORD = {"whole": _("whole"), "broken": _("broken"), "unverified": _("not verified")}
declare("audit.checkpoint", _("signed the head of the record: event %(seq)s, %(record)s"), record=_RECORD)
declare("audit.checkpoint_sent", _("sent the checkpoint of event %(seq)s through %(channel)s"))
declare("audit.checkpoint_unsent", _("gave up sending the checkpoint of event %(seq)s through %(channel)s: %(why)s"))
