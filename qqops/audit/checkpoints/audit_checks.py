"""Does the record still have the head that a checkpoint says? Of one that was kept, and of each of its own."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qqops.audit import digests
from qqops.audit.checkpoints.text import Head, UnknownKey, read
from qqops.core.errors import Invalid

if TYPE_CHECKING:
    from qqops.audit.verify.parts import Broken

# Why a checkpoint does not fit the record: codes that `audit_verify` puts into words.
HOUSE, CUT, REWRITTEN = "house", "cut", "rewritten"
_HASH = digests.event("e.prev_hash")


def misfit(cursor: Any, head: Head) -> str:
    """Why the record is not the one that the head was of, as a code; empty when it is.

    The event's hash is computed from its content, so that not even the event itself was touched.
    """
    cursor.execute(
        f"""
SELECT encode({_HASH}, 'hex'), encode(e.hash, 'hex'), (SELECT f.id FROM audit_event f ORDER BY f.seq LIMIT 1),
  (SELECT max(m.seq) FROM audit_event m)
FROM (SELECT) one LEFT JOIN audit_event e ON e.seq = {int(head.seq)}"""
    )
    computed, kept, first, last = cursor.fetchone()
    if str(first) != head.house:
        return HOUSE
    if (last or 0) < head.seq:
        return CUT
    return "" if computed == kept == head.hash else REWRITTEN


def broken(cursor: Any) -> Iterator["Broken"]:
    """The record's own checkpoints: each is signed, and fits. Without the private key none can be made anew."""
    from qqops.audit.verify.parts import Broken

    cursor.execute("SELECT seq, text FROM audit_checkpoint ORDER BY id")
    for seq, text in cursor.fetchall():
        try:
            head = read(text)
        except UnknownKey as unknown:
            yield Broken("checkpoint", "audit_checkpoint", f"seq {seq} key {unknown.name} not known")
            continue
        except Invalid:
            yield Broken("checkpoint", "audit_checkpoint", f"seq {seq} signature")
            continue
        if why := misfit(cursor, head):
            yield Broken("checkpoint", "audit_checkpoint", f"seq {seq} {why}")
