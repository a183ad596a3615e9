"""What is said in an appeal: sealed under the appeal's own key, and opened for whoever hears it (DESIGN §6).

No list, trail or history shows it. When nothing turns on the appeal any more its key goes, and the words with it.
"""

import datetime
import hashlib
import uuid
from functools import cached_property

from django.utils.translation import gettext as _

from appeals.models import Appeal, AppealEvidence, AppealKey, Message, Ruling
from qqops.core.errors import Invalid
from qqops.crypto.seal import DataKey

STATEMENT, CONTACT, MESSAGE, EVIDENCE, RULING = "statement", "contact", "message", "evidence", "ruling"


def purpose(appeal: int, part: str) -> str:
    return f"appeal:{appeal}:{part}"


def sealed(key: DataKey, appeal: int, part: str, text: str | bytes) -> bytes:
    raw = text.encode() if isinstance(text, str) else text
    return key.seal(raw, purpose(appeal, part))


def sha256_of(text: str | bytes) -> str:
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def key_of(appeal: Appeal) -> DataKey:
    """The key, to seal more under it; Invalid when it is gone."""
    return in_hand(AppealKey.objects.filter(pk=appeal.pk).first())


def in_hand(found: AppealKey | None) -> DataKey:
    if found is None:
        raise Invalid(_("What was said in this appeal is no longer kept; file another one. Nothing was done."))
    return found.in_hand()


def new_message(
    appeal: Appeal,
    kind: Message.Kind,
    text: str,
    *,
    key: DataKey,
    maker: int,
    at: datetime.datetime,
    event: uuid.UUID,
    pk: int,
) -> Message:
    """A message to be inserted, its text sealed."""
    return Message(
        pk=pk, appeal_id=appeal.pk, kind=kind, text=sealed(key, appeal.pk, MESSAGE, text), sha256=sha256_of(text),
        maker_id=maker, at=at, event_id=event,
    )  # fmt: skip


def contact_of(appeal: Appeal, key: DataKey) -> str:
    """How the appellant is reached, with the key at hand."""
    return key.open(bytes(appeal.contact), purpose(appeal.pk, CONTACT)).decode() if appeal.contact else ""


class Words:
    """What was said in an appeal, opened when it is asked for; nothing of it where its key is gone."""

    def __init__(self, appeal: Appeal) -> None:
        self.appeal = appeal

    @cached_property
    def key(self) -> DataKey | None:
        found = AppealKey.objects.filter(pk=self.appeal.pk).first()
        return found.in_hand() if found else None

    @property
    def is_kept(self) -> bool:
        return self.key is not None

    @property
    def statement(self) -> str:
        return self._open(STATEMENT, self.appeal.statement)

    @property
    def contact(self) -> str:
        return self._open(CONTACT, self.appeal.contact)

    def of_message(self, message: Message) -> str:
        return self._open(MESSAGE, message.text)

    def of_evidence(self, item: AppealEvidence) -> str:
        return self._open(EVIDENCE, item.statement)

    def of_ruling(self, ruling: Ruling) -> str:
        return self._open(RULING, ruling.text)

    def file(self, item: AppealEvidence) -> bytes | None:
        if self.key is None or item.content is None:
            return None
        return self.key.open(bytes(item.content), purpose(self.appeal.pk, EVIDENCE))

    def _open(self, part: str, text: bytes | memoryview | None) -> str:
        if self.key is None or text is None:
            return ""
        return self.key.open(bytes(text), purpose(self.appeal.pk, part)).decode()
