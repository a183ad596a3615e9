"""Registry of the steps that build the demo. Each app registers its own in its module `demo`."""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.module_loading import autodiscover_modules

from qqops.staff.models import Staff


@dataclass(frozen=True)
class Wish:
    """The parameters of a demo build."""

    numbers: int
    setup: Staff  # the system actor of the build


Step = Callable[[Wish], str]
_steps: list[Step] = []


def step(build: Step) -> Step:
    """Register a step. Steps run in the order of INSTALLED_APPS.

    A step changes nothing that exists, and returns a sentence that says what it created.
    """
    _steps.append(build)
    return build


def steps() -> list[Step]:
    autodiscover_modules("demo")
    return list(_steps)
