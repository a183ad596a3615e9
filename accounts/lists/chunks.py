"""Split the rows of a file into chunks, and hash a chunk to detect changes between two readings."""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import islice

from accounts.imports.columns import Row


def chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    source = iter(rows)
    while chunk := list(islice(source, size)):
        yield chunk


def digest(chunk: list[Row]) -> bytes:
    return hashlib.sha256(repr([(row.line, row.cells, row.wrong) for row in chunk]).encode()).digest()
