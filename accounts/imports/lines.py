"""One line of a file of identity information: whose it is, and what it tells in the one form of each item."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.identity.queries import identity_of
from accounts.identity.services import Told, closed_to_change
from accounts.imports.columns import Row
from accounts.imports.items import FOLDED_MAX, Items, folded
from accounts.models import Tenure
from accounts.numbers.parsing import parse
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

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
        self.target = target_of(text)
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
        read = Items(self.row, self.fault, identity)
        if not self.wrong and self.tenure:
            self.told = Told(self.tenure.pk, read.values, read.document_kind, read.proofs)


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


def target_of(text: str) -> Target | None:
    """The number, and the tenure where one is named (10001/2); None where there is no number here."""
    number, slash, seq = folded(text).partition("/") if len(text) <= FOLDED_MAX else ("", "", "")
    if slash and not (seq.isascii() and seq.isdigit()):
        return None
    try:
        return parse(number), int(seq) if slash else None
    except Invalid:
        return None
