"""The months of the record: the trail and the history of numbers are kept by month, and each month is made ahead.

What makes them is a function of the database that runs as the owner of the tables (sql.py): the application defines
nothing. Rows of a month that nobody made lie in a table of their own: nothing is lost and nothing is less whole, but
that month cannot be made any more while they lie there, so both are told in good time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.staff.models import Staff

FEWEST = 2  # months after this one; fewer are told
DAY = timedelta(days=1)
LOCKED = "55P03"  # somebody reads the whole record: no fault before it matters


@dataclass(frozen=True)
class Months:
    table: str
    ahead: int  # months after this one
    until: datetime | None  # the end of the last
    outside: bool  # are there rows of no month?


@dataclass(frozen=True)
class Fault:
    table: str
    month: str  # the table of the month that was not made
    code: str  # PostgreSQL's
    why: str


class Made(NamedTuple):
    tables: list[str]
    faults: list[Fault]


def state() -> list[Months]:
    """Of each table that is kept by month, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM record_months()")
        return [Months(*row) for row in cursor.fetchall()]


def make_ahead(*, actor: Staff) -> Made:
    """Make what is missing up to the third month after this.

    Who just reads the whole record is not pushed aside (sql.py): then nothing is made of that table today, and `report`
    tells when it matters. The event comes after, as nothing may wait for the chain while it holds what the chain reads.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT parent, made, code, fault FROM record_months_ahead()")
        found = cursor.fetchall()
    made = [name for _parent, name, code, _fault in found if code is None]
    if made:
        with recorder.act("audit.months_made", actor=actor, reason="", facts={"tables": made}):
            pass
    return Made(made, [Fault(*one) for one in found if one[2] is not None])


def report(faults: Sequence[Fault] = (), *, actor: Staff) -> None:
    """Tell, once a day, which month could not be made and why, that few lie ahead, or that rows lie outside all."""
    found = state()
    few = [one.table for one in found if one.ahead < FEWEST]
    outside = [one.table for one in found if one.outside]
    failed = [one for one in faults if one.code != LOCKED or one.table in few]
    _tell("months_failed", [one.month for one in failed], actor, why=[f"{one.month}: {one.why}" for one in failed])
    _tell("months_few", few, actor)
    _tell("months_outside", outside, actor)


def _tell(code: str, tables: list[str], actor: Staff, **more: Any) -> None:
    if not tables or raised_within(DAY, code):
        return
    facts = {"code": code, "tables": tables, **more}
    with recorder.act("audit.months_wanting", actor=actor, reason="", facts=facts) as act:
        raise_alert(act, code, once=DAY, tables=tables, **more)
