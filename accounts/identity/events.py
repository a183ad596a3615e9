from django.utils.translation import gettext_lazy as _

from accounts.identity.formats import Field
from accounts.models import CorrectionDemand, Verification
from qqops.audit import event_catalogue

FIELDS = dict(Field.choices)

event_catalogue.declare("identity.recorded", _("recorded identity information; tenures: %(identities)s"), fields=FIELDS)
event_catalogue.declare(
    "identity.import_tried", _("tried a file of identity information without recording it; lines: %(lines)s")
)
event_catalogue.declare("identity.searched", _("searched for a person by %(field)s; found: %(found)s"), field=FIELDS)
event_catalogue.declare(
    "identity.verified",
    _("verified an item (%(field)s): %(result)s"),
    field=FIELDS,
    method=dict(Verification.Method.choices),
    result=dict(Verification.Result.choices),
)
event_catalogue.declare(
    "identity.correction_demanded",
    _("demanded a correction (%(field)s: %(problem)s), by %(until)s"),
    field=FIELDS,
    problem=dict(CorrectionDemand.Problem.choices),
)
event_catalogue.declare(
    "identity.correction_closed",
    _("closed a correction demand (%(field)s): %(how)s"),
    field=FIELDS,
    how=dict(CorrectionDemand.Closed.choices),
)
event_catalogue.declare(
    "identity.holder_told",
    _("told the holder of a correction demand (%(field)s): %(how)s"),
    field=FIELDS,
    how=dict(CorrectionDemand.Told.choices),
)
event_catalogue.declare("identity.holder_asked", _("asked who answers for %(day)s; tenures: %(n)s"))
