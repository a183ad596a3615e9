from django.utils.translation import gettext_lazy as _

from accounts.models import Tenure
from accounts.resources import Pool
from qqops.audit import verbs

CHANNELS, POOLS = dict(Tenure.Channel.choices), dict(Pool.choices)

verbs.declare(
    "number.allocated",
    _("handed out numbers (%(pool)s) by %(channel)s: %(n)s"),
    channel=CHANNELS,
    pool=POOLS,
)
verbs.declare(
    "number.registered",
    _("registered numbers as the upstream system tells: %(n)s"),
    channels=CHANNELS,
    pools=POOLS,
)
