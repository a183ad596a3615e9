"""Whose evidence somebody may open for the appeals that he hears: registered with the app that keeps it."""

from collections.abc import Iterable

from appeals.policy import APPROVE
from appeals.queries import in_hand, rulings_inbox
from enforcement.cases.queries import hears
from qqops.staff.models import Staff


def decisions_heard(staff: Staff) -> Iterable[int]:
    """Of what he has in hand, and of the rulings that wait for his agreement."""
    heard = set(in_hand(staff).values_list("decision", flat=True))
    if staff.has_perm(APPROVE):
        heard |= set(rulings_inbox(staff).values_list("appeal__decision", flat=True))
    return heard - {None}


hears(decisions_heard)
