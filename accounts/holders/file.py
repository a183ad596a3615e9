"""A file of those who are to hold numbers that are handed out: one line for each number."""

from collections.abc import Iterable

from accounts.holders.new_holder import Holder
from accounts.imports.columns import Row
from accounts.imports.items import Items
from accounts.imports.lines import Wrong


def holder_of(row: Row, wrong: list[Wrong]) -> Holder | None:
    """Who the line tells of, and all that is wrong with it; None for nobody."""
    read = Items(row, lambda column, why: wrong.append(Wrong(row.line, column, why)))
    values = {item: value for item, value in read.values.items() if value}
    return Holder(values, read.document_kind, read.proofs) if values else None


def holders_of(rows: Iterable[Row]) -> tuple[list[Holder], list[Wrong]]:
    """Every line's holder, and every fault; where there are faults the file is not to be used."""
    holders: list[Holder] = []
    wrong: list[Wrong] = []
    for row in rows:
        wrong += [Wrong(row.line, column, why) for column, why in row.wrong]
        holders.append(holder_of(row, wrong) or Holder({}))
    return holders, wrong
