"""How many rows there are of what a person is told of: in one query, and no further than is shown.

Every page asks, for the sidebar. Making the statement costs many times what it takes to run, so it is made once for
each set of rights; who asks, and the moment, are filled in.
"""

import datetime
from collections import Counter as Tally
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Value
from django.utils import timezone

if TYPE_CHECKING:
    from qqops.staff.models import Staff

_ANYBODY = -(2**40)  # the key of nobody: where it stands in the statement, the key of who asks is filled in
_HOUR = datetime.timedelta(hours=1)
_MAKING = datetime.timedelta(minutes=1)  # making a statement takes less


@dataclass(frozen=True, eq=False)
class Count:
    """The rows are found by who asks, his rights and the moment alone, or one whole hours from it; of them no more are
    counted than `cap` + 1."""

    rows: Callable[["Staff"], QuerySet[Any]]
    cap: int = 99

    def shown(self, found: int) -> str:
        return f"{self.cap}+" if found > self.cap else str(found)


def count_for(staff: "Staff", asked: Sequence[Count]) -> dict[Count, int]:
    """Return how many rows there are of each."""
    sql, params = _statement(tuple(asked), staff.permissions)
    if not sql:
        return dict.fromkeys(asked, 0)
    now = timezone.now()
    filled = [
        staff.pk if one == _ANYBODY else now + one if isinstance(one, datetime.timedelta) else one for one in params
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, filled)
        tally = Tally(which for (which,) in cursor.fetchall())
    return {one: tally[which] for which, one in enumerate(asked)}


@lru_cache(maxsize=256)  # the sets of rights that there are: of roles, and of emergencies
def _statement(asked: tuple[Count, ...], permissions: frozenset[str]) -> tuple[str, tuple[Any, ...]]:
    """The statement, and its parameters as for anybody with these rights, with how far from now for each moment."""
    from qqops.staff.models import Staff  # this module is loaded before any model may be

    anybody = Staff(pk=_ANYBODY)
    anybody.permissions = permissions
    parts = [
        one.rows(anybody).order_by().annotate(counted=Value(which)).values_list("counted")[: one.cap + 1]
        for which, one in enumerate(asked)
    ]
    if not parts:
        return "", ()
    union: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    try:
        sql, params = union.query.sql_with_params()
    except EmptyResultSet:  # nobody with these rights is told of anything
        return "", ()
    now = timezone.now()
    return sql, tuple(_from(now, one) if isinstance(one, datetime.date) else one for one in params)


def _from(now: datetime.datetime, moment: datetime.date) -> datetime.timedelta:
    """A day, or a working day, is not kept: what it is from now is not so at another hour."""
    if isinstance(moment, datetime.datetime):
        hours = round((moment - now) / _HOUR)
        if abs(moment - now - hours * _HOUR) < _MAKING:
            return hours * _HOUR
    raise ValueError(f"what is counted may ask for no time but the present one, or whole hours from it: {moment}")
