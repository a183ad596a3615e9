from django.utils.translation import gettext_lazy as _

from accounts.dormancy.policy import Kind
from qqops.audit import event_catalogue

KINDS = dict(Kind.choices)

event_catalogue.declare("policy.adopted", _("adopted dormancy policy %(code)s: %(dormancy)s"), dormancy=KINDS)
event_catalogue.declare("policy.ended", _("ended dormancy policy %(code)s with %(until)s"))
event_catalogue.declare("number.exempted", _("exempted numbers from reclaim: %(numbers)s"))
event_catalogue.declare("number.exemption_ended", _("ended the exemption of numbers from reclaim: %(numbers)s"))
event_catalogue.declare("tenures.renewed", _("recorded paid time that was renewed; tenures: %(targets)s"))
