from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Protection
from accounts.models import DeclaredNumber
from qqops.audit import verbs

RELATIONS = dict(DeclaredNumber.Relation.choices)

verbs.declare("rules.published", _("published rules %(version)s"))
verbs.declare("number.declared", _("declared numbers as own or a relative's: %(declared)s"), relation=RELATIONS)
verbs.declare("number.declaration_ended", _("ended the declaration of a number"), relation=RELATIONS)
verbs.declare("number.protected", _("put numbers under protection: %(numbers)s"), kind=dict(Protection.choices))
verbs.declare("number.protection_ended", _("ended the protection of numbers: %(numbers)s"))
verbs.declare("demo.built", _("built %(numbers)s demo numbers"))
