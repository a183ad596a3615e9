"""What a case says in words: sealed under a key of its own, as free text may name people (DESIGN §6).

Who may see the case reads it there, as the facts of a decision; no list, trail or history shows it. When nothing turns
on the case any more its key goes (enforcement/evidence/retention.py), and the words with it.
"""

from collections.abc import Iterable
from functools import cached_property

from django.utils.translation import gettext as _

from enforcement.models import Case, CaseEvidence, CaseKey
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.crypto.seal import DataKey

WHAT, CONCLUSION, EVIDENCE = "what", "conclusion", "evidence"


def begin(case: Case, what: str, act: recorder.Act) -> None:
    """Insert a new case, and what was found under a new key of its own."""
    key, row = CaseKey.fresh(case.pk)
    case.what = key.seal(what.strip().encode(), _purpose(case, WHAT))
    case.save(force_insert=True)
    row.save(force_insert=True)
    act.wrote(recorder.history_model(Case))


def sealed(case: Case, part: str, texts: Iterable[str]) -> list[bytes]:
    """Words to be added to a case; Invalid when its key is gone."""
    key = Words(case).key
    if key is None:
        raise Invalid(_("What this case says cannot be read any more: open another one. Nothing was done."))
    return [key.seal(text.strip().encode(), _purpose(case, part)) for text in texts]


class Words:
    """What a case says, opened when it is asked for; nothing of it where its key is gone."""

    def __init__(self, case: Case) -> None:
        self.case = case

    @cached_property
    def key(self) -> DataKey | None:
        found = CaseKey.objects.filter(pk=self.case.pk).first()
        return found.in_hand() if found else None

    @property
    def what(self) -> str:
        return self._open(WHAT, self.case.what)

    @property
    def conclusion(self) -> str:
        return self._open(CONCLUSION, self.case.conclusion)

    def evidence(self, most: int | None = None) -> list[str]:
        """The facts; files are told by their hash."""
        found = CaseEvidence.objects.filter(case=self.case, file=None).order_by("pk")
        if self.key is None:
            return []
        return [self._open(EVIDENCE, one) for one in found.values_list("statement", flat=True)[:most]]

    def _open(self, part: str, text: bytes | memoryview | None) -> str:
        if self.key is None or text is None:
            return ""
        return self.key.open(bytes(text), _purpose(self.case, part)).decode()


def _purpose(case: Case, part: str) -> str:
    return f"case:{case.pk}:{part}"
