"""How long evidence files and the words of cases are kept, and why: read it beside accounts/retention/policy.py.

Nothing is dropped that an objection could still turn on (clause 11), nor while claims can be made on what was decided;
a hold keeps it longer.
"""

import datetime

from accounts.retention.policy import DAY

UNUSED = 30 * DAY  # taken in, and neither decision nor case ever rested on it
OBJECTION = 180 * DAY  # after the end of the last measure, or after the last that happened under the decision
CLAIMS = 3 * 365 * DAY  # from then on


def over_since(now: datetime.datetime) -> datetime.datetime:
    """What ended before this moment has been kept for long enough."""
    return now - OBJECTION - CLAIMS
