"""How an appellant is reached: an e-mail address or a mobile of the mainland, in its one form. Pure functions."""

from accounts.identity.formats import Field, normalise
from accounts.identity.masks import mask


def normal(text: str) -> str:
    """The contact in its one form; raises Invalid where it is neither."""
    return normalise(_field(text), text)


def is_mail(contact: str) -> bool:
    return _field(contact) == Field.EMAIL


def masked(contact: str) -> str:
    """Enough of it to be recognised by whoever gave it."""
    return mask(_field(contact), contact)


def _field(contact: str) -> Field:
    return Field.EMAIL if "@" in contact else Field.MOBILE
