"""The flags of an unusual reveal, with their weights. The reveal log shows the highest sum first."""

import datetime

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Flag(TextChoices):
    NIGHT = "night", _("at night")
    WEEKEND = "weekend", _("at the weekend")
    MANY_TODAY = "many_today", _("more than half the daily quota")
    AGAIN = "again", _("the same person again and again")
    PREMIUM = "premium", _("premium number")
    PROTECTED = "protected", _("protected number")
    MINOR = "minor", _("a minor's")
    NOT_OWN_CASE = "not_own_case", _("somebody else's case")
    OWN_WORD = "own_word", _("a case only this person has touched")
    MANY_PEOPLE = "many_people", _("many people within an hour")


WEIGHTS = {
    Flag.NIGHT: 2,
    Flag.WEEKEND: 1,
    Flag.MANY_TODAY: 3,
    Flag.AGAIN: 2,
    Flag.PREMIUM: 1,
    Flag.PROTECTED: 2,
    Flag.MINOR: 2,
    Flag.NOT_OWN_CASE: 3,
    Flag.OWN_WORD: 3,
    Flag.MANY_PEOPLE: 4,
}
SATURDAY = 5
AGAIN_FROM = 5  # items of one tenure within 24 hours
MANY_PEOPLE_FROM = 20  # tenures within an hour


def is_weekend(local: datetime.datetime) -> bool:
    return local.weekday() >= SATURDAY


def weigh(flags: list[Flag]) -> int:
    return sum(WEIGHTS[flag] for flag in flags)
