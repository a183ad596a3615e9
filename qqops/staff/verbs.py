from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("staff.joined", _("made the login %(login)s with the role %(role)s"))
verbs.declare("staff.password_reset", _("set a new password for %(login)s"))
verbs.declare("staff.token_issued", _("issued a command token"))
verbs.declare("staff.token_revoked", _("revoked a command token"))
