"""What holders would lose (10.4), as far as it is known here: paid time, services in use. The rest lies elsewhere."""

import datetime
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.dateparse import parse_datetime

LATELY = datetime.timedelta(days=90)


def losses_of(held: str, which: str) -> str:
    """SQL: one JSON over the rows of `held` (tenure_id, paid, paid_until) that `which` names. Parameter: %(now)s.

    OFFSET keeps the planner at the key: a chunk's tenures are few of all who have signed in.
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
    """Counted by holder."""

    paid: int = 0  # paid time is left
    paid_until: datetime.datetime | None = None  # to the last of these ends
    paid_open: int = 0  # paid for, with no end on file
    using: int = 0  # signed in to some service lately
    services: Counter[str] = field(default_factory=Counter)  # service → how many signed in to it lately

    def add(self, one: Mapping[str, Any]) -> "Losses":
        """Take in what the statement found in one chunk, or what was kept of all."""
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
