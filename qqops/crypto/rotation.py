"""A change of keys: whatever lies under another key than the first is sealed under the first anew.

In chunks of one transaction each, by primary key. At every moment each row lies under one key of QQOPS_SEAL_KEYS,
so that everything opens meanwhile; a run that was killed is gone on with by the next. Two at once share the work.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from django.apps import apps
from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.db.models import Count, ProtectedError
from django.utils import timezone

from qqops.audit import recorder
from qqops.crypto import seal
from qqops.crypto.models import RetiredKey, SealingKey, WrappedKey


class Place(Protocol):
    """A table with something in it that lies under a key of the environment."""

    @property
    def table(self) -> str: ...

    def under(self) -> Mapping[str, int]:
        """How many rows under which key."""

    def anew(self, after: Any, size: int) -> list[Any]:
        """Within a transaction: seal the next rows that need it; return their primary keys in order."""


_also: list[Place] = []


def also(place: Place) -> None:
    """Name a table with texts sealed under the environment's keys themselves (`seal.seal`); see `sealed_fields`."""
    _also.append(place)


@dataclass(frozen=True)
class WrappedKeys:
    model: type[WrappedKey]

    @property
    def table(self) -> str:
        return self.model._meta.db_table

    def under(self) -> Mapping[str, int]:
        return dict(self.model._default_manager.values_list("master").annotate(n=Count("pk")).order_by())

    def anew(self, after: Any, size: int) -> list[Any]:
        rows = self.model._default_manager.exclude(master=seal.first()).order_by("pk")
        if after is not None:
            rows = rows.filter(pk__gt=after)
        found = list(rows.select_for_update(no_key=True).values_list("pk", "master_id", "wrapped")[:size])
        if found:
            pks = [pk for pk, _name, _wrapped in found]
            self._write(pks, [self._rewrap(pk, name, bytes(wrapped)) for pk, name, wrapped in found])
            return pks
        return []

    def _rewrap(self, pk: Any, name: str, wrapped: bytes) -> bytes:
        purpose = self.model.purpose(pk)
        return seal.wrap(seal.unwrap(name, wrapped, purpose), purpose)[1]

    def _write(self, pks: list[Any], wrapped: list[bytes]) -> None:
        pk: models.Field[Any, Any] = self.model._meta.pk
        quote = connection.ops.quote_name
        with connection.cursor() as cursor:
            cursor.execute(
                f"UPDATE {quote(self.table)} live SET master = %s, wrapped = anew.wrapped"
                f" FROM unnest(%s::{pk.rel_db_type(connection)}[], %s::bytea[]) AS anew(pk, wrapped)"
                f" WHERE live.{quote(str(pk.column))} = anew.pk",
                [seal.first(), pks, wrapped],
            )


def places() -> list[Place]:
    return [*(WrappedKeys(m) for m in apps.get_models() if issubclass(m, WrappedKey)), *_also]


def under() -> dict[str, dict[str, int]]:
    """Of each table: how many rows lie under which key."""
    return {place.table: dict(place.under()) for place in places()}


def elsewhere(found: Mapping[str, Mapping[str, int]]) -> Counter[str]:
    """How many rows lie under which key that is not the first."""
    total: Counter[str] = Counter()
    for rows in found.values():
        total.update(rows)
    del total[seal.first()]
    return total


def idle(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The keys in use, the first aside, under which nothing lies."""
    total = elsewhere(found)
    others = SealingKey.objects.exclude(pk=seal.first()).order_by("pk").values_list("pk", flat=True)
    return [name for name in others if not total[name]]


def removable(found: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The keys that may be taken out of QQOPS_SEAL_KEYS: retired, and nothing came to lie under them since."""
    total, given = elsewhere(found), seal.read_keys(settings.QQOPS_SEAL_KEYS)
    retired = RetiredKey.objects.filter(pk__in=given).order_by("pk").values_list("pk", flat=True)
    return [name for name in retired if not total[name]]


def rotate(*, actor: models.Model, progress: Callable[[int], None]) -> int:
    """Seal everything under the first key; return how many rows it was."""
    rows = 0
    for place in places():
        after = None
        while done := _chunk(place, after, actor):
            after, rows = done[-1], rows + len(done)
            progress(len(done))
    return rows


def _chunk(place: Place, after: Any, actor: models.Model) -> list[Any]:
    with transaction.atomic():
        done = place.anew(after, settings.QQOPS_CHUNK)
        if done:
            facts = {"to": seal.first(), "rows": len(done), "what": place.table}
            with recorder.act("seal.rotated", actor=actor, reason="", facts=facts):
                pass
    return done


def retire(*, actor: models.Model) -> list[str]:
    """Let go of the keys under which nothing lies; which. None of them may seal again."""
    return [name for name in idle(under()) if _retired(name, actor)]


def _retired(name: str, actor: models.Model) -> bool:
    # What another process sealed meanwhile keeps the key: its reference to it, not the count above, decides.
    with suppress(ProtectedError, IntegrityError), transaction.atomic():
        deleted, _by_model = SealingKey.objects.filter(pk=name).delete()
        if not deleted:
            return False
        RetiredKey.objects.create(name=name, at=timezone.now())
        with recorder.act("seal.retired", actor=actor, reason="", facts={"key": name}):
            pass
        return True
    return False
