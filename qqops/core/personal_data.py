"""What must not be written: free text on the record stands there for ever, in clear (DESIGN §6)."""

import re
import unicodedata

from django.utils.translation import gettext as _

from qqops.core.errors import Invalid

_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|(?:\+?86)?1[3-9]\d{9})(?!\d)|[\w.+-]+@[\w-]+\.[\w.]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s-]+(?=[\dXx])")


def looks_personal(text: str) -> bool:
    """Does it hold what looks like a resident ID, a mobile number or an e-mail address?

    A guard against pasting, not a proof of absence. Numbers of 11 digits that begin like a mobile are taken for
    one: no such number has ever been given out.
    """
    folded = unicodedata.normalize("NFKC", text)  # full-width digits
    # As it stands, too: without what is between them, two numbers are one that is too long.
    return any(_PERSONAL.search(one) for one in (folded, _BETWEEN_DIGITS.sub("", folded)))


def no_personal_data(*texts: str) -> None:
    """Raise Invalid when one of the texts looks so."""
    for text in texts:
        if looks_personal(text):
            raise Invalid(_("The text holds what looks like an ID number, mobile or e-mail. Leave personal data out."))
