"""The months of the record: the trail and the history of numbers are kept by month, and each month is made ahead.

What makes them is a function of the database that runs as the owner of the tables (sql.py): the application defines
nothing. Rows of a month that nobody made lie in a table of their own: nothing is lost and nothing is less whole, but
that month cannot be made any more while they lie there, so both are told in good time.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import DatabaseError, connection, transaction

from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import pen
from qqops.staff.models import Staff

FEWEST = 2  # months after this one; fewer are told
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Months:
    table: str
    ahead: int  # months after this one
    until: datetime | None  # the end of the last
    outside: bool  # are there rows of no month?


def state() -> list[Months]:
    """Of each table that is kept by month, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM record_months()")
        return [Months(*row) for row in cursor.fetchall()]


def make_ahead(*, actor: Staff) -> list[str]:
    """Make what is missing up to the third month after this; return the tables made.

    Who just reads the whole record is not pushed aside (sql.py): then nothing is made today, and `report` tells when it
    matters. The event comes after, as nothing may wait for the chain while it holds what the chain reads.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT record_months_ahead()")
            made = [name for (name,) in cursor.fetchall()]
    except DatabaseError:
        return []
    if made:
        with pen.act("audit.months_made", actor=actor, reason="", facts={"tables": made}):
            pass
    return made


def report(*, actor: Staff) -> None:
    """Tell, once a day, that few months lie ahead or that rows lie outside all."""
    found = state()
    few = [one.table for one in found if one.ahead < FEWEST]
    outside = [one.table for one in found if one.outside]
    for code, tables in (("months_few", few), ("months_outside", outside)):
        if tables and not raised_within(DAY, code):
            facts = {"code": code, "tables": tables}
            with pen.act("audit.months_wanting", actor=actor, reason="", facts=facts) as act:
                raise_alert(act, code, once=DAY, tables=tables)
