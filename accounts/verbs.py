from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("rules.published", _("published rules %(version)s"))
verbs.declare("number.declared", _("declared numbers as own or a relative's: %(declared)s"))
verbs.declare("number.declaration_ended", _("ended the declaration of a number"))
verbs.declare("number.protected", _("put numbers under protection: %(numbers)s"))
verbs.declare("number.protection_ended", _("ended the protection of numbers: %(numbers)s"))
verbs.declare("demo.built", _("built %(numbers)s demo numbers"))
