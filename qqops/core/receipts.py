"""Receipt numbers 回执编号: unguessable, readable over the phone, and checked by their last character.

`R`, the day, a letter for the kind, six characters without I, L, O and U, and a check character (ISO 7064 Mod 37,36):
a slip of one character, or two swapped, is told before anything is looked up.
"""

import datetime
import secrets
from collections.abc import Callable, Collection, Sequence

from django.utils import timezone
from stdnum.iso7064 import mod_37_36

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 17
_HEARD = str.maketrans("ILOU", "110V")  # as they are heard, or read off paper


def new(kind: str, day: datetime.date | None = None) -> str:
    """A receipt number of today, or of that day; `kind` is one letter (D data request, J disclosure …).

    There are 2^30 of a kind a day: where tens of thousands are drawn, some are drawn twice. See `several`.
    """
    day = day or timezone.localdate()
    bits = secrets.randbits(30)
    drawn = "".join(ALPHABET[bits >> 5 * n & 31] for n in range(6))
    body = f"R{day:%Y%m%d}{kind}{drawn}"
    # A check character that would be read as another is drawn anew.
    check = mod_37_36.calc_check_digit(body)
    return body + check if check in ALPHABET else new(kind, day)


def several(kinds: Sequence[str], taken: Callable[[Sequence[str]], Collection[str]]) -> list[str]:
    """One for each of these kinds, none twice; `taken` says which of some are in use."""
    day, found = timezone.localdate(), list[str]()
    while len(found) < len(kinds):
        drawn = [new(kind, day) for kind in kinds[len(found) :]]
        used = {*found, *taken(drawn)}
        for receipt in drawn:
            if receipt in used:
                break  # this one and those after it are drawn anew
            used.add(receipt)
            found.append(receipt)
    return found


def read(text: str) -> str | None:
    """The receipt number that was typed or heard, or None when it is none."""
    folded = "".join(text.split()).replace("-", "").upper()
    folded = folded[:10] + folded[10:].translate(_HEARD)
    if len(folded) != LENGTH or not folded.isascii() or not folded.isalnum():
        return None
    return folded if mod_37_36.is_valid(folded) else None
