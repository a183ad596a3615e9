"""Trying every ciphertext that lies anywhere with every key that is left, for all that it may have been sealed for."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings

from accounts.disclosures.policy import PAPERS
from accounts.identity.formats import Field
from accounts.models import DataRequest, Disclosure, Release, Tenure
from appeals.messages import sealed_text
from appeals.models import Appeal
from enforcement.models import EvidenceFile
from qqops.crypto import seal
from qqops.crypto.models import WrappedKey
from qqops.crypto.seal import KEY, NONCE, CannotOpen, DataKey
from tests.hunt.tables import cells, tables

SHORTEST = NONCE + 16 + 1
APPEALS = (sealed_text.STATEMENT, sealed_text.CONTACT, sealed_text.MESSAGE, sealed_text.EVIDENCE, sealed_text.RULING)
OF_IDENTITIES = ("accounts_identity", "accounts_historicalidentity", "accounts_registrant")


def everything_opened() -> list[bytes]:
    """All that can still be read."""
    keys, purposes = list(_keys()), {True: list(_of_tenures()), False: list(_of_cases())}
    return [
        plain
        for table in tables()
        for content in _sealed(table)
        for plain in _opened(content, keys, purposes[table.removeprefix("public.") in OF_IDENTITIES])
    ]


def _sealed(table: str) -> set[bytes]:
    """What may be a ciphertext: the hashes of the record and of the search are as long as a key."""
    return {
        content for _column, content in cells(table, only=bytes) if len(content) >= SHORTEST and len(content) != KEY
    }


def _opened(content: bytes, keys: list[DataKey], purposes: list[str]) -> Iterator[bytes]:
    for key in keys:
        for purpose in purposes:
            try:
                yield key.open(content, purpose)
            except CannotOpen:
                continue


def _keys() -> Iterator[DataKey]:
    yield from map(DataKey, seal.read_keys(settings.QQOPS_SEAL_KEYS).values())
    for model in apps.get_models():
        if issubclass(model, WrappedKey):
            rows: Any = model._default_manager.all()
            yield from (row.in_hand() for row in rows)


def _of_tenures() -> Iterator[str]:
    for pk in Tenure.objects.values_list("pk", flat=True):
        yield from (f"identity:{pk}:{field}" for field in Field.values)


def _of_cases() -> Iterator[str]:
    for pk in Disclosure.objects.values_list("pk", flat=True):
        yield from (f"disclosure:{pk}:{part}" for part in ("statement", "scope", *(f"scan:{p}" for p in PAPERS)))
    for pk in DataRequest.objects.values_list("pk", flat=True):
        yield from (f"data_request:{pk}:{part}" for part in ("statement", "value"))
    for pk in EvidenceFile.objects.values_list("pk", flat=True):
        yield from (f"evidence:{pk}:{part}" for part in ("name", "content"))
    for pk in Appeal.objects.values_list("pk", flat=True):
        yield from (sealed_text.purpose(pk, part) for part in APPEALS)
    yield from (f"release:{pk}" for pk in Release.objects.values_list("pk", flat=True))
