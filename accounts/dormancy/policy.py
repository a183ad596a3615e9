"""Dormancy (10.3) as data and as one SQL judgement: the numbers due under a policy, and the reasons that exclude one.

Aliases: `n` the number, `h` its tenure. Parameters: those of `params`. The preview and the filing of a decision use the
judgement. It is re-evaluated under the lock of each number, so that a number used meanwhile is not reclaimed.
"""

import datetime
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST = 3650  # days, of any term of a policy
# An earlier day is before the service existed; a later day means “without end”, for which the day is left empty.
FIRST_DAY, LAST_DAY = datetime.date(1990, 1, 1), datetime.date(2999, 12, 31)


class Kind(TextChoices):
    NOT_ACTIVATED = "not_activated", _("not activated in time")  # 10.3(a)
    DORMANT = "dormant", _("long dormant")  # 10.3(b)
    PAID_LAPSED = "paid_lapsed", _("paid time lapsed")  # 10.3, terms of the sale


BY_LOGINS = (Kind.NOT_ACTIVATED, Kind.DORMANT)  # kinds that depend on the login feed


class Excluded(TextChoices):
    """A reason why a due number is not reclaimed. The first that applies counts."""

    PAID = "paid", _("paid for")
    EXEMPT = "exempt", _("exempt from reclaim")
    LEGAL_HOLD = "legal_hold", _("under a legal hold")
    REQUEST = "request", _("a request about a minor or a deceased")
    HELD = "held", _("an open request or appeal")
    MEASURE = "measure", _("a measure is in force")


@dataclass(frozen=True)
class Terms:
    """The terms of a policy. Last days are included; None means without end."""

    code: str
    kind: str
    threshold_days: int
    effective_from: datetime.date
    grace_days: int
    notice_days: int = 0
    reminder_days: int = 0
    registered_from: datetime.date | None = None
    registered_to: datetime.date | None = None
    effective_to: datetime.date | None = None

    def as_content(self) -> dict[str, Any]:
        return {
            name: value.isoformat() if isinstance(value, datetime.date) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> "Terms":
        days = {name: datetime.date.fromisoformat(content[name]) if content[name] else None for name in DATES}
        return cls(**(dict(content) | days))


DATES = ("effective_from", "effective_to", "registered_from", "registered_to")

# Parameters instead of a join with the policy: with a join the planner could not estimate how many numbers are due, and
# would look up ten million by key.
_AGE = "%(due_since)s::timestamptz"
_REGISTERED = "h.started_at >= %(registered_from)s::timestamptz AND h.started_at < %(registered_before)s::timestamptz"


def params(policy: Any, now: datetime.datetime) -> dict[str, Any]:
    """Return the terms of a policy as moments. Its days are days of the service's time zone."""
    begun = policy.registered
    return {
        "now": now,
        "due_since": now - policy.threshold_days * datetime.timedelta(days=1),
        "registered_from": _midnight(begun.lower) if begun.lower else "-infinity",
        "registered_before": _midnight(begun.upper) if begun.upper else "infinity",
    }


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time()), timezone.get_default_timezone())


_DUE = {
    Kind.NOT_ACTIVATED: f"n.lifecycle = 'allocated' AND h.started_at <= {_AGE}",
    Kind.DORMANT: (
        f"n.lifecycle = 'in_use' AND h.started_at <= {_AGE} AND NOT EXISTS (SELECT FROM accounts_loginfact f"
        f" WHERE f.tenure_id = h.id AND f.last_at > {_AGE})"
    ),
    Kind.PAID_LAPSED: f"n.lifecycle IN ('allocated', 'in_use') AND h.paid AND h.paid_until <= {_AGE}",
}


def due(kind: str) -> str:
    """Return SQL that is true if the number is due under the policy, exclusions aside."""
    return f"({_DUE[Kind(kind)]} AND {_REGISTERED})"


# Used after the decision was filed (`%(since)s`), or recently enough not to be due. Paid time lapses even with use.
_USED = {
    Kind.NOT_ACTIVATED: "n.lifecycle IN ('in_use', 'cancel_pending')",
    Kind.DORMANT: (
        "EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = h.id"
        f" AND f.last_at > least({_AGE}, %(since)s::timestamptz))"
    ),
    Kind.PAID_LAPSED: "false",
}


def used(kind: str) -> str:
    """Return SQL that is true if the holder has used the number, so that it is not dormant."""
    return f"({_USED[Kind(kind)]})"


# A number that was paid for ends only by the terms of its sale: other kinds of policy never reclaim it.
_PAID = {Kind.PAID_LAPSED: "h.paid AND (h.paid_until IS NULL OR h.paid_until > %(now)s)"}

_EXCLUDED = """CASE
  WHEN {paid} THEN 'paid'
  WHEN n.reclaim_exempt_reason <> '' THEN 'exempt'
  WHEN n.legal_hold THEN 'legal_hold'
  WHEN EXISTS (SELECT FROM accounts_datarequest q WHERE q.tenure_id = h.id AND q.state IN ('registered', 'reviewed')
    AND q.asked_by IN ('guardian', 'relative')) THEN 'request'
  WHEN EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = h.id AND k.lifted_at IS NULL
    AND (k.until IS NULL OR k.until > %(now)s)) THEN 'held'
  WHEN n.frozen_until > %(now)s OR n.restricted_until > %(now)s THEN 'measure' END"""


def excluded(kind: str) -> str:
    """Return SQL for the reason that excludes a due number from reclaim; NULL if there is none."""
    return _EXCLUDED.format(paid=_PAID.get(Kind(kind), "h.paid"))
