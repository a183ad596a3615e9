"""What must not be written: free text on the record stands there for ever, in clear (DESIGN §6)."""

import re
import unicodedata

from django.utils.translation import gettext as _

from qqops.errors import Invalid

# After full-width digits are folded and the blanks and hyphens between digits are gone.
_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|(?:\+?86)?1[3-9]\d{9})(?!\d)|[\w.+-]+@[\w-]+\.[\w.]+")
_BETWEEN_DIGITS = re.compile(r"(?<=\d)[\s-]+(?=[\dXx])")


def looks_personal(text: str) -> bool:
    """Does it hold what looks like a resident ID, a mobile number or an e-mail address?

    A guard against pasting, not a proof of absence. Numbers of 11 digits that begin like a mobile are taken for
    one: no such number has ever been given out.
    """
    folded = _BETWEEN_DIGITS.sub("", unicodedata.normalize("NFKC", text))
    return _PERSONAL.search(folded) is not None


def no_personal_data(*texts: str) -> None:
    """Raise Invalid when one of the texts looks so."""
    for text in texts:
        if looks_personal(text):
            raise Invalid(_("The text holds what looks like an ID number, mobile or e-mail. Leave personal data out."))
