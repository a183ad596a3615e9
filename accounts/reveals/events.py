from django.utils.translation import gettext_lazy as _

from accounts.identity.formats import Field
from accounts.models import Reveal
from accounts.reveals.case_kinds import LABELS as CASES
from accounts.reveals.policy import Purpose
from qqops.alerts.catalogue import Level
from qqops.alerts.catalogue import declare as declare_alert
from qqops.audit import event_catalogue

FIELDS = dict(Field.choices)
WHOSE = dict(Reveal.Whose.choices)
PURPOSES = dict(Purpose.choices)

event_catalogue.declare(
    "identity.revealed",
    _("revealed an item (%(field)s, %(whose)s) for %(case_kind)s %(case_ref)s, until %(until)s"),
    field=FIELDS,
    whose=WHOSE,
    purpose=PURPOSES,
    case_kind=CASES,
)
event_catalogue.declare(
    "identity.reveal_asked",
    _("asked to reveal a minor's item (%(field)s, %(whose)s) for %(case_kind)s %(case_ref)s"),
    field=FIELDS,
    whose=WHOSE,
    purpose=PURPOSES,
    case_kind=CASES,
)
event_catalogue.declare(
    "identity.reveal_approved",
    _("agreed that a minor's item is revealed (%(field)s, %(whose)s): request #%(asked)s"),
    field=FIELDS,
    whose=WHOSE,
)
event_catalogue.declare(
    "identity.reveal_refused",
    _("refused that a minor's item is revealed (%(field)s, %(whose)s): request #%(asked)s"),
    field=FIELDS,
    whose=WHOSE,
)
event_catalogue.declare(
    "identity.reveal_void",
    _("found that the item has changed since it was asked for (%(field)s, %(whose)s): request #%(asked)s is void"),
    field=FIELDS,
    whose=WHOSE,
)
event_catalogue.declare("identity.reveals_stopped", _("reached the daily quota of reveals: %(n)s"))

declare_alert(
    "reveal_quota",
    _("%(who)s revealed as many items as one may in a day (%(n)s) and wanted more. Look at the reveal log."),
    Level.CRITICAL,
    name=_("daily quota of reveals reached"),
)
