"""The normal form in which each item is sealed, hashed and compared (docs/decisions/0006-identity-formats.md).

Error messages never repeat the value, because they may appear on a screen, in a log or in a traceback.
"""

import re
import unicodedata
from datetime import date

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import TextChoices
from django.utils import timezone
from django.utils.encoding import punycode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import PhoneNumber, PhoneNumberFormat, format_number
from stdnum.cn import ric, uscc

from accounts.identity.names import normal_name
from qqops.core.errors import Invalid

ADULT_AT = 18
AGE_MAX = 130
LENGTH_MAX = 400  # longer than any valid value; checked before the costly folding

_BETWEEN = re.compile(r"[\s\-\u2010-\u2015\u2212]")
_HOME = re.compile(r"\+86|0086")
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_THINGS_SIM = re.compile(r"1[0-9]{12}")
_OLD_RESIDENT = re.compile(r"[0-9]{15}")
_RESIDENT = re.compile(r"[0-9]{17}[0-9X]")
# Provinces only: cards keep the codes of abolished counties, and no list of those is complete. 81 to 83 are residence
# permits of Hong Kong, Macau and Taiwan residents, 9 the cards of foreigners with permanent residence.
_PROVINCE = re.compile(r"1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3]|9[0-9]")
_PASSPORT = re.compile(r"[A-Z0-9]{5,17}")
# python-stdnum requires a digit first, but codes of the army begin with A, of villages with N, of others with Y.
_CREDIT_CODE = re.compile(r"[1-9ANY][1-9][0-9]{6}[0-9A-HJ-NPQRTUWXY]{10}")
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class Field(TextChoices):
    NAME = "name", gettext_lazy("name")
    DOCUMENT = "document", gettext_lazy("document")
    MOBILE = "mobile", gettext_lazy("mobile")
    EMAIL = "email", gettext_lazy("e-mail")
    BORN = "born", gettext_lazy("date of birth")


class DocumentKind(TextChoices):
    RESIDENT = "resident", gettext_lazy("resident ID card or residence permit")
    PASSPORT = "passport", gettext_lazy("passport")
    CREDIT_CODE = "credit_code", gettext_lazy("unified social credit code")


class BadValue(Invalid):
    """The value is malformed. The message does not repeat it."""


def normalise(field: str, value: str, document_kind: str = "") -> str:
    """Return the normal form of the value, or raise BadValue. A normal value is returned unchanged."""
    if len(value) > LENGTH_MAX:
        raise BadValue(_("The value is too long."))
    folded = unicodedata.normalize("NFKC", value).strip()
    match Field(field):
        case Field.NAME:
            return _name(folded, organisation=document_kind == DocumentKind.CREDIT_CODE)
        case Field.DOCUMENT:
            return _document(folded, document_kind)
        case Field.MOBILE:
            return _mobile(folded)
        case Field.EMAIL:
            return _email(folded)
        case Field.BORN:
            return _born(folded)


def _name(value: str, *, organisation: bool) -> str:
    name = normal_name(value, organisation=organisation)
    if name is None and organisation:
        raise BadValue(
            _("An organisation's name has 2 to 100 characters: Chinese characters, Latin letters, digits, ( ) and &.")
        )
    if name is None:
        raise BadValue(
            _("A name has 2 to 50 characters: Chinese characters or Latin letters, with · or one space between parts.")
        )
    return name


def _document(value: str, kind: str) -> str:
    compact = _BETWEEN.sub("", value)
    # Before upper(): “ß” would become two letters.
    document = compact.upper() if compact.isascii() else ""
    match kind:
        case DocumentKind.RESIDENT:
            return _resident(document)
        case DocumentKind.PASSPORT:
            if not _PASSPORT.fullmatch(document):
                raise BadValue(_("A passport number has 5 to 17 letters and digits."))
        case DocumentKind.CREDIT_CODE:
            if not _CREDIT_CODE.fullmatch(document):
                raise BadValue(
                    _("A unified social credit code has 18 digits and capital letters, without I, O, S, V, Z.")
                )
            if document[-1] != uscc.calc_check_digit(document):
                raise BadValue(_("The check character of the unified social credit code is wrong."))
        case _:
            raise BadValue(_("Choose the kind of document."))
    return document


def _resident(document: str) -> str:
    if _OLD_RESIDENT.fullmatch(document):
        raise BadValue(_("Resident ID numbers of 15 digits are no longer valid: enter the one of 18 characters."))
    if not _RESIDENT.fullmatch(document):
        raise BadValue(_("A resident ID number has 17 digits and, last, a digit or X."))
    if document[-1] != ric.calc_check_digit(document):
        raise BadValue(_("The check character of the resident ID number is wrong."))
    if not _PROVINCE.match(document):
        raise BadValue(_("The resident ID number begins with a code of no region."))
    _check_born(_date_of(document))
    return document


def _mobile(value: str) -> str:
    compact = _BETWEEN.sub("", value)
    digits = _HOME.sub("", compact, count=1) if _HOME.match(compact) else compact
    if _THINGS_SIM.fullmatch(digits):
        raise BadValue(_("Numbers of 13 digits are those of devices: enter a person's mobile number."))
    if compact.startswith(("+", "00")) and digits == compact:
        raise BadValue(_("Only mobile numbers of mainland China (+86) are taken."))
    if not _MOBILE.fullmatch(digits):
        raise BadValue(_("A mobile number has 11 digits and begins with 13 to 19."))
    # Not is_valid_number(): its table of number segments lags behind newly opened ones.
    return format_number(PhoneNumber(country_code=86, national_number=int(digits)), PhoneNumberFormat.E164)


def _email(value: str) -> str:
    local, _at, domain = value.rpartition("@")
    try:
        address = f"{local}@{punycode(domain.lower())}"
        validate_email(address)
    except (ValidationError, UnicodeError):
        address = ""
    # A quoted local part may hold anything, control characters too; no real mailbox uses one.
    if not address or '"' in address:
        raise BadValue(_("This is not an e-mail address."))
    return address


def _born(value: str) -> str:
    if not _ISO_DATE.fullmatch(value):
        raise BadValue(_("A date of birth is written as year-month-day, as in 2001-02-03."))
    try:
        born: date | None = date.fromisoformat(value)
    except ValueError:
        born = None
    _check_born(born)
    return value


def _date_of(document: str) -> date | None:
    try:
        return ric.get_birth_date(document)
    except ric.ValidationError:
        return None


def _check_born(born: date | None) -> None:
    today = timezone.localdate()
    if born is None:
        raise BadValue(_("There is no such date of birth."))
    if born > today:
        raise BadValue(_("The date of birth is in the future."))
    if age_on(born, today) > AGE_MAX:
        raise BadValue(_("The date of birth is more than 130 years ago."))


def born_of(document: str) -> date:
    """Return the date of birth in a normalised resident ID number."""
    return date(int(document[6:10]), int(document[10:12]), int(document[12:14]))


def age_on(born: date, day: date) -> int:
    """Return the age in full years.

    In common years a birthday on 29 February counts from 1 March: on 28 February the year is not yet full, and a minor
    must not lose protection a day early.
    """
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def is_minor(born: date, today: date) -> bool:
    return age_on(born, today) < ADULT_AT
