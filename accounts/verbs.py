from django.utils.translation import gettext_lazy as _

from qqops.audit import verbs

verbs.declare("rules.published", _("published rules %(version)s"))
verbs.declare("demo.built", _("built %(numbers)s demo numbers"))
