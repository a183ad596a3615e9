"""Read a file of the future holders of numbers to allocate, one line for each number."""

from collections.abc import Iterable

from accounts.holders.new_holder import Holder
from accounts.imports.columns import Row
from accounts.imports.items import Items
from accounts.imports.lines import Wrong


def holder_of(row: Row, wrong: list[Wrong]) -> Holder | None:
    """Return the holder of the line, or None if it has no values. Append its faults to `wrong`."""
    read = Items(row, lambda column, why: wrong.append(Wrong(row.line, column, why)))
    values = {item: value for item, value in read.values.items() if value}
    return Holder(values, read.document_kind, read.proofs) if values else None


def holders_of(rows: Iterable[Row]) -> tuple[list[Holder], list[Wrong]]:
    """Return the holder of every line, and all faults. If there are faults, the file must not be used."""
    holders: list[Holder] = []
    wrong: list[Wrong] = []
    for row in rows:
        wrong += [Wrong(row.line, column, why) for column, why in row.wrong]
        holders.append(holder_of(row, wrong) or Holder({}))
    return holders, wrong
