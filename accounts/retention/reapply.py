"""Erase again, after a backup is restored, the identities that were erased since the backup."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from django.conf import settings

from accounts.models import Erasure, Identity, Tenure
from accounts.retention.erasure import erase
from accounts.retention.erasure_list import Line
from accounts.rights.queries import legally_held
from qqops.staff.models import Staff

ERASE, GONE, UNKNOWN, HELD = "erase", "gone", "unknown", "held"


def reapply(
    lines: Iterable[Line], *, actor: Staff, apply: bool, done: Callable[[int], None] = lambda n: None
) -> Counter[str]:
    """Erase the identities that the list names. Return how many are to erase, gone already, unknown, and held.

    Grounds that keep an identity in the restored database do not count: they had ended when it was erased. Legal holds
    do count: a person, not a command, must find out whether one was lifted.
    """
    found = Counter[str]()
    for chunk in _chunks(lines):
        wanted = {(line.number, line.seq) for line in chunk}
        rows = Tenure.objects.filter(number__in={number for number, _seq in wanted})
        known = [pk for pk, number, seq in rows.values_list("pk", "number_id", "seq") if (number, seq) in wanted]
        there = list(Identity.objects.filter(pk__in=known, erased_at=None).values_list("pk", flat=True))
        left = len(legally_held(there))
        found += Counter({ERASE: len(there) - left, GONE: len(known) - len(there), HELD: left})
        found += Counter({UNKNOWN: len(wanted) - len(known)})
        if apply:
            erase(there, basis=Erasure.Basis.REAPPLIED, actor=actor, reason="")
        done(len(chunk))
    return found


def _chunks(lines: Iterable[Line]) -> Iterator[list[Line]]:
    rest = iter(lines)
    while chunk := list(islice(rest, settings.QQOPS_CHUNK)):
        yield chunk
