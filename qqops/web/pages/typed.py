"""What somebody types to narrow a list down: read into its one form, or a sentence says why it is none."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

TYPED_MAX = 80  # characters


@dataclass(frozen=True)
class Typed:
    """A field beside the fixed choices of a list. `read` raises Invalid; `where` takes what it returned; `absent` says,
    when nothing was found, whether there is no such thing at all."""

    label: "StrOrPromise"
    parameter: str
    read: Callable[[str], str]
    where: Callable[[str], Q]
    help: "StrOrPromise" = ""
    kept: bool = False  # is it kept in a saved filter? Only what can be nobody's number or address
    absent: Callable[[str], str] = lambda value: ""
    allow: Callable[[Any, str], None] = lambda staff, value: None  # Refused: it is not for this member of staff

    def cleaned(self, given: Mapping[str, str]) -> str:
        return _clean(given.get(self.parameter, ""))

    def read_or_none(self, text: str) -> str:
        """Wherever it comes from, what may be a person's is neither looked for nor kept."""
        if looks_personal(text):
            raise Invalid(_("No list is searched by an ID number, mobile or e-mail."))
        return self.read(text) if text else ""

    def taken(self, text: str) -> str:
        """Its one form; empty where it cannot be read."""
        try:
            return self.read_or_none(_clean(text))
        except Invalid:
            return ""

    def in_words(self, value: str) -> "StrOrPromise":
        return value

    def condition(self, value: str) -> Q | None:
        return self.where(value) if value else None


def _clean(text: str) -> str:
    """As a box would take it, and PostgreSQL, which has no NUL in its texts."""
    return text.replace("\0", "").strip()[:TYPED_MAX]
