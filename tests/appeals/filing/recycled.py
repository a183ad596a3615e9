"""A number that somebody holds after another: the first lost it, it was cleared, released and handed out anew."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from accounts.allocation.services import allocate
from accounts.models import Number, NumberRange, Tenure
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, wish
from tests.accounts.quarantine.steps import cleared, later, quarantined, released
from tests.cast import make_numbers

ONE = 203_164_111


@contextmanager
def recycled(supply: Callable[..., NumberRange], resources: Staff, folder: Path) -> Iterator[tuple[Number, Tenure]]:
    """The number, and the tenure of its second holder, at the time when it is his."""
    supply(203_164_000, 203_164_999, "test")
    make_numbers([ONE])
    quarantined([ONE])
    with later(days=31 + 181):
        cleared(folder, [ONE])
        assert released() == {"available": 1}
        allocate(wish(), actor=resources, reason=WHY)
        one = Number.objects.select_related("tenure").get(pk=ONE)
        assert one.tenure is not None and one.tenure.seq == 2
        yield one, one.tenure
