from django.utils.translation import gettext_lazy as _

from accounts.models import Erasure, Hold
from accounts.retention.policy import CLASSES
from qqops.audit import event_catalogue

KINDS = dict(Hold.Kind.choices)
CLEARED = {code: one.label for code, one in CLASSES.items()}

event_catalogue.declare(
    "number.hold_placed", _("placed a hold (%(kind)s %(reference)s); tenures: %(targets)s"), kind=KINDS
)
event_catalogue.declare("number.hold_lifted", _("lifted a hold (%(kind)s %(reference)s)"), kind=KINDS)
event_catalogue.declare("number.hold_expired", _("ended legal holds whose time was over: %(targets)s"), kind=KINDS)
event_catalogue.declare(
    "identity.erased",
    _("erased identity information (%(basis)s); tenures: %(identities)s"),
    basis=dict(Erasure.Basis.choices),
    cleared=CLEARED,
)
event_catalogue.declare("identity.keys_expired", _("destroyed keys whose retention period was over"), cleared=CLEARED)
