from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("alert.delivered", _("delivered the alert through %(channel)s"))
verbs.declare("alert.undelivered", _("gave up delivering the alert through %(channel)s: %(why)s"))
verbs.declare("alert.seen", _("has seen the alert"))
verbs.declare("alert.late", _("noticed that %(name)s is late"))
