"""Tables of the information that a registration needs, and of the age at which it is outdated (4.1(a)–(c))."""

import datetime
from dataclasses import dataclass

from accounts.identity.formats import Field


@dataclass(frozen=True)
class Requirement:
    since: datetime.date  # applies to registrations from this day on
    fields: tuple[Field, ...]
    verified: tuple[Field, ...]  # the fields that must be verified (Cybersecurity Law 26)


F = Field
# The latest row whose day is not after the registration applies. The Cybersecurity Law requires real names from
# 2017-06-01 on.
REQUIREMENTS = (
    Requirement(datetime.date(1999, 1, 1), (F.MOBILE,), ()),
    Requirement(datetime.date(2017, 6, 1), (F.NAME, F.DOCUMENT, F.MOBILE), (F.DOCUMENT, F.MOBILE)),
)

YEAR = datetime.timedelta(days=365)
# Carriers reassign mobile numbers; the other items change more rarely.
STALE_AFTER = {F.MOBILE: 2 * YEAR, F.EMAIL: 3 * YEAR, F.NAME: 10 * YEAR, F.DOCUMENT: 10 * YEAR}


def requirement(registered: datetime.date) -> Requirement:
    return [row for row in REQUIREMENTS if row.since <= registered][-1]
