"""One line of a file of identity information: whose it is, and what it tells in the one form of each item."""

import datetime
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

from accounts.identity.formats import DocumentKind, Field, normalise
from accounts.intake import PROOF, Row
from accounts.models import Identity, Tenure, Verification
from accounts.numbers import parse
from accounts.queries.declared import own_numbers
from accounts.queries.identity import identity_of
from accounts.services.identity import Proof, Told, closed_to_change
from qqops.audit.personal import no_personal_data
from qqops.errors import Invalid
from qqops.staff.models import Staff

TAKEN_AWAY = "-"
KINDS = {
    "身份证": DocumentKind.RESIDENT,
    "居民身份证": DocumentKind.RESIDENT,
    "居住证": DocumentKind.RESIDENT,
    "护照": DocumentKind.PASSPORT,
    "统一社会信用代码": DocumentKind.CREDIT_CODE,
} | {kind.value: kind for kind in DocumentKind}
TARGET_MAX = 60  # characters; a number is shorter
SOURCE_MAX = 80
SINCE = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC)  # nothing was verified before there was anything

Target = tuple[int, int | None]  # the number, and which of its tenures: None is the live one


@dataclass(frozen=True)
class Wrong:
    line: int
    column: str
    why: str


class Line:
    """One line, what it is about, and what it tells."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.target: Target | None = None
        self.tenure: Tenure | None = None
        self.told: Told | None = None
        self.own = 0
        self.wrong = [Wrong(row.line, column, why) for column, why in row.wrong]

    def fault(self, column: str, why: str) -> None:
        self.wrong.append(Wrong(self.row.line, column, why))

    def aim(self) -> None:
        text = self.row.cells.get("number", "")
        self.target = _target(text)
        if self.target is None and not any(column == "number" for column, _why in self.row.wrong):
            self.fault("number", _("There is no number here, nor a tenure as in 10001/2."))

    def settle(self, tenure: Tenure | None, own: set[int]) -> None:
        """Whose line it is; says why nothing may be told of him."""
        if self.target is None:
            return
        if tenure is None:
            self.fault("number", _("Nobody holds this number, or it has no such tenure."))
        elif tenure.number_id in own:
            self.own = 1
            self.fault("number", _("You declared this number as your own or a relative's: another person must act."))
        elif tenure.ended_at is not None:
            self.fault("number", _("This tenure has ended."))
        elif closed := closed_to_change(identity_of(tenure)):
            self.fault("number", _(closed))
        else:
            self.tenure = tenure

    def tell(self) -> None:
        """Put every item into its one form."""
        identity = identity_of(self.tenure) if self.tenure else None
        kind = self._kind()
        values: dict[str, str | None] = {}
        for item in Field:
            text = self.row.cells.get(item, "")
            if _folded(text) == TAKEN_AWAY:
                values[item] = None
            elif text.startswith("="):
                self.fault(item, _("The cell holds a formula: put its value in its place."))
            elif text and kind is not None:
                known = identity.document_kind if identity and "document" not in self.row.cells else ""
                try:
                    values[item] = normalise(item, text, kind or known)
                except Invalid as error:
                    self.fault(item, str(error))
        proofs = self._proofs(values, identity)
        if not self.wrong and self.tenure:
            # Without a document the kind says nothing, and telling it would look like a change each time.
            self.told = Told(self.tenure.pk, values, kind or "" if values.get("document") else "", proofs)

    def _kind(self) -> str | None:
        """The kind of document; None when it is none, and what depends on it cannot be read."""
        text = self.row.cells.get("document_kind", "")
        if not text:
            return ""
        kind = KINDS.get(_folded(text).lower())
        if kind is None:
            known = ", ".join(DocumentKind.values)
            self.fault(
                "document_kind", _("There is no such kind of document; there are: %(kinds)s.") % {"kinds": known}
            )
        return kind

    def _proofs(self, values: dict[str, str | None], identity: Identity | None) -> dict[str, Proof]:
        found = {}
        for item in Field:
            method, at, source = (self.row.cells.get(f"{item}_verified_{part}", "") for part in PROOF)
            if not (method or at or source):
                continue
            known = getattr(identity, item, None)
            if item not in self.row.cells and known is None or item in values and values[item] is None:
                self.fault(f"{item}_verified_method", _("There is nothing here that could have been verified."))
            elif proof := self._proof(item, method, at, source):
                found[item.value] = proof
        return found

    def _proof(self, item: str, method: str, at: str, source: str) -> Proof | None:
        so_far = len(self.wrong)
        if method not in Verification.Method.values:
            known = ", ".join(Verification.Method.values)
            self.fault(f"{item}_verified_method", _("There is no such method; there are: %(methods)s.") % {
                "methods": known})  # fmt: skip
        moment = _moment(at)
        if moment is None:
            why = _("Write when it was verified, not in the future, as in 2026-01-31 or 2026-01-31 18:00.")
            self.fault(f"{item}_verified_at", why)
        self._say(f"{item}_verified_source", source)
        basis = self.row.cells.get("basis", "")
        if basis:
            self._say("basis", basis)
        if len(self.wrong) > so_far or moment is None:
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


def lines_of(rows: Sequence[Row], actor: Staff) -> Iterator[Line]:
    """Each of some lines, with what is known of their tenures by two queries."""
    lines = [Line(row) for row in rows]
    for line in lines:
        line.aim()
    numbers = list({line.target[0] for line in lines if line.target})
    own = set(own_numbers(actor).filter(number__in=numbers).values_list("number", flat=True))
    known: dict[Target, Tenure] = {}
    for tenure in Tenure.objects.select_related("identity", "identity_key").filter(number__in=numbers):
        known[tenure.number_id, tenure.seq] = tenure
        if tenure.ended_at is None:
            known[tenure.number_id, None] = tenure
    for line in lines:
        line.settle(known.get(line.target) if line.target else None, own)
        line.tell()
        yield line


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text[:TARGET_MAX]).strip()


def _target(text: str) -> Target | None:
    number, slash, seq = _folded(text).partition("/") if len(text) <= TARGET_MAX else ("", "", "")
    if slash and not (seq.isascii() and seq.isdigit()):
        return None
    try:
        return parse(number), int(seq) if slash else None
    except Invalid:
        return None


def _moment(text: str) -> datetime.datetime | None:
    """A moment between the first registration and now; a date is its beginning in Shanghai."""
    text = _folded(text)
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
