"""The demo: each app builds its part. Refused in production."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

from qqops.staff.models import Staff


@dataclass(frozen=True)
class Wish:
    numbers: int
    setup: Staff  # the system actor who builds it


Step = Callable[[Wish], str]
_steps: list[Step] = []


def step(build: Step) -> Step:
    """Register a step; steps run in the order of the apps. Each changes nothing that exists and says what it did."""
    _steps.append(build)
    return build


def steps() -> list[Step]:
    autodiscover_modules("demo")
    return list(_steps)
