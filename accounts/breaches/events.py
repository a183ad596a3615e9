from django.utils.translation import gettext_lazy as _

from accounts.models import Breach
from qqops.alerts.catalogue import Level
from qqops.alerts.catalogue import declare as declare_alert
from qqops.audit import event_catalogue

LEVELS = dict(Breach.Level.choices)

event_catalogue.declare(
    "breach.registered", _("registered breach #%(breach)s (%(level)s); tenures concerned: %(people)s"), level=LEVELS
)
event_catalogue.declare("breach.assessed", _("assessed breach #%(breach)s: %(level)s"), level=LEVELS)
event_catalogue.declare("breach.reported", _("recorded that breach #%(breach)s was reported"), level=LEVELS)
event_catalogue.declare(
    "breach.people_told", _("recorded that the people of breach #%(breach)s were told"), level=LEVELS
)
event_catalogue.declare("breach.closed", _("closed breach #%(breach)s"), level=LEVELS)
event_catalogue.declare("breach.overdue", _("found breach #%(breach)s not reported in time"))

declare_alert(
    "breach_overdue",
    _("Breach #%(breach)s should have been reported by %(until)s, and is not."),
    Level.CRITICAL,
    name=_("breach not reported in time"),
)
