"""Reclaim (10.3): who is due under a policy and what keeps the rest, then an ordinary decision on exactly those.

The one statement over all numbers is here; what it finds is judged again when it is filed and once more at the act.
"""

import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import QueryCanceled

from accounts.dormancy import policy as dormancy
from accounts.dormancy.policy import Excluded
from accounts.dormancy.queries import in_words, terms_of
from accounts.models import DormancyPolicy
from enforcement.decisions.order import Order
from enforcement.decisions.order_validation import check
from enforcement.decisions.services import Report, decide
from enforcement.lists.number_set import Listed
from enforcement.policy import RECLAIM, Kind
from enforcement.runs import eligibility
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

SAMPLE = 50
_PARTS = 64  # a sample is the first of each part by its hash: of the whole list, and the same when asked again
_KEY = 37  # bits of a number; what is left of 63 is its hash

# Numbers of other lifecycles are not looked at: the policy's kind says which can be due.
_FOUND = """
FROM accounts_number n JOIN accounts_tenure h ON h.id = n.tenure_id
WHERE {due}"""

# One pass: how many are due, by what keeps them, and one of each part of those whom nothing keeps.
_PREVIEW = """
SELECT why, sum(n), array_agg(one) FROM (
  SELECT why, part, count(*) AS n, min(hash << {key} | id) & ((1::bigint << {key}) - 1) AS one FROM (
    SELECT n.id, {excluded} AS why, hashint8extended(n.id, 0) & ((1 << (63 - {key})) - 1) AS hash,
      hashint8(n.id) & ({parts} - 1) AS part {found}) due
  GROUP BY why, part) parts
GROUP BY why"""

_CANDIDATES = "SELECT n.id {found} AND {excluded} IS NULL ORDER BY n.id"


@dataclass
class Due:
    """What a policy reaches today."""

    policy: DormancyPolicy
    will: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    sample: list[int] = field(default_factory=list)

    @property
    def due(self) -> int:
        return self.will + self.excluded.total()

    def as_json(self) -> dict[str, Any]:
        return {
            "policy": self.policy.code,
            "due": self.due,
            "would_reclaim": self.will,
            "excluded": {code: self.excluded[code] for code in Excluded.values if self.excluded[code]},
            "sample": self.sample,
        }


def look(policy: DormancyPolicy, *, actor: Staff, reason: str, ticket: str = "", seconds: int | None = None) -> Due:
    """Who is due now; raises as `reclaim` would, and when it takes longer than so many seconds."""
    check(_order(policy, reason, ticket, Due(policy)), actor)
    return _look(policy, seconds)


def reclaim(
    policy: DormancyPolicy, *, actor: Staff, reason: str, ticket: str = "", form_key: uuid.UUID | None = None
) -> Report:
    """File whom the policy reaches now as one decision, which waits for its two approvers."""
    tried = {"act": Kind.TERMINATE.value, "policy": policy.code}
    with recorder.refusals(actor=actor, facts=tried):
        found = look(policy, actor=actor, reason=reason, ticket=ticket)
        if not found.will:
            raise Invalid(_("Nobody is due under policy %(code)s. Nothing was done.") % {"code": policy})
        order = _order(policy, reason, ticket, found, form_key=form_key)
        return decide(order, Listed(_candidates(policy)), actor=actor)


def excluded_in_words(excluded: Counter[str]) -> str:
    return _(", ").join(f"{Excluded(code).label}{_(': ')}{n}" for code, n in sorted(excluded.items()))


def _look(policy: DormancyPolicy, seconds: int | None) -> Due:
    found, sample = Due(policy), []
    sql = _PREVIEW.format(key=_KEY, parts=_PARTS, **_expressions(policy))
    with transaction.atomic(), connection.cursor() as cursor:
        limit = f"{seconds}s" if seconds else "0"
        cursor.execute("SELECT set_config('jit', 'off', true), set_config('statement_timeout', %s, true)", [limit])
        try:
            cursor.execute(sql, dormancy.params(policy, timezone.now()))
        except OperationalError as error:
            if not isinstance(error.__cause__, QueryCanceled):
                raise
            raise Invalid(
                _("There are too many numbers to look through on a page: type “manage.py reclaim --policy %(code)s”.")
                % {"code": policy}
            ) from None
        for why, n, ones in cursor.fetchall():
            if why is None:
                found.will, sample = int(n), ones
            else:
                found.excluded[why] = int(n)
    if len(sample) < found.will <= SAMPLE:  # two of a few may share a part: so few are shown whole
        sample = list(_candidates(policy))
    found.sample = sorted(sample[:SAMPLE])
    return found


def _candidates(policy: DormancyPolicy) -> Iterator[int]:
    """Those whom nothing keeps, in key order, from the server's cursor: millions are never a list here."""
    sql = _CANDIDATES.format(**_expressions(policy))
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('cursor_tuple_fraction', '1', true), set_config('jit', 'off', true)")
        with connection.chunked_cursor() as cursor:
            cursor.execute(sql, dormancy.params(policy, timezone.now()))
            while rows := cursor.fetchmany(settings.QQOPS_CHUNK):
                for (number,) in rows:
                    yield number


def _expressions(policy: DormancyPolicy) -> dict[str, str]:
    return {"found": _FOUND.format(due=eligibility.due(policy.kind)), "excluded": dormancy.excluded(policy.kind)}


def _order(policy: DormancyPolicy, reason: str, ticket: str, found: Due, form_key: uuid.UUID | None = None) -> Order:
    """What is on file: the policy in words, what was found under it and when."""
    kept = excluded_in_words(found.excluded) or _("none")
    return Order(
        Kind.TERMINATE,
        (RECLAIM,),
        facts=_("Policy %(code)s: %(words)s.") % {"code": policy, "words": in_words(terms_of(policy))},
        evidence=(
            _("Due on %(at)s: %(due)d numbers; not reclaimed of these: %(kept)s.")
            % {"at": f"{timezone.localtime():%Y-%m-%d %H:%M}", "due": found.due, "kept": kept},
            _("Policy adopted by proposal #%(id)d.") % {"id": policy.proposal_id},
        ),
        reason=reason,
        ticket=ticket,
        policy=policy,
        form_key=form_key or uuid.uuid4(),
    )
