"""Is the record whole? Recompute the chain and the digests, and hold live rows against their history.

Everything is computed in SQL from the rows as they are now; whatever was changed, removed, added or re-ordered
behind the application's back is named, each row of it. `parts` are what is computed, `together` does it on several
connections; docs/record.md tells what is proved by it.
"""

from collections.abc import Iterator
from typing import Any

from django.db import connection, transaction

from qqops.audit.checkpoints import audit_checks as proof
from qqops.audit.verify import parts
from qqops.audit.verify.parts import SESSION, Broken, also, named

__all__ = ["Broken", "also", "checks", "digests", "parts", "verify"]


def verify() -> Iterator[Broken]:
    """Yield every broken row, in one consistent snapshot of the database and on one connection."""
    with transaction.atomic(), connection.cursor() as cursor:
        # The snapshot must not move between checks.
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield from checks(cursor)


def checks(cursor: Any) -> Iterator[Broken]:
    """Every check, in the transaction of the cursor."""
    cursor.execute(SESSION)
    gone = parts.missing(cursor)
    yield from gone
    if parts.can_look(gone):
        yield from proof.broken(cursor)
    for part in parts.every(gone=gone):
        yield from named(cursor, part)


def digests(cursor: Any) -> Iterator[Broken]:
    """That of the digests alone."""
    cursor.execute(SESSION)
    for part in parts.every():
        if part.what == "digest":
            yield from named(cursor, part)
