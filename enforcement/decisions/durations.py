"""How long: `7d`, `12h`, a date, and what a termination loses. One reading for terminal and web."""

import datetime
import re

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.core.errors import Invalid

# 10.4: said before a right of use ends, wherever that is done.
LOST = gettext_lazy(
    "The right of use ends. Messages, profile, mail and items are lost after the grace period (10.4);"
    " until then it can be restored."
)
ELSEWHERE = gettext_lazy(
    "Balances, items, mail, groups and contacts lie in the services' own systems: what of them is lost is not counted"
    " here (10.4)."
)
_DURATION = re.compile(r"([1-9]\d{0,4})([hd])")


def parse_duration(text: str) -> datetime.timedelta:
    """`7d` or `12h`."""
    found = _DURATION.fullmatch(text.strip().lower())
    if not found:
        raise Invalid(_("“%(text)s” is not a duration: write 7d or 12h.") % {"text": text})
    return datetime.timedelta(**{"days" if found[2] == "d" else "hours": int(found[1])})


def parse_until(text: str) -> datetime.datetime:
    """A date means its beginning, 00:00 Asia/Shanghai: where there is doubt, the shorter measure."""
    try:
        moment = parse_datetime(text.strip())
        day = parse_date(text.strip()) if moment is None or len(text.strip()) == 10 else None
    except ValueError:
        moment = day = None
    if day:
        moment = datetime.datetime.combine(day, datetime.time())
    if moment is None:
        raise Invalid(_("“%(text)s” is not a date: write 2026-12-31 or 2026-12-31 18:00.") % {"text": text})
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
