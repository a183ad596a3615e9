from django.utils.translation import gettext_lazy as _

from accounts.models import Tenure
from accounts.resources.policy import Pool
from qqops.audit import event_catalogue

CHANNELS, POOLS = dict(Tenure.Channel.choices), dict(Pool.choices)

event_catalogue.declare(
    "number.allocated",
    _("handed out numbers (%(pool)s) by %(channel)s: %(n)s"),
    channel=CHANNELS,
    pool=POOLS,
)
event_catalogue.declare(
    "number.registered",
    _("registered numbers as the upstream system tells: %(n)s"),
    channels=CHANNELS,
    pools=POOLS,
)
