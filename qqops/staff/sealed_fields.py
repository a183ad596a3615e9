"""Registers the secrets of second factors for key rotation. They are sealed under QQOPS_SEAL_KEYS directly."""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from allauth.mfa.models import Authenticator

from qqops.crypto import rotation, seal

PURPOSE = "staff.second-factor"
# The keys of Authenticator.data that hold sealed texts: app secret, seed of recovery codes, migrated codes.
ONE, MANY = ("secret", "seed"), ("migrated_codes",)


class SecondFactors:
    """The rows of django-allauth that hold sealed texts, for key rotation."""

    table: str = Authenticator._meta.db_table

    def under(self) -> Mapping[str, int]:
        found: Counter[str] = Counter()
        for data in _sealed().values_list("data", flat=True):
            found.update({seal.key_of(text) for text in _texts(data)})
        return found

    def anew(self, after: Any, size: int) -> list[Any]:
        first, done = seal.first(), list[Any]()
        for one in _sealed().filter(pk__gt=after or 0).order_by("pk").select_for_update(no_key=True):
            if any(seal.key_of(text) != first for text in _texts(one.data)):
                Authenticator.objects.filter(pk=one.pk).update(data=_mapped(one.data, _reseal))
                done.append(one.pk)
            if len(done) == size:
                break
        return done


def _sealed() -> Any:
    return Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)  # a passkey stores no secret


def _texts(data: Mapping[str, Any]) -> list[str]:
    return [data[name] for name in ONE if name in data] + [text for name in MANY for text in data.get(name, ())]


def _mapped(data: Mapping[str, Any], change: Callable[[str], str]) -> dict[str, Any]:
    one = {name: change(data[name]) for name in ONE if name in data}
    many = {name: [change(text) for text in data[name]] for name in MANY if name in data}
    return {**data, **one, **many}


def _reseal(text: str) -> str:
    return seal.seal(seal.unseal(text, PURPOSE), PURPOSE)


rotation.also(SecondFactors())
