"""Dormancy (10.3) as data and as the one SQL judgement of it: who is due under a policy, and what excludes him.

Aliases: `n` the number, `h` its tenure; parameters of `params`. Asked by the preview, by the filing of a decision and
once more under the lock of each number, so that whoever used it since is left alone.
"""

import datetime
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import TextChoices
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST = 3650  # days, of any term of a policy
# Before the service was, or so far off that it stands for “without end”: that is a day left empty.
FIRST_DAY, LAST_DAY = datetime.date(1990, 1, 1), datetime.date(2999, 12, 31)


class Kind(TextChoices):
    NOT_ACTIVATED = "not_activated", _("not activated in time")  # 10.3(a)
    DORMANT = "dormant", _("long dormant")  # 10.3(b)
    PAID_LAPSED = "paid_lapsed", _("paid time lapsed")  # 10.3, terms of the sale


BY_LOGINS = (Kind.NOT_ACTIVATED, Kind.DORMANT)  # by what the login feed says, or does not say


class Excluded(TextChoices):
    """Why a number that is due is not reclaimed; the first that is true."""

    PAID = "paid", _("paid for")
    EXEMPT = "exempt", _("exempt from reclaim")
    LEGAL_HOLD = "legal_hold", _("under a legal hold")
    REQUEST = "request", _("a request about a minor or a deceased")
    HELD = "held", _("an open request or appeal")
    MEASURE = "measure", _("a measure is in force")


@dataclass(frozen=True)
class Terms:
    """What a policy says. The last days are days that still count; None: without end."""

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

# Known before the statement is planned: joined from the policy's row, its terms would hide from the planner how many
# are due, and of ten million it would look each up by key.
_AGE = "%(due_since)s::timestamptz"
_REGISTERED = "h.started_at >= %(registered_from)s::timestamptz AND h.started_at < %(registered_before)s::timestamptz"


def params(policy: Any, now: datetime.datetime) -> dict[str, Any]:
    """The terms of a policy as moments; its days are those of the house's clock."""
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
    """SQL: is the number due under the policy, exclusions aside?"""
    return f"({_DUE[Kind(kind)]} AND {_REGISTERED})"


# Used after the decision was filed (`%(since)s`), or lately enough not to be due. What was paid for lapses by its time.
_USED = {
    Kind.NOT_ACTIVATED: "n.lifecycle IN ('in_use', 'cancel_pending')",
    Kind.DORMANT: (
        "EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = h.id"
        f" AND f.last_at > least({_AGE}, %(since)s::timestamptz))"
    ),
    Kind.PAID_LAPSED: "false",
}


def used(kind: str) -> str:
    """SQL: has its holder used it, so that it is not dormant?"""
    return f"({_USED[Kind(kind)]})"


# What was paid for ends by the terms of its sale only: under another policy not even when the paid time is over.
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
    """SQL: what keeps a number from being reclaimed though it is due; NULL where nothing does."""
    return _EXCLUDED.format(paid=_PAID.get(Kind(kind), "h.paid"))
