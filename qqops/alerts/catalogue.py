"""The catalogue of alerts: what the house raises, how urgent it is, and how it reads in either language.

The building's own kinds stand at the end; an app above declares its own in its `events.py`, beside the verb of the
act that raises it. An undeclared kind raises, so the catalogue cannot drift from the code.
"""

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from qqops.audit.event_catalogue import Lenient, in_words
from qqops.staff.policy import ROLE_LABELS


class Level(models.TextChoices):
    INFO = "info", _("for information")
    WARNING = "warning", _("needs a look")
    CRITICAL = "critical", _("urgent")


@dataclass(frozen=True)
class Kind:
    code: str
    sentence: Any  # lazily translated, with %(name)s places filled from the alert's facts
    level: Level
    name: Any  # the same in two or three words, without places: filters, and subjects of mails


MESSAGES = ("label", "what")  # facts that are message ids (gettext_noop), to be read in any language

_catalogue: dict[str, Kind] = {}


def declare(code: str, sentence: Any, level: Level, *, name: Any) -> None:
    if code in _catalogue:
        raise ValueError(f"alert {code} is declared twice")
    _catalogue[code] = Kind(code, sentence, level, name)


def get(code: str) -> Kind:
    try:
        return _catalogue[code]
    except KeyError:
        raise LookupError(f"alert {code!r} is not declared") from None


def declared() -> dict[str, Kind]:
    return dict(_catalogue)


def name(code: str) -> str:
    """What kind of alert it is, in the reader's language."""
    kind = _catalogue.get(code)
    return str(kind.name) if kind else code


def sentence(code: str, facts: dict[str, Any]) -> str:
    """The alert's sentence in the reader's language."""
    kind = _catalogue.get(code)
    return str(kind.sentence) % Lenient({key: _shown(key, facts[key]) for key in facts}) if kind else code


def _shown(key: str, value: Any) -> Any:
    if key in MESSAGES and isinstance(value, str) and value:
        return gettext(value)
    return in_words(value, ROLE_LABELS if key == "role" else None)


declare(
    "record_broken",
    _("The record is broken: %(rows)s rows, in %(tables)s. Repair nothing by hand."),
    Level.CRITICAL,
    name=_("record broken"),
)
declare(
    "months_failed",
    _("Months of the record could not be made: %(why)s. They are tried again each day; what is written without a month"
      " is part of the record all the same (docs/keeping.md)."),
    Level.WARNING,
    name=_("months of the record not made"),
)  # fmt: skip
declare(
    "months_few",
    _("Few months of the record are made ahead, in %(tables)s. `manage.py migrate` makes them."),
    Level.WARNING,
    name=_("months of the record missing"),
)
declare(
    "months_outside",
    _("Rows of the record lie outside its months, in %(tables)s: docs/keeping.md says how to give them one."),
    Level.WARNING,
    name=_("rows outside the months"),
)
declare(
    "checkpoint_unsent",
    _("The checkpoint of event %(seq)s did not leave by %(channel)s (%(why)s): keep a copy outside by hand."),
    Level.WARNING,
    name=_("checkpoint not sent"),
)
declare(
    "late",
    _("Late: %(label)s. Last seen: %(since)s; due every %(minutes)s minutes at least."),
    Level.CRITICAL,
    name=_("something is late"),
)
declare(
    "break_glass",
    _("%(who)s took the role %(role)s in an emergency, until %(until)s."),
    Level.WARNING,
    name=_("emergency access"),
)
declare(
    "break_glass_overdue",
    _("Nobody has reviewed the emergency access of %(who)s to the role %(role)s."),
    Level.CRITICAL,
    name=_("emergency access not reviewed"),
)
declare(
    "locked_out",
    _("Too many failed sign-ins: %(login)s is locked out."),
    Level.WARNING,
    name=_("locked out"),
)
declare(
    "locked_out_code",
    _("Somebody gave the right password of %(login)s and too many wrong codes: others may know the password."),
    Level.WARNING,
    name=_("locked out after the right password"),
)
declare(
    "locked_out_address",
    _("Too many failed sign-ins from one address: it is locked out."),
    Level.WARNING,
    name=_("address locked out"),
)
declare(
    "quota",
    _("%(who)s reached the limit of %(what)s."),
    Level.WARNING,
    name=_("limit reached"),
)
declare(
    "reset",
    _("%(login)s is given a new way in, approved by %(who)s: whoever is not asked for it is to say so."),
    Level.WARNING,
    name=_("new way in"),
)
