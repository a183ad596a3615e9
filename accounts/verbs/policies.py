from django.utils.translation import gettext_lazy as _

from accounts.dormancy import Kind
from qqops.audit import verbs

KINDS = dict(Kind.choices)

verbs.declare("policy.adopted", _("adopted dormancy policy %(code)s: %(dormancy)s"), dormancy=KINDS)
verbs.declare("policy.ended", _("ended dormancy policy %(code)s with %(until)s"))
verbs.declare("number.exempted", _("exempted numbers from reclaim: %(numbers)s"))
verbs.declare("number.exemption_ended", _("ended the exemption of numbers from reclaim: %(numbers)s"))
verbs.declare("tenures.renewed", _("recorded paid time that was renewed; tenures: %(targets)s"))
