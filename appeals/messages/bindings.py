"""Who is bound to a number now: the e-mail and the mobile of its holder's identity, as far as they may be used."""

from accounts.identity.formats import Field
from accounts.identity.queries import identity_of, opened
from accounts.models import Tenure
from appeals.models import Delivery

FIELDS = {Delivery.Channel.MAIL: Field.EMAIL, Delivery.Channel.WEBHOOK: Field.MOBILE}


def bound(tenure: Tenure | None) -> dict[str, str]:
    """Way → where to: opened to be written on an envelope and shown to nobody. None that was found to be somebody
    else's, and none of an identity whose processing is stopped (PIPL 47)."""
    identity = identity_of(tenure) if tenure else None
    if identity is None or identity.locked_at:
        return {}
    theirs = [field for field in FIELDS.values() if getattr(identity, f"{field}_mismatch_at") is None]
    found = opened(identity, theirs)
    return {channel.value: found[field] for channel, field in FIELDS.items() if field in found}
