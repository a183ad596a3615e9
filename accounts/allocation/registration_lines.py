"""One line of a file of registrations: its id, its number or pool, its terms, and its holder."""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.allocation.requested_numbers import judge
from accounts.allocation.terms import (
    Charge,
    Terms,
    charge_of,
    check_pool,
    faults,
    identified,
    must_be_named,
    none_in_force,
)
from accounts.declarations.queries import declared_by_anybody
from accounts.holders.file import holder_of
from accounts.holders.new_holder import Holder, must_be_identified
from accounts.imports.columns import Row
from accounts.imports.items import moment_of
from accounts.imports.lines import Wrong
from accounts.models import Registration, RuleVersion
from accounts.numbers.parsing import parse
from accounts.resources.policy import CHANNELS, Pool
from accounts.rulebook.queries import versions_in_force
from qqops.core.errors import Invalid
from qqops.core.personal_data import looks_personal

ID_MAX = 80
InForce = Callable[[datetime.datetime], RuleVersion | None]


@dataclass
class Line:
    """A parsed line with all its faults. `known`: the number of a registration that is recorded already."""

    row: Row
    wrong: list[Wrong]
    registration: str = ""
    number: int | None = None
    pool: str = ""
    terms: Terms | None = None
    holder: Holder | None = None
    known: int | None = None
    recycled: bool = False

    def fault(self, column: str, why: str) -> None:
        self.wrong.append(Wrong(self.row.line, column, why))


def lines_of(rows: Sequence[Row], *, lock: bool = False) -> list[Line]:
    """Parse and check these rows, with a fixed number of queries for all of them. With `lock`, lock their numbers."""
    in_force = versions_in_force()
    lines = [_read(row, in_force) for row in rows]
    given = [line.registration for line in lines if line.registration]
    known = dict(
        Registration.objects.filter(registration_id__in=given).values_list("registration_id", "tenure__number")
    )
    for line in lines:
        line.known = known.get(line.registration)
        if line.known and line.number not in (None, line.known):
            line.fault("number", _("This registration has another number already."))
        if line.terms:
            for column, fault in faults(line.terms, known=line.known is not None):
                line.fault(column, str(fault))
            _match(line, line.terms.rules)
    _judge(
        [one for one in lines if one.number and not one.known and one.terms and one.terms.channel in CHANNELS],
        lock=lock,
    )
    for line in lines:
        _identify(line)
    return lines


def _read(row: Row, in_force: InForce) -> Line:
    line = Line(row, [Wrong(row.line, column, why) for column, why in row.wrong])
    cells = row.cells
    named = cells.get("registration", "")
    if not named or len(named) > ID_MAX or not named.isprintable():  # not sent to the database
        line.fault("registration", _("Name the registration, in at most %(n)d characters.") % {"n": ID_MAX})
    else:
        line.registration = named
        if looks_personal(named):
            line.fault("registration", _("A reference holds no personal data."))
    if text := cells.get("number", ""):
        try:
            line.number = parse(text)
        except Invalid:
            line.fault("number", _("There is no number here."))
    line.pool = cells.get("pool", "" if "number" in cells else Pool.PUBLIC.value)
    if line.pool:
        try:
            check_pool(line.pool)
        except Invalid as error:
            line.fault("pool", str(error))
    line.terms = _terms(line, in_force)
    line.holder = holder_of(row, line.wrong)
    return line


def _terms(line: Line, in_force: InForce) -> Terms | None:
    cells = line.row.cells
    at = moment_of(cells.get("registered_at", ""))
    if at is None:
        line.fault("registered_at", _("Write when it was registered, not in the future, as in 2026-01-31 18:00."))
        return None
    rules = in_force(at)
    if rules is None:
        line.fault("rules", str(none_in_force()))
        return None
    charge = _charge(line)
    return Terms(cells.get("channel", ""), cells.get("reference", ""), cells.get("accepted", ""), rules, at, charge)


def _match(line: Line, in_force: RuleVersion) -> None:
    """Check the rulebook version of a new registration.

    A known registration was checked when it was recorded, and other versions may have been published since.
    """
    if line.known:
        return
    try:
        must_be_named(line.row.cells.get("rules", ""), in_force)
    except Invalid as error:
        line.fault("rules", str(error))


def _charge(line: Line) -> Charge | None:
    order, price, until = (line.row.cells.get(name, "") for name in ("order", "price", "paid_until"))
    if not (order or price or until):
        return None
    try:
        return charge_of(order, price, until)
    except Invalid as error:
        line.fault("price", str(error))
        return None


def _judge(lines: Sequence[Line], *, lock: bool) -> None:
    numbers = [line.number for line in lines if line.number]
    terms = [line.terms for line in lines if line.terms]
    declared = declared_by_anybody(numbers)
    for line, found in zip(lines, judge(numbers, terms, lock=lock), strict=True):
        if found.why:
            line.fault("number", _("This number is not handed out: %(why)s.") % {"why": found.why})
        elif found.number in declared:  # a file has no human actor, so separation of duties cannot be checked
            line.fault("number", _("Somebody of the staff declared this number: it is allocated by a person."))
        elif found.supervised:
            line.fault("number", _("A number of this tier is handed out when a supervisor has agreed."))
        elif line.pool not in ("", found.pool):
            line.fault("pool", _("The number is of another pool."))
        line.pool, line.recycled = found.pool, found.recycled


def _identify(line: Line) -> None:
    """Require a verified identity if the pool needs one (4.1(c))."""
    if line.wrong or line.known or line.terms is None or not identified({line.pool}):
        return
    try:
        must_be_identified(line.holder)
    except Invalid as error:
        line.fault("", str(error))
