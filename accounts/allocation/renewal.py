"""Extend paid time (3.1): renewals from the sales system, set-based and idempotent."""

import datetime
from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Tenure
from accounts.quarantine import sweep
from accounts.resources.policy import PAID_AHEAD
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

# Payment does not restore a terminated number: it is reported as skipped, for a decision by staff (T13). The numbers
# are locked in a separate statement before: a statement that waits for the lock would still read the old values.
_JUDGED = """
WITH judged AS MATERIALIZED (
  SELECT g.number_id, g.until, n.tenure_id, CASE
    WHEN n.tenure_id IS NULL THEN 'nobody'
    WHEN n.lifecycle NOT IN ('allocated', 'in_use') THEN 'over'
    WHEN NOT h.paid THEN 'free'
    WHEN h.paid_until IS NULL OR h.paid_until >= g.until THEN 'already' ELSE '' END AS why
  FROM unnest(%(numbers)s::bigint[], %(until)s::timestamptz[]) g(number_id, until)
  LEFT JOIN accounts_number n ON n.id = g.number_id LEFT JOIN accounts_tenure h ON h.id = n.tenure_id)"""

_LOOK = _JUDGED + " SELECT why, array_agg(number_id ORDER BY number_id) FROM judged GROUP BY why"

_RENEW = (
    _JUDGED
    + """,
tenure AS (
  UPDATE accounts_tenure h SET paid_until = j.until FROM judged j
  WHERE h.id = j.tenure_id AND j.why = '' RETURNING h.*),
tenure_history AS ({tenure_history})
SELECT why, array_agg(number_id ORDER BY number_id) FROM judged GROUP BY why"""
)


class Renewed:
    """The number of renewed tenures, and the skipped numbers by reason."""

    def __init__(self) -> None:
        self.renewed = 0
        self.skipped: dict[str, list[int]] = {}

    def add(self, found: Mapping[str, list[int]]) -> None:
        for why, numbers in found.items():
            if why:
                self.skipped.setdefault(why, []).extend(numbers)
            else:
                self.renewed += len(numbers)

    @property
    def counts(self) -> Counter[str]:
        return Counter({why: len(numbers) for why, numbers in self.skipped.items()})


def must_be_near(until: datetime.datetime) -> None:
    """Raise Invalid if the day is more than PAID_AHEAD from now: no such period is sold, so it is a typing error."""
    if until > timezone.now() + PAID_AHEAD:
        raise Invalid(_("A number is paid for at most ten years ahead."))


def renew(until: Mapping[int, datetime.datetime], *, actor: Staff, apply: bool) -> Renewed:
    """Extend the paid time of the open tenures of these numbers. Never shorten it.

    Works in chunks of one transaction each, in key order. Without `apply`, only report what would happen.
    """
    for moment in until.values():
        must_be_near(moment)
    renewed, numbers = Renewed(), sorted(until)
    for at in range(0, len(numbers), settings.QQOPS_CHUNK):
        chunk = numbers[at : at + settings.QQOPS_CHUNK]
        params = {"numbers": chunk, "until": [until[number] for number in chunk]}
        with transaction.atomic():
            sweep.lock(chunk)
            renewed.add(_write(params, actor) if apply else _run(_LOOK, params))
    return renewed


_GIVE_BACK = """
WITH tenure AS (
  UPDATE accounts_tenure SET paid_until = paid_until + (%(until)s - %(since)s)
  WHERE id = %(tenure)s AND paid AND paid_until > %(since)s RETURNING *),
tenure_history AS ({tenure_history})
SELECT count(*) FROM tenure"""


def give_back(tenure: int, since: datetime.datetime, until: datetime.datetime, *, act: recorder.Act) -> bool:
    """Extend the paid time by the period in which a wrong measure kept the holder from the number (clause 11).

    Call it inside an act that has locked the number. Return False if no paid time was left at `since`.
    """
    sql = _GIVE_BACK.format(tenure_history=recorder.history_insert(Tenure, recorder.CHANGED, source="tenure live"))
    with connection.cursor() as cursor:
        cursor.execute(sql, act.params | {"tenure": tenure, "since": since, "until": until})
        (given,) = cursor.fetchone()
    act.wrote(recorder.history_model(Tenure), rows=given)
    return bool(given)


def _write(params: dict[str, Any], actor: Staff) -> dict[str, list[int]]:
    with recorder.act("tenures.renewed", actor=actor, reason="") as act:
        sql = _RENEW.format(tenure_history=recorder.history_insert(Tenure, recorder.CHANGED, source="tenure live"))
        found = _run(sql, act.params | params)
        act.facts["targets"] = len(found.get("", ()))
        act.facts["skipped"] = {why: len(numbers) for why, numbers in found.items() if why}
        act.wrote(recorder.history_model(Tenure), rows=len(found.get("", ())))
    return found


def _run(sql: str, params: dict[str, Any]) -> dict[str, list[int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return dict(cursor.fetchall())
