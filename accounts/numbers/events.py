from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Protection
from accounts.models import DeclaredNumber
from qqops.audit import event_catalogue

RELATIONS = dict(DeclaredNumber.Relation.choices)

event_catalogue.declare("rules.published", _("published rules %(version)s"))
event_catalogue.declare(
    "number.declared", _("declared numbers as own or a relative's: %(declared)s"), relation=RELATIONS
)
event_catalogue.declare("number.declaration_ended", _("ended the declaration of a number"), relation=RELATIONS)
event_catalogue.declare(
    "number.protected", _("put numbers under protection: %(numbers)s"), kind=dict(Protection.choices)
)
event_catalogue.declare("number.protection_ended", _("ended the protection of numbers: %(numbers)s"))
event_catalogue.declare("demo.built", _("built %(numbers)s demo numbers"))
