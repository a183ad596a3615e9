"""Capped row counts for the sidebar and the overview, all in one query.

Every page needs them. Compiling the statement takes many times longer than running it, so it is compiled once for
each set of permissions. Placeholders for the staff member and the time are filled in at each call.
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

_PLACEHOLDER = -(2**40)  # the key of no row; replaced by the key of the staff member at each call
_HOUR = datetime.timedelta(hours=1)
_TOLERANCE = datetime.timedelta(minutes=1)  # compiling a statement takes less


@dataclass(frozen=True, eq=False)
class Count:
    """A query whose rows are counted, up to `cap` + 1.

    The query may depend on the key and the permissions of the staff member, and on times that are a whole number of
    hours from now, and on nothing else.
    """

    rows: Callable[["Staff"], QuerySet[Any]]
    cap: int = 99

    def shown(self, found: int) -> str:
        return f"{self.cap}+" if found > self.cap else str(found)


def count_for(staff: "Staff", asked: Sequence[Count]) -> dict[Count, int]:
    """Return the number of rows of each count, at most its cap + 1."""
    sql, params = _statement(tuple(asked), staff.permissions)
    if not sql:
        return dict.fromkeys(asked, 0)
    now = timezone.now()
    filled = [
        staff.pk if one == _PLACEHOLDER else now + one if isinstance(one, datetime.timedelta) else one for one in params
    ]
    with connection.cursor() as cursor:
        cursor.execute(sql, filled)
        tally = Tally(which for (which,) in cursor.fetchall())
    return {one: tally[which] for which, one in enumerate(asked)}


@lru_cache(maxsize=256)  # sets of permissions: of roles, and of emergency access
def _statement(asked: tuple[Count, ...], permissions: frozenset[str]) -> tuple[str, tuple[Any, ...]]:
    """Return the SQL and its parameters for a set of permissions.

    The placeholder stands for the key of the staff member, and a timedelta from now for each time.
    """
    from qqops.staff.models import Staff  # models cannot be imported when this module loads

    placeholder = Staff(pk=_PLACEHOLDER)
    placeholder.permissions = permissions
    parts = [
        one.rows(placeholder).order_by().annotate(counted=Value(which)).values_list("counted")[: one.cap + 1]
        for which, one in enumerate(asked)
    ]
    if not parts:
        return "", ()
    union: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    try:
        sql, params = union.query.sql_with_params()
    except EmptyResultSet:  # these permissions see no rows at all
        return "", ()
    now = timezone.now()
    return sql, tuple(_from(now, one) if isinstance(one, datetime.date) else one for one in params)


def _from(now: datetime.datetime, moment: datetime.date) -> datetime.timedelta:
    """Return a time as whole hours from now. Raise ValueError for all others.

    A date or a working day has no fixed distance from now, so it cannot be a parameter of the cached statement.
    """
    if isinstance(moment, datetime.datetime):
        hours = round((moment - now) / _HOUR)
        if abs(moment - now - hours * _HOUR) < _TOLERANCE:
            return hours * _HOUR
    raise ValueError(f"what is counted may ask for no time but the present one, or whole hours from it: {moment}")
