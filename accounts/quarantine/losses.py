"""The losses of holders at the end of their right of use (10.4) that this system knows: paid time, services in use."""

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.dateparse import parse_datetime

LATELY = datetime.timedelta(days=90)


def losses_of(held: str, which: str) -> str:
    """Return SQL for one JSON over the rows of `held` (tenure_id, paid, paid_until) that fulfil the condition `which`.

    Parameter: %(now)s. OFFSET 0 makes the planner look up logins by key, because a chunk has few of all tenures.
    """
    return f"""
(WITH used AS MATERIALIZED (
   SELECT l.tenure_id, f.service FROM {held} l CROSS JOIN LATERAL (
     SELECT x.service FROM accounts_loginfact x WHERE x.tenure_id = l.tenure_id
       AND x.last_at > %(now)s - interval '{LATELY.days} days' OFFSET 0) f
   WHERE {which})
 SELECT jsonb_build_object(
   'paid', count(*) FILTER (WHERE paid AND paid_until > %(now)s),
   'paid_until', max(paid_until) FILTER (WHERE paid AND paid_until > %(now)s),
   'paid_open', count(*) FILTER (WHERE paid AND paid_until IS NULL),
   'using', (SELECT count(DISTINCT tenure_id) FROM used),
   'services', (SELECT coalesce(jsonb_object_agg(service, n), '{{}}') FROM (
      SELECT service, count(*) AS n FROM used GROUP BY service) s))
 FROM {held} WHERE {which})"""


@dataclass
class Losses:
    """Losses, counted in holders."""

    paid: int = 0  # holders with paid time left
    paid_until: datetime.datetime | None = None  # the latest end of that paid time
    paid_open: int = 0  # holders who paid, with no end recorded
    using: int = 0  # holders with a login to any service within LATELY
    services: Counter[str] = field(default_factory=Counter)  # service → holders with a login to it within LATELY

    def add(self, one: Mapping[str, Any]) -> "Losses":
        """Add the JSON of one chunk, or a stored total. Return self."""
        until = parse_datetime(one["paid_until"]) if one["paid_until"] else None
        self.paid += one["paid"]
        self.paid_until = max(filter(None, (self.paid_until, until)), default=None)
        self.paid_open += one["paid_open"]
        self.using += one["using"]
        self.services.update(one["services"])
        return self

    def as_json(self) -> dict[str, Any]:
        return {
            "paid": self.paid,
            "paid_until": self.paid_until.isoformat() if self.paid_until else None,
            "paid_open": self.paid_open,
            "using": self.using,
            "services": dict(self.services),
        }
