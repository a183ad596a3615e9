"""Judge numbers that are requested by their digits: whether each may be handed out, and who must agree (T4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.allocation.supply import OPEN
from accounts.allocation.terms import Terms, check_pool
from accounts.lifecycle import PREMIUM_FROM_TIER, L
from accounts.models import Number
from accounts.premium.policy import FUNCTION, NEVER_PUBLIC
from accounts.quarantine.queries import HELD
from accounts.resources.policy import HANDING, SUPERVISED_FROM_TIER, Pool
from qqops.core.errors import Invalid

_JUDGED = f"""
SELECT g.id, coalesce(r.pool, ''), coalesce(n.tier, {FUNCTION}(g.id)), n.id IS NOT NULL,
  coalesce(n.lifecycle, r.state, ''), coalesce({OPEN.format(channel="g.channel", price="g.price")}, false),
  n.id IS NOT NULL AND n.protection <> '', n.id IS NOT NULL AND {HELD}
FROM unnest(%(numbers)s::bigint[], %(channels)s::varchar[], %(prices)s::integer[])
  WITH ORDINALITY g(id, channel, price, k)
LEFT JOIN accounts_number n ON n.id = g.id
LEFT JOIN accounts_numberrange r ON r.numbers @> g.id ORDER BY g.k"""


@dataclass(frozen=True, slots=True)
class Named:
    number: int
    pool: str  # "" if it is in no range
    tier: int
    recycled: bool  # it has a row
    why: str = ""  # the reason not to hand it out, or ""

    @property
    def supervised(self) -> bool:
        return not self.why and self.tier >= SUPERVISED_FROM_TIER


def judge(numbers: Sequence[int], terms: Sequence[Terms], *, lock: bool = False) -> list[Named]:
    """Judge each number for the terms at the same position. With `lock`, lock their rows first."""
    if lock:  # in key order, as every act does, so that acts cannot deadlock
        rows = Number.objects.filter(pk__in=numbers).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk"))
    params: dict[str, Any] = {
        "numbers": list(numbers),
        "channels": [one.channel for one in terms],
        "prices": [one.price for one in terms],
        "today": timezone.localdate(),
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_JUDGED, params)
        return [
            Named(number, pool, tier, row, _why(pool, tier, state, is_open, kept, held))
            for number, pool, tier, row, state, is_open, kept, held in cursor.fetchall()
        ]


def _why(pool: str, tier: int, state: str, is_open: bool, kept: bool, held: bool) -> str:
    if not pool:
        return _("it lies in no range")
    if state != L.AVAILABLE:
        return _("it is “%(state)s”") % {"state": L(state).label}
    if kept:
        return _("it is protected")
    if held:
        return _("something holds it")
    try:
        check_pool(pool)
    except Invalid as error:
        return str(error)
    if tier >= NEVER_PUBLIC:
        return _("nobody hands out a number of its tier")
    if tier >= PREMIUM_FROM_TIER and tier > HANDING[Pool(pool)].named:
        return _("it is premium, and its pool hands out none")
    if not is_open:
        return _("its range is not open to this channel on such terms")
    return ""


def must_be_free(found: Sequence[Named]) -> None:
    """Raise Invalid for the first number that may not be handed out."""
    wrong = [one for one in found if one.why]
    if wrong:
        values = {"number": wrong[0].number, "why": wrong[0].why}
        raise Invalid(_("%(number)d is not handed out: %(why)s. Nothing was done.") % values)
