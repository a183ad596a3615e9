"""The dry run of a list, kept as it was filed: whoever is to agree sees that, and not what is so today.

It stands in the facts of the event that filed the decision: fixed with it, and read by its key however long the list.
"""

import datetime
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from accounts.quarantine.losses import Losses
from enforcement.decisions.preview import Preview
from enforcement.lists import services as lists
from enforcement.lists.number_set import Listed
from enforcement.models import Decision
from enforcement.policy import BATCH_FROM
from qqops.audit.models import Event

FACT = "dry_run"
_PLAIN = ("given", "duplicates", "will", "unknown_lines", "premium", "paid", "protected", "held", "sample")
_COUNTED = ("skipped", "shown", "suggested")

Counted = Callable[[], int | None]  # how many minors


@dataclass(frozen=True)
class Figures:
    found: Preview
    digits: Counter[int]  # how many digits → how many numbers
    minors: int | None  # None: the list is too long to open so many
    at: datetime.datetime | None = None  # when it was filed


def is_list(source_name: str | None, numbers: int) -> bool:
    """A few numbers named one by one stand on the page themselves."""
    return bool(source_name) or numbers > BATCH_FROM


def look_over(listed: Listed, found: Preview, minors: Counted | None = None) -> Figures:
    """What is to be looked over of a list. Dates of birth are opened to count the minors, unless a door has done so."""
    return Figures(found, lists.digits_of(listed), minors() if minors else lists.minors_of(listed))


def as_fact(figures: Figures) -> dict[str, Any]:
    """Codes and numbers, no words. The unknown ones are only counted: what was pasted may be somebody's mobile."""
    found = figures.found
    return {
        **{name: getattr(found, name) for name in _PLAIN},
        **{name: dict(getattr(found, name)) for name in _COUNTED},
        "digits": {str(digits): n for digits, n in sorted(figures.digits.items())},
        "minors": figures.minors,
        "losses": found.losses.as_json() if found.losses else None,
    }


def as_filed(decision: Decision) -> Figures | None:
    """None of a decision on no list, and of one older than this."""
    if not is_list(decision.source_name, decision.target_count):
        return None
    events = Event.objects.filter(decision_id=decision.pk, verb="decision.proposed").order_by("seq")
    filed = events.values_list("at", "facts").first()
    if filed is None or FACT not in filed[1]:
        return None
    at, kept = filed[0], filed[1][FACT]
    known: dict[str, Any] = {name: kept[name] for name in _PLAIN}
    known |= {name: Counter(kept[name]) for name in _COUNTED}
    found = Preview(**known, losses=Losses().add(kept["losses"]) if kept["losses"] else None)
    return Figures(found, Counter({int(digits): n for digits, n in kept["digits"].items()}), kept["minors"], at)
