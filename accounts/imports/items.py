"""The items of identity information that a line tells, each in its one form, and which of them were verified."""

import datetime
import unicodedata
from collections.abc import Callable

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from accounts.identity.formats import DocumentKind, Field, normalise
from accounts.identity.services import Proof
from accounts.imports.columns import PROOF, Row
from accounts.models import Identity, Verification
from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data

TAKEN_AWAY = "-"
KINDS = {
    "身份证": DocumentKind.RESIDENT,
    "居民身份证": DocumentKind.RESIDENT,
    "居住证": DocumentKind.RESIDENT,
    "护照": DocumentKind.PASSPORT,
    "统一社会信用代码": DocumentKind.CREDIT_CODE,
} | {kind.value: kind for kind in DocumentKind}
FOLDED_MAX = 60  # characters of a number, a code, a moment
SOURCE_MAX = 80
SINCE = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)  # nothing was verified before there was anything


class Items:
    """What the cells of a line tell; `fault(column, why)` takes what is wrong. `identity`: what is known already."""

    def __init__(self, row: Row, fault: Callable[[str, str], None], identity: Identity | None = None) -> None:
        self._row, self._fault, self._faults, self._identity = row, fault, 0, identity
        kind = self._kind()
        self.values = self._values(kind)
        self.proofs = self._proofs()
        # Without a document the kind says nothing, and telling it would look like a change each time.
        self.document_kind = kind or "" if self.values.get("document") else ""

    def fault(self, column: str, why: str) -> None:
        self._faults += 1
        self._fault(column, why)

    def _values(self, kind: str | None) -> dict[str, str | None]:
        known = self._identity.document_kind if self._identity and "document" not in self._row.cells else ""
        values: dict[str, str | None] = {}
        for item in Field:
            text = self._row.cells.get(item, "")
            if folded(text) == TAKEN_AWAY:
                values[item] = None
            elif text.startswith("="):
                self.fault(item, _("The cell holds a formula: put its value in its place."))
            elif text and kind is not None:
                try:
                    values[item] = normalise(item, text, kind or known)
                except Invalid as error:
                    self.fault(item, str(error))
        return values

    def _kind(self) -> str | None:
        """The kind of document; None when it is none, and what depends on it cannot be read."""
        text = self._row.cells.get("document_kind", "")
        if not text:
            return ""
        kind = KINDS.get(folded(text).lower())
        if kind is None:
            known = ", ".join(DocumentKind.values)
            self.fault(
                "document_kind", _("There is no such kind of document; there are: %(kinds)s.") % {"kinds": known}
            )
        return kind

    def _proofs(self) -> dict[str, Proof]:
        found = {}
        for item in Field:
            method, at, source = (self._row.cells.get(f"{item}_verified_{part}", "") for part in PROOF)
            if not (method or at or source):
                continue
            known = getattr(self._identity, item, None)
            if item not in self._row.cells and known is None or item in self.values and self.values[item] is None:
                self.fault(f"{item}_verified_method", _("There is nothing here that could have been verified."))
            elif proof := self._proof(item, method, at, source):
                found[item.value] = proof
        return found

    def _proof(self, item: str, method: str, at: str, source: str) -> Proof | None:
        so_far = self._faults
        if method not in Verification.Method.values:
            known = ", ".join(Verification.Method.values)
            self.fault(f"{item}_verified_method", _("There is no such method; there are: %(methods)s.") % {
                "methods": known})  # fmt: skip
        moment = moment_of(at)
        if moment is None:
            why = _("Write when it was verified, not in the future, as in 2026-01-31 or 2026-01-31 18:00.")
            self.fault(f"{item}_verified_at", why)
        self._say(f"{item}_verified_source", source)
        basis = self._row.cells.get("basis", "")
        if basis:
            self._say("basis", basis)
        if self._faults > so_far or moment is None:
            return None
        return Proof(method, source, moment, basis)

    def _say(self, column: str, text: str) -> None:
        """A text that stands on the record in clear."""
        if not text or len(text) > SOURCE_MAX or not text.isprintable():
            self.fault(column, _("Write whose word it is, in at most %(n)d characters.") % {"n": SOURCE_MAX})
            return
        try:
            no_personal_data(text)
        except Invalid as error:
            self.fault(column, str(error))


def folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:FOLDED_MAX]).strip()


def moment_of(text: str) -> datetime.datetime | None:
    """A moment between the first registration and now; a date is its beginning in Shanghai."""
    text = folded(text)
    try:
        moment = parse_datetime(text)
        if moment is None and (day := parse_date(text)):
            moment = datetime.datetime.combine(day, datetime.time())
        if moment is None or not SINCE.year <= moment.year < 9999:
            return None
    except ValueError:
        return None
    moment = moment if timezone.is_aware(moment) else timezone.make_aware(moment)
    return moment if moment <= timezone.now() else None
