from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Lifecycle
from accounts.logins.queries import RECORDED, SKIPPED
from accounts.quarantine.policy import Blocker, Confirmation, Waits
from qqops.alerts.catalogue import Level
from qqops.alerts.catalogue import declare as declare_alert
from qqops.audit import event_catalogue

BLOCKERS, WAITS = dict(Blocker.choices), dict(Waits.choices)
UNCLEARED = {
    **SKIPPED,
    **dict(Lifecycle.choices),
    "early": _("before the end of the right of use"),
    "again": _("recorded already"),
}
CAUSES = {"login": _("login"), "holder": _("the holder's word")}

event_catalogue.declare("logins.imported", _("recorded logins: %(lines)s lines"), skipped=SKIPPED)
event_catalogue.declare(
    RECORDED,
    _("recorded a login file of %(lines)s lines; said to hold, with those before it, every login up to: %(covers)s"),
    skipped=SKIPPED,
)
event_catalogue.declare("number.activated", _("activated numbers by their first login: %(numbers)s"))
event_catalogue.declare(
    "number.cancellation_begun",
    _("recorded that the holder cancels; numbers: %(numbers)s, until %(until)s"),
    confirmed=dict(Confirmation.choices),
    blockers=BLOCKERS,
)
event_catalogue.declare(
    "number.cancellation_withdrawn", _("withdrew cancellations (%(cause)s); numbers: %(numbers)s"), cause=CAUSES
)
event_catalogue.declare("number.cancelled", _("ended rights of use that their holders cancelled; numbers: %(numbers)s"))
event_catalogue.declare("number.purged", _("purged numbers: %(numbers)s"))
event_catalogue.declare("number.quarantined", _("put purged numbers into quarantine: %(numbers)s"))
event_catalogue.declare(
    "number.cleared", _("recorded that services cleared what they held; lines: %(lines)s"), skipped=UNCLEARED
)
event_catalogue.declare(
    "number.released", _("released numbers from quarantine: %(numbers)s"), to=dict(Lifecycle.choices), waits=WAITS
)
event_catalogue.declare(
    "logins.expired", _("deleted first and last logins that the law no longer keeps; tenures: %(identities)s")
)

declare_alert(
    "reclaimed_though_used",
    _("%(n)s numbers were reclaimed though they had been used: %(numbers)s. Restore them (10.1); they wait for it."),
    Level.WARNING,
    name=_("reclaimed though used"),
)
