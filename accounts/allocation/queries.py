"""The ranges from which a registration would take its number, with their use and their share of premium numbers."""

from dataclasses import dataclass

from django.db.models import Q
from django.utils import timezone

from accounts.lifecycle import L
from accounts.models import NumberRange
from accounts.resources.queries import Density, Use, density_of, use_of

SHOWN = 10  # ranges


@dataclass(frozen=True)
class Source:
    range: NumberRange
    use: Use
    density: Density


def open_ranges(pool: str, channel: str, *, price: int | None) -> list[Source]:
    """Return the first SHOWN ranges open to such a registration, in the order in which numbers are taken from them."""
    found = NumberRange.objects.filter(
        Q(opens_on__isnull=True) | Q(opens_on__lte=timezone.localdate()),
        Q(channels=[]) | Q(channels__contains=[channel]),
        Q(price__isnull=True) if price is None else Q(price__isnull=True) | Q(price__lte=price),
        pool=pool,
        state=L.AVAILABLE,
    )
    ranges = list(found.order_by("numbers")[:SHOWN])
    uses = use_of([one.pk for one in ranges])
    return [Source(one, uses[one.pk], density_of(one)) for one in ranges]
