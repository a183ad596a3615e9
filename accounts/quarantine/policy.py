"""What follows the end of a right of use: grace, purge, quarantine, re-release (10.3, 10.4; domain.md §7, T13-T19).

Data that a lawyer reads beside the Rules; nothing here imports the house.
"""

import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

DAY = datetime.timedelta(days=1)
OBJECTION = 180 * DAY  # the window in which a termination may be objected to (clause 11): DESIGN §4
COOLING_OFF = 15 * DAY  # T14-T16
FEED_WAIT = 2 * DAY  # how old, at most, what is known of logins may be where somebody is judged for not logging in
RECLAIMED = "10.3"  # a termination under this clause: not used in time, or its paid time lapsed
CANCELLED = "12.1"  # a termination under this clause is the holder's own: not restored, purged at once (T16)
GRACE = 30 * DAY  # after a termination; one under 10.3 has the grace of its policy


class Blocker(TextChoices):
    """What keeps a holder from cancelling (T14)."""

    STATE = "state", _("it is not in use")
    PROTECTED = "protected", _("protected: a supervisor must end the protection first")
    MEASURE = "measure", _("a measure is in force")
    LEGAL_HOLD = "legal_hold", _("a legal hold")
    REQUEST = "request", _("a pending request")
    APPEAL = "appeal", _("an open appeal")
    PAID = "paid", _("paid for until later")


class Confirmation(TextChoices):
    """What the other systems must have said before a cancellation begins: we do not hold it ourselves."""

    BALANCE = "balance", _("no balance, no items left")
    WALLET = "wallet", _("wallet closed")
    PARTNERS = "partners", _("authorisations of partners removed")
    GROUPS = "groups", _("groups handed over")
    SUBSCRIPTIONS = "subscriptions", _("subscriptions ended")


class Service(TextChoices):
    """What must have been cleared of the former holder before somebody else gets the number (5.2, 10.4)."""

    BINDINGS = "bindings", _("bindings")
    PARTNERS = "partners", _("logins to partners")
    FRIENDS = "friends", _("friends")
    QZONE = "qzone", _("Qzone")
    MAIL = "mail", _("mail")
    GROUPS = "groups", _("groups")


class Waits(TextChoices):
    """What a number in quarantine still waits for; all of it is over before it is released (T19)."""

    QUARANTINE = "quarantine", _("the quarantine, or the time for objections, has not ended")
    HOLD = "hold", _("something holds it")
    CERTIFICATE = "certificate", _("there is no purge certificate")
    SERVICES = "services", _("a service has not confirmed that it cleared its data")
    RANGE = "range", _("it lies in no range")
