"""The steps after the end of a right of use, as data: grace, purge, quarantine, re-release (10.3, 10.4).

docs/lifecycles.md has the transitions. This module imports no other module of the project.
"""

import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

DAY = datetime.timedelta(days=1)
OBJECTION = 180 * DAY  # the time for objecting to a termination (clause 11)
COOLING_OFF = 15 * DAY  # from the start of a cancellation to its end (12.1)
FEED_WAIT = 2 * DAY  # the maximum age of login data by which a number may be judged dormant
RECLAIMED = "10.3"  # a termination under this clause: not used in time, or its paid time lapsed
CANCELLED = "12.1"  # a termination under this clause is the holder's own: not restored, purged at once
GRACE = 30 * DAY  # after a termination; under 10.3 the dormancy policy sets it


class Blocker(TextChoices):
    """A reason why a holder cannot cancel a number."""

    STATE = "state", _("it is not in use")
    PROTECTED = "protected", _("protected: a supervisor must end the protection first")
    MEASURE = "measure", _("a measure is in force")
    LEGAL_HOLD = "legal_hold", _("a legal hold")
    REQUEST = "request", _("a pending request")
    APPEAL = "appeal", _("an open appeal")
    PAID = "paid", _("paid for until later")


class Confirmation(TextChoices):
    """A confirmation that another system must give before a cancellation begins."""

    BALANCE = "balance", _("no balance, no items left")
    WALLET = "wallet", _("wallet closed")
    PARTNERS = "partners", _("authorisations of partners removed")
    GROUPS = "groups", _("groups handed over")
    SUBSCRIPTIONS = "subscriptions", _("subscriptions ended")


class Service(TextChoices):
    """A service that must clear the data of the former holder before another person gets the number (5.2, 10.4)."""

    BINDINGS = "bindings", _("bindings")
    PARTNERS = "partners", _("logins to partners")
    FRIENDS = "friends", _("friends")
    QZONE = "qzone", _("Qzone")
    MAIL = "mail", _("mail")
    GROUPS = "groups", _("groups")


class Waits(TextChoices):
    """A condition that a number in quarantine waits for. All must be met before it is released."""

    QUARANTINE = "quarantine", _("the quarantine, or the time for objections, has not ended")
    HOLD = "hold", _("something holds it")
    CERTIFICATE = "certificate", _("there is no purge certificate")
    SERVICES = "services", _("a service has not confirmed that it cleared its data")
    RANGE = "range", _("it lies in no range")
