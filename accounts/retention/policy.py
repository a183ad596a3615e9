"""The retention period of each class of data, and its legal basis.

Data sealed under a key of its own ends with that key. A hold, an open request or a running measure keeps it longer.
This module imports no other module of the project.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

IDENTITY, LOGINS, DATA_REQUESTS, DISCLOSURES, RELEASES, REGISTERS, RECORD = (
    "identity", "logins", "data_requests", "disclosures", "releases", "registers", "record"
)  # fmt: skip


DAY = datetime.timedelta(days=1)
LOGS = 184 * DAY  # the minimum for logs: any six months (Cybersecurity Law 23(3))


@dataclass(frozen=True)
class Retention:
    label: Any
    keep: datetime.timedelta | None  # None: as long as the operator exists
    after: Any  # the event that starts the period, in words
    basis: Any
    with_identity: bool  # erased with the identity that it is about, even before its own period is over
    is_log: bool = False

    def __post_init__(self) -> None:
        if self.is_log and self.keep is not None and self.keep < LOGS:
            raise ValueError(f"{self.label}: logs are kept for {LOGS.days} days at least, not for {self.keep.days}")


CLASSES: dict[str, Retention] = {
    IDENTITY: Retention(
        _("identity information and initial registrant"),
        180 * DAY,  # the time for objecting to a measure (clause 11)
        _("the end of the tenure"),
        _("PIPL 19 and 47; the time for objections"),
        with_identity=True,
    ),
    LOGINS: Retention(
        _("first and last logins"),
        LOGS,
        _("the end of the tenure"),
        _("Cybersecurity Law 23(3): logs are kept for six months"),
        with_identity=False,
        is_log=True,
    ),
    DATA_REQUESTS: Retention(
        _("statements of data requests"),
        3 * 365 * DAY,
        _("the end of the request"),
        _("PIPL 50; three years for claims"),
        with_identity=True,
    ),
    DISCLOSURES: Retention(
        _("statements and scans of disclosure requests"),
        3 * 365 * DAY,
        _("the end of the request"),
        _("Network Data Regulation 12; three years for claims"),
        with_identity=True,  # once every person whom they are about is erased
    ),
    RELEASES: Retention(
        _("files handed out"),
        30 * DAY,
        _("the release"),
        _("PIPL 19: the person who asked has it by then"),
        with_identity=True,  # once every person whom it is about is erased
    ),
    REGISTERS: Retention(
        _("registers of requests and disclosures, without what was said"),
        None,
        "",
        _("PIPL 54 and 56; Network Data Regulation 12"),
        with_identity=False,
    ),
    RECORD: Retention(
        _("the record: who did what, when and why, without personal values"),
        None,
        "",
        _("Cybersecurity Law 23(3); PIPL 51 and 54"),
        with_identity=False,
        is_log=True,
    ),
}
KEPT = tuple(code for code, one in CLASSES.items() if not one.with_identity and one.keep is None)


def over_since(code: str, now: datetime.datetime) -> datetime.datetime:
    """Return `now` minus the retention period: data that ended or was released before that time is due."""
    return now - _keep(code)


def kept_until(code: str, start: datetime.datetime) -> datetime.datetime:
    """Return the end of the retention period that begins at `start`."""
    return start + _keep(code)


def _keep(code: str) -> datetime.timedelta:
    keep = CLASSES[code].keep
    if keep is None:
        raise LookupError(f"{code} is kept as long as the house")
    return keep
