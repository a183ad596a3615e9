"""The reason that a person gives for an act: long enough to say something."""

from django.utils.translation import gettext as _

from qqops.core.errors import Invalid

REASON_MIN = 6


def must_say_why(reason: str) -> None:
    if len(reason.strip()) < REASON_MIN:
        raise Invalid(_("Give a reason of at least %(n)d characters.") % {"n": REASON_MIN})
