from django.utils.translation import gettext_lazy as _

from qqops.audit import event_catalogue

event_catalogue.declare("seal.rotated", _("sealed keys anew under the key %(to)s; rows: %(rows)s"))
event_catalogue.declare("seal.lost", _("put on record that the key %(key)s is lost, and what lay under it with it"))
event_catalogue.declare("seal.retired", _("retired the key %(key)s: nothing lies under it any more"))
