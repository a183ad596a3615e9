"""How long each class of data is kept, and why: read it beside the law. Nothing here imports the house.

What is kept under a key of its own goes with that key; a hold, an open case or a running measure keeps it longer.
"""

import datetime
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

IDENTITY, LOGINS, DATA_REQUESTS, DISCLOSURES, RELEASES, REGISTERS, RECORD = (
    "identity", "logins", "data_requests", "disclosures", "releases", "registers", "record"
)  # fmt: skip


DAY = datetime.timedelta(days=1)
LOGS = 184 * DAY  # at least: six months, however long they are (Cybersecurity Law 23(3))


@dataclass(frozen=True)
class Retention:
    label: Any
    keep: datetime.timedelta | None  # None: as long as the house
    after: Any  # what the time runs from
    basis: Any
    with_identity: bool  # goes with the identity it is about, even when its own time is not over
    is_log: bool = False

    def __post_init__(self) -> None:
        if self.is_log and self.keep is not None and self.keep < LOGS:
            raise ValueError(f"{self.label}: logs are kept for {LOGS.days} days at least, not for {self.keep.days}")


CLASSES: dict[str, Retention] = {
    IDENTITY: Retention(
        _("identity information and initial registrant"),
        180 * DAY,  # the window in which a measure may still be objected to (clause 11)
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
        with_identity=True,  # where everybody whom they are about has been erased
    ),
    RELEASES: Retention(
        _("files handed out"),
        30 * DAY,
        _("the release"),
        _("PIPL 19: the person who asked has it by then"),
        with_identity=True,  # where everybody whom it is about has been erased
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
    """What ended, or was handed out, before this moment has been kept for long enough."""
    return now - _keep(code)


def kept_until(code: str, start: datetime.datetime) -> datetime.datetime:
    """The end of the time that runs from this moment."""
    return start + _keep(code)


def _keep(code: str) -> datetime.timedelta:
    keep = CLASSES[code].keep
    if keep is None:
        raise LookupError(f"{code} is kept as long as the house")
    return keep
