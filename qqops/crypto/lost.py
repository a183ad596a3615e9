"""A key is lost for good (docs/keys.md): that goes on the record, and only so are keys of the house made anew."""

from django.db import models, transaction
from django.utils.translation import gettext as _

from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.crypto import keys
from qqops.crypto.models import RetiredKey, SealingKey


def check(name: str) -> list[str]:
    """The keys of the house that `lost` would make; Invalid says why this key is not one that was lost."""
    if SealingKey.objects.filter(pk=name).exists() or not RetiredKey.objects.filter(pk=name).exists():
        raise Invalid(_("What lay under the key %(key)s has not been let go of: see docs/keys.md.") % {"key": name})
    if Event.objects.filter(verb__in=("seal.retired", "seal.lost"), facts__key=name).exists():
        raise Invalid(_("The key %(key)s was retired in order, or its loss is on the record.") % {"key": name})
    return keys.missing()


def lost(name: str, *, actor: models.Model) -> list[str]:
    """Record that what lay under this key is unreadable for ever; return the keys of the house that were made."""
    with transaction.atomic():
        made = check(name)
        keys.make(made)
        with recorder.act("seal.lost", actor=actor, reason="", facts={"key": name, "made": made}):
            pass
    keys.forget()
    return made
