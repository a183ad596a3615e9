from django.utils.translation import gettext_lazy as _

from qqops.audit import event_catalogue

event_catalogue.declare("alert.delivered", _("delivered the alert through %(channel)s"))
event_catalogue.declare("alert.undelivered", _("gave up delivering the alert through %(channel)s: %(why)s"))
event_catalogue.declare("alert.seen", _("has seen the alert"))
event_catalogue.declare("alert.late", _("noticed that %(name)s is late"))
