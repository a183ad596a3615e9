"""Every address of the house, out of its URL map, each with an object to stand on."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, URLResolver, get_resolver, reverse

from enforcement.policy import Kind


class Address(NamedTuple):
    name: str  # as it stands in the table
    url: str


def routes(patterns: Any = None, namespace: str = "", path: str = "/") -> Iterator[tuple[str, str]]:
    """Each route of the URL map as (name, route); an unnamed one has its route as its name."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        route = path + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, f"{one.namespace}:" if one.namespace else namespace, route)
        else:
            assert isinstance(one, URLPattern)
            yield (namespace + one.name if one.name else route), route


def addresses(samples: dict[str, Callable[[], list[Address]] | list[Any]]) -> list[Address]:
    """An address for each route. One with parameters needs a sample: its arguments, or the addresses themselves."""
    found: list[Address] = []
    for name, route in routes():
        sample = samples.get(name)
        if callable(sample):
            found += sample()
        elif sample is not None:
            found.append(Address(name, reverse(name, args=sample)))
        elif "<" not in route:
            found.append(Address(name, reverse(name) if not name.startswith("/") else name))
        else:
            raise LookupError(f"{name} has parameters: give it a sample in tests/permissions/samples.py")
    return found


def acts(number: int) -> list[Address]:
    """The pages of the acts on a number; what undoes a decision has a page of its own."""
    kinds = [kind.value for kind in Kind if kind != Kind.UNDO]
    return [Address(f"admin:act {kind}", f"{reverse('admin:act', args=[kind])}?number={number}") for kind in kinds]
