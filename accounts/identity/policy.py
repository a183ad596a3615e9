"""What information a registration needs, and how old it may grow: 4.1(a)-(c) as data, beside the law.

A table and nothing else: services and pages ask it.
"""

import datetime
from dataclasses import dataclass

from accounts.identity.formats import Field


@dataclass(frozen=True)
class Requirement:
    since: datetime.date  # of registrations from this day on
    fields: tuple[Field, ...]
    verified: tuple[Field, ...]  # of them, what has to be real identity (Cybersecurity Law 26)


F = Field
# The latest row that began before the registration counts. Real names since the Cybersecurity Law of 2017-06-01.
REQUIREMENTS = (
    Requirement(datetime.date(1999, 1, 1), (F.MOBILE,), ()),
    Requirement(datetime.date(2017, 6, 1), (F.NAME, F.DOCUMENT, F.MOBILE), (F.DOCUMENT, F.MOBILE)),
)

YEAR = datetime.timedelta(days=365)
# A line is given to somebody else sooner or later (domain.md §4); the rest changes more rarely.
STALE_AFTER = {F.MOBILE: 2 * YEAR, F.EMAIL: 3 * YEAR, F.NAME: 10 * YEAR, F.DOCUMENT: 10 * YEAR}


def requirement(registered: datetime.date) -> Requirement:
    return [row for row in REQUIREMENTS if row.since <= registered][-1]
