"""Dormancy (10.3) as data and as the one SQL judgement of it: who is due under a policy, and what excludes him.

Aliases: `n` the number, `h` its tenure, `p` the policy; parameter `%(now)s`. Asked by the preview, by the filing of a
decision and once more under the lock of each number, so that whoever used it since is left alone.
"""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Kind(TextChoices):
    NOT_ACTIVATED = "not_activated", _("not activated in time")  # 10.3(a)
    DORMANT = "dormant", _("long dormant")  # 10.3(b)
    PAID_LAPSED = "paid_lapsed", _("paid time lapsed")  # 10.3, terms of the sale


class Excluded(TextChoices):
    """Why a number that is due is not reclaimed; the first that is true."""

    PAID = "paid", _("paid for")
    EXEMPT = "exempt", _("exempt from reclaim")
    LEGAL_HOLD = "legal_hold", _("under a legal hold")
    HELD = "held", _("an open request or appeal")
    REQUEST = "request", _("a request about a minor or a deceased")
    MEASURE = "measure", _("a measure is in force")


_AGE = "%(now)s - p.threshold_days * interval '1 day'"

# The tenure began in the time that the policy is for; Asia/Shanghai is the house's clock.
_REGISTERED = "(h.started_at AT TIME ZONE 'Asia/Shanghai')::date <@ p.registered"

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


# What is excluded whatever the policy; NULL where nothing is.
EXCLUDED = """CASE
  WHEN h.paid AND (h.paid_until IS NULL OR h.paid_until > %(now)s) THEN 'paid'
  WHEN n.reclaim_exempt_reason <> '' THEN 'exempt'
  WHEN n.legal_hold THEN 'legal_hold'
  WHEN EXISTS (SELECT FROM accounts_datarequest q WHERE q.tenure_id = h.id AND q.state IN ('registered', 'reviewed')
    AND q.asked_by IN ('guardian', 'relative')) THEN 'request'
  WHEN EXISTS (SELECT FROM accounts_hold k WHERE k.tenure_id = h.id AND k.lifted_at IS NULL
    AND (k.until IS NULL OR k.until > %(now)s)) THEN 'held'
  WHEN n.frozen_until > %(now)s OR n.restricted_until > %(now)s THEN 'measure' END"""
