"""How often something may be tried. One counter for all workers and machines: a row, counted up in one statement.

Every attempt is counted before it is looked at, so that parallel guesses cannot slip past; what turns out well is
given back (`forget`, `forgive`). docs/decisions/0004-sign-in.md says why not in the cache.
"""

import datetime
import hashlib
import ipaddress
from dataclasses import dataclass
from typing import Any

from django.db import connection

from qqops.staff.models import Throttle


@dataclass(frozen=True)
class Limit:
    hits: int
    within: datetime.timedelta


MINUTE, HOUR, DAY = datetime.timedelta(minutes=1), datetime.timedelta(hours=1), datetime.timedelta(days=1)
LIMITS = {
    "sign-in": Limit(5, 5 * MINUTE),  # per login, and there per trusted device or all strangers together
    "sign-in-address": Limit(50, 5 * MINUTE),  # failures of strangers per address
    "second-factor": Limit(5, 5 * MINUTE),  # per login, likewise
    "passkey": Limit(100, 5 * MINUTE),  # questions and answers, per address
    "own-password": Limit(5, 5 * MINUTE),  # guesses at the old one, by whoever sits at an unattended desk
    "welcome": Limit(20, 5 * MINUTE),  # links tried per address
    "search": Limit(60, MINUTE),  # per member of staff
    "people": Limit(300, DAY),  # persons looked for by a value, per member of staff
    "export": Limit(10, HOUR),
    "cancel": Limit(200, DAY),  # numbers, per member of staff: what one person begins alone, and nobody can undo
    "import": Limit(20, DAY),  # tried or done: what a file would change tells what is known already
}


@dataclass(frozen=True)
class Verdict:
    within: bool
    first: bool  # the first attempt that is too many: what is told, is told once


def hit(name: str, *whose: object, many: int = 1) -> Verdict:
    """Count one attempt, or so many at once; ask before trying."""
    limit = LIMITS[name]
    params: list[Any] = [bucket(name, *whose), many, limit.within, limit.within]
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO staff_throttle AS t (bucket, since, hits) VALUES (%s, statement_timestamp(), %s)"
            " ON CONFLICT (bucket) DO UPDATE SET"
            " hits = EXCLUDED.hits + CASE WHEN t.since <= statement_timestamp() - %s THEN 0 ELSE t.hits END,"
            " since = CASE WHEN t.since <= statement_timestamp() - %s THEN statement_timestamp() ELSE t.since END"
            " RETURNING hits",
            params,
        )
        (hits,) = cursor.fetchone()
    return Verdict(hits <= limit.hits, hits - many <= limit.hits < hits)


def forget(name: str, *whose: object) -> int:
    """Start counting anew; with the first parts of `whose` only, for all that begin so. Return how many there were."""
    found, _by_model = Throttle.objects.filter(bucket__startswith=bucket(name, *whose)).delete()
    return found


def forgive(name: str, *whose: object, many: int = 1) -> None:
    """Give one attempt back, or so many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE staff_throttle SET hits = greatest(hits - %s, 0) WHERE bucket = %s AND hits > 0",
            [many, bucket(name, *whose)],
        )


def network(address: str | None) -> str:
    """An address as it is counted: of IPv6 the /64, which is what one customer has."""
    if address is None or ":" not in address:
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def bucket(name: str, *whose: object) -> str:
    # What people type into a sign-in may be a password: only digests are kept.
    return ":".join([name, *(hashlib.sha256(str(part).encode()).hexdigest()[:24] for part in whose)]) + ":"


def sweep() -> int:
    """Remove what no longer counts, each by its own limit: attempts to sign in are not kept for a day."""
    names, spans = list(LIMITS), [limit.within for limit in LIMITS.values()]
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM staff_throttle t USING unnest(%s::text[], %s::interval[]) AS one(name, within)"
            " WHERE split_part(t.bucket, ':', 1) = one.name AND t.since < statement_timestamp() - one.within",
            [names, spans],
        )
        return int(cursor.rowcount)
