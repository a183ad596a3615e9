"""What a new version of the rules changes, clause by clause. Pure.

Clauses are matched by number; headings are not compared (12.6: they mean nothing).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Protocol

# Latin words and figures stay whole, Chinese goes by character; a character keeps its combining marks and variants.
TOKENS = re.compile(r"[A-Za-z0-9]+|\s+|.[\u0300-\u036f\ufe00-\ufe0f\U000e0100-\U000e01ef]*", re.DOTALL)
SAME, ADDED, REMOVED = "=", "+", "-"


class ClauseLike(Protocol):
    @property
    def number(self) -> str: ...

    @property
    def text(self) -> str: ...


@dataclass(frozen=True)
class Piece:
    op: str
    text: str


@dataclass(frozen=True)
class Change:
    number: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True)
class Diff:
    added: tuple[ClauseLike, ...]
    removed: tuple[ClauseLike, ...]
    changed: tuple[Change, ...]
    same: int

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


def compare(old: Sequence[ClauseLike], new: Sequence[ClauseLike]) -> Diff:
    before, after = {c.number: c.text for c in old}, {c.number for c in new}
    changed = [
        Change(c.number, tuple(pieces(before[c.number], c.text)))
        for c in new
        if c.number in before and before[c.number] != c.text
    ]
    added = tuple(c for c in new if c.number not in before)
    return Diff(
        added=added,
        removed=tuple(c for c in old if c.number not in after),
        changed=tuple(changed),
        same=len(new) - len(added) - len(changed),
    )


def pieces(old: str, new: str) -> Iterator[Piece]:
    """The pieces of both texts in reading order: without REMOVED they spell the new one, without ADDED the old."""
    a, b = TOKENS.findall(old), TOKENS.findall(new)
    # autojunk would treat the commonest characters of a long clause as noise.
    for op, a1, a2, b1, b2 in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if op == "equal":
            yield Piece(SAME, "".join(a[a1:a2]))
            continue
        if a2 > a1:
            yield Piece(REMOVED, "".join(a[a1:a2]))
        if b2 > b1:
            yield Piece(ADDED, "".join(b[b1:b2]))
