"""The catalogue of verbs: what may stand on the trail, and how it reads in either language.

Each app declares its own in `<app>/verbs.py`. An undeclared verb raises, so the catalogue cannot drift from the code.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Verb:
    code: str
    sentence: Any  # lazily translated, with %(name)s places filled from the event's facts


_catalogue: dict[str, Verb] = {}


def declare(code: str, sentence: Any) -> None:
    if code in _catalogue:
        raise ValueError(f"verb {code} is declared twice")
    _catalogue[code] = Verb(code, sentence)


def get(code: str) -> Verb:
    try:
        return _catalogue[code]
    except KeyError:
        raise LookupError(f"verb {code!r} is not declared in any verbs.py") from None


def declared() -> dict[str, Verb]:
    return dict(_catalogue)


class _Lenient(dict[str, Any]):
    """An old event may lack a fact that its sentence names today: say so instead of failing the page."""

    def __missing__(self, key: str) -> str:
        return "?"


def sentence(code: str, facts: dict[str, Any]) -> str:
    """The event's sentence in the reader's language."""
    verb = _catalogue.get(code)
    if "why" in facts:  # a refusal keeps its message id, to be read in any language
        facts = facts | {"why": gettext(facts["why"]) % _Lenient(facts.get("params") or {})}
    return str(verb.sentence) % _Lenient(facts) if verb else code


declare("audit.refused", _("was refused: %(why)s"))
