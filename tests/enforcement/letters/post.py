"""Short words for letters in tests: the notice of a decision, a text with one thing wrong, the worker's round."""

from collections import Counter
from typing import Any

from enforcement.decisions.services import Report
from enforcement.letters.render import Draft, Rendered
from enforcement.letters.shipped import BY_CODE
from enforcement.models import Decision, Notice
from enforcement.notices.delivery import deliver, letter_of
from enforcement.policy import Letter
from qqops.staff.models import Staff


def notice_of(decided: Report | Decision, **more: Any) -> Notice:
    decision = decided.decision if isinstance(decided, Report) else decided
    people = ("tenure__number", "tenure__identity", "tenure__registrant", "tenure__identity_key")
    return Notice.objects.select_related(*people).get(decision=decision, **more)


def letter(decided: Report | Decision, **more: Any) -> Rendered:
    return letter_of(notice_of(decided, **more))[1]


def round_of_worker(**more: Any) -> Counter[str]:
    return deliver(actor=Staff.objects.system("system-worker"), **more)


def draft(letter: Letter = Letter.FREEZE, **changed: str) -> Draft:
    """The shipped text of this letter, with these parts put in the place of its own."""
    shipped = BY_CODE[letter]
    texts = {name: getattr(shipped, name) for name in ("subject_zh", "body_zh", "subject_en", "body_en")}
    return Draft.of(letter.value, **(texts | changed))


def with_more(text: str, letter: Letter = Letter.FREEZE) -> Draft:
    """The shipped text with this at the end of the English body."""
    return draft(letter, body_en=f"{BY_CODE[letter].body_en}\n{text}")
