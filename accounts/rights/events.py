from django.utils.translation import gettext_lazy as _

from accounts.models import AskedBy, DataRequest
from qqops.audit import event_catalogue

KINDS, OUTCOMES = dict(DataRequest.Kind.choices), dict(DataRequest.Outcome.choices)

event_catalogue.declare(
    "data_request.registered",
    _("registered a data request (%(kind)s), due %(until)s"),
    kind=KINDS,
    asked_by=dict(AskedBy.choices),
)
event_catalogue.declare("data_request.read", _("read the statement of a data request (%(kind)s)"), kind=KINDS)
event_catalogue.declare(
    "data_request.decided", _("decided a data request (%(kind)s): %(outcome)s"), kind=KINDS, outcome=OUTCOMES
)
event_catalogue.declare(
    "data_request.sent_back", _("sent a data request (%(kind)s) back to be decided anew"), kind=KINDS, outcome=OUTCOMES
)
event_catalogue.declare(
    "data_request.carried_out", _("carried out a data request (%(kind)s): %(outcome)s"), kind=KINDS, outcome=OUTCOMES
)
event_catalogue.declare("data_request.downloaded", _("downloaded the copy for a data request"))
