"""Are the keys of the environment those under which the data lie; and the keys of the house itself."""

from collections.abc import Iterator, Sequence
from functools import cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.utils import timezone

from qqops.crypto import seal
from qqops.crypto.models import HouseKey, RetiredKey, SealingKey

SEARCH = "search"  # of the hashes by which an exact value is found
PROOF = "proof"  # of the signatures on what leaves the house
HOUSE_KEYS = (SEARCH, PROOF)
CHECK = b"qqops"


class UnfitKeys(ImproperlyConfigured):
    """QQOPS_SEAL_KEYS does not open what is sealed here; says which key is wrong, and never a key itself."""


def check() -> None:
    """Raise UnfitKeys unless every key in use is there and the right one, and the first one may seal."""
    _check(list(SealingKey.objects.order_by("pk")))


def _check(registered: Sequence[SealingKey]) -> None:
    if problems := list(_problems(registered)):
        raise UnfitKeys("QQOPS_SEAL_KEYS does not fit this database: " + "; ".join(problems) + ".")


def _problems(registered: Sequence[SealingKey]) -> Iterator[str]:
    given = seal.read_keys(settings.QQOPS_SEAL_KEYS)
    for row in registered:
        if row.name not in given:
            yield f"the key {row.name} is missing, and data are sealed under it"
            continue
        try:
            seal.unwrap(row.name, bytes(row.check_value), SealingKey._meta.db_table)
        except seal.CannotOpen:
            yield f"the key named {row.name} is not the one that sealed the data under this name"
    first = next(iter(given))
    if RetiredKey.objects.filter(pk=first).exists():
        yield f"the key {first} was retired: put the newer key in front of it"


def register() -> None:
    """Have the first key known here before anything is sealed under it."""
    registered = list(SealingKey.objects.order_by("pk"))
    _check(registered)
    if seal.first() in {row.name for row in registered}:
        return
    name, check_value = seal.wrap(CHECK, SealingKey._meta.db_table)
    SealingKey.objects.bulk_create(
        [SealingKey(name=name, check_value=check_value, since=timezone.now())], ignore_conflicts=True
    )
    check()  # of two processes with different keys of one name, the first to come was registered


def ready() -> None:
    """Asked by whatever may seal or open, before it does: the keys fit, and the first is registered. Looks once."""
    _ready(str(connection.settings_dict["NAME"]), settings.QQOPS_SEAL_KEYS)


@cache
def _ready(database: str, given: str) -> None:
    register()


_rests: list[tuple[str, type[models.Model]]] = []


def rests_on(name: str, model: type[models.Model]) -> None:
    """Name a table whose rows are of less use without this key of the house; see `<app>/sealed_fields.py`."""
    _rests.append((name, model))


def settle() -> None:
    """After each migration: the first key is registered, and the house has its own.

    A key of the house that went missing is told: with another in its place nobody would be found any more, and no
    proof would hold, in silence.
    """
    forget()
    ready()
    absent = missing()
    for name, model in _rests:
        if name in absent and model._default_manager.exists():
            raise UnfitKeys(
                f"The house key {name} is missing, and {model._meta.db_table} rests on it. See docs/keys.md."
            )
    make(absent)


def missing() -> list[str]:
    there = set(HouseKey.objects.values_list("pk", flat=True))
    return [name for name in HOUSE_KEYS if name not in there]


def make(names: Sequence[str]) -> None:
    HouseKey.objects.bulk_create([HouseKey.fresh(name)[1] for name in names], ignore_conflicts=True)


def house_key(name: str) -> bytes:
    """32 bytes; read once by each process, as it never changes."""
    return _house_key(str(connection.settings_dict["NAME"]), name)


@cache
def _house_key(database: str, name: str) -> bytes:
    return HouseKey.objects.get(pk=name).raw()


def forget() -> None:
    _house_key.cache_clear()
    _ready.cache_clear()
