"""What waits for whom, counted: in one query, and no further than is shown.

Every page asks for the counts of the sidebar. Making their statement costs many times what it takes to run, so it is
made once for each set of rights; who asks, and the moment, are filled in.
"""

import datetime
from collections import Counter as Tally
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet, Value
from django.utils import timezone

from qqops.panels import Item

if TYPE_CHECKING:
    from qqops.staff.models import Staff

CAP = 99  # a sidebar never counts further than it can show
OVERDUE = "overdue:"  # before an item's name, in what is counted: of what waits there, what is late
_ANYBODY = -(2**40)  # the key of nobody: where it stands in the statement, the key of who asks is filled in
_NOW = datetime.timedelta(minutes=1)  # making a statement takes less


def waiting_for(staff: "Staff", items: Sequence[Item]) -> dict[str, int]:
    """Count all items by URL name."""
    names, sql, params = _statement(tuple(items), staff.permissions)
    if not sql:
        return dict.fromkeys(names, 0)
    now = timezone.now()
    filled = [staff.pk if one == _ANYBODY else now if isinstance(one, datetime.datetime) else one for one in params]
    with connection.cursor() as cursor:
        cursor.execute(sql, filled)
        tally = Tally(which for (which,) in cursor.fetchall())
    return {name: tally[which] for which, name in enumerate(names)}


def count(sets: Sequence[QuerySet[Any]], cap: int = CAP) -> list[int]:
    """Count the rows of each set, no further than one past the cap, all in one query."""
    tally = Tally(which for (which,) in _union(sets, cap)) if sets else Tally[int]()
    return [tally[which] for which in range(len(sets))]


def _union(sets: Sequence[QuerySet[Any]], cap: int) -> QuerySet[Any, Any]:
    parts = [
        rows.order_by().annotate(counted=Value(which)).values_list("counted")[: cap + 1]
        for which, rows in enumerate(sets)
    ]
    union: QuerySet[Any, Any] = parts[0].union(*parts[1:], all=True) if len(parts) > 1 else parts[0]
    return union


@lru_cache(maxsize=256)  # the sets of rights that there are: of roles, and of emergencies
def _statement(items: tuple[Item, ...], permissions: frozenset[str]) -> tuple[list[str], str, tuple[Any, ...]]:
    """What is counted, the statement, and its parameters as for anybody with these rights.

    An item counts by who asks, his rights and the moment alone (`panels.sidebar`). A moment other than the present one
    would stay as it was: an item that asks for one raises.
    """
    from qqops.staff.models import Staff  # this module is loaded before any model may be

    anybody = Staff(pk=_ANYBODY)
    anybody.permissions = permissions
    asked = [(item.url_name, item.count) for item in items]
    asked += [(OVERDUE + item.url_name, item.overdue) for item in items]
    counted = [(name, rows(anybody)) for name, rows in asked if rows is not None]
    names = [name for name, _rows in counted]
    try:
        sql, params = _union([rows for _name, rows in counted], CAP).query.sql_with_params() if counted else ("", ())
    except EmptyResultSet:  # nothing of it can wait for anybody with these rights
        sql, params = "", ()
    now = timezone.now()
    for one in params:
        if isinstance(one, datetime.date) and not (isinstance(one, datetime.datetime) and abs(now - one) < _NOW):
            raise ValueError(f"a count of the sidebar may ask for no time but the present one: {one}")
    return names, sql, params
