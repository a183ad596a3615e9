"""What has a holder's information kept while it runs: a measure, a termination, a decision that waits (PIPL 47)."""

from collections.abc import Collection, Iterable

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.dormancy import policy as dormancy
from accounts.lifecycle import Lifecycle
from accounts.models import Number, Tenure
from accounts.rights import queries as rights
from enforcement.models import Measure, Target
from enforcement.policy import FreezeKind
from qqops.approvals.models import State

# By the policy of the decision that reclaimed it last.
_USED_BEFORE = f"""
SELECT n.tenure_id FROM accounts_number n
JOIN LATERAL (
  SELECT d.policy_id FROM enforcement_outcome o JOIN enforcement_decision d ON d.id = o.decision_id
  WHERE o.number_id = n.id AND o.why = '' AND d.kind = 'terminate' ORDER BY d.id DESC LIMIT 1) last ON true
JOIN accounts_dormancypolicy p ON p.id = last.policy_id AND p.kind = ANY(%(kinds)s)
WHERE n.tenure_id = ANY(%(tenures)s::bigint[]) AND n.lifecycle = '{Lifecycle.TERMINATED}'
  AND EXISTS (SELECT FROM accounts_loginfact f WHERE f.tenure_id = n.tenure_id
    AND (p.kind = '{dormancy.Kind.NOT_ACTIVATED}' OR f.last_at > n.terminated_at - p.threshold_days * interval '1 day'))
ORDER BY n.id"""


def _running(tenures: Collection[int]) -> QuerySet[Measure]:
    running = Q(ended_at=None) & (Q(until=None) | Q(until__gt=timezone.now()))
    numbers = Tenure.objects.filter(pk__in=tenures).values("number")
    return Measure.objects.filter(running, number__in=numbers, tenure__in=tenures)


def _measures(tenures: Collection[int]) -> Iterable[int]:
    return _running(tenures).values_list("tenure", flat=True)


def _legal_freezes(tenures: Collection[int]) -> Iterable[int]:
    """Whatever the holder wants: while the law has it frozen, his number is not ended."""
    return _running(tenures).filter(freeze_kind=FreezeKind.LEGAL).values_list("tenure", flat=True)


def _terminations(tenures: Collection[int]) -> Iterable[int]:
    """Until the number is purged the holder may object, and is answered from what is known of him."""
    over = Number.objects.filter(tenure__in=tenures, lifecycle=Lifecycle.TERMINATED)
    return (tenure for tenure in over.values_list("tenure", flat=True) if tenure is not None)


def _decisions(tenures: Collection[int]) -> Iterable[int]:
    waiting = Q(decision__state=State.APPROVED) | Q(
        decision__state=State.PROPOSED, decision__expires_at__gt=timezone.now()
    )
    numbers = Tenure.objects.filter(pk__in=tenures).values("number")
    rows = Target.objects.filter(waiting, number__in=numbers, tenure__in=tenures)
    return (tenure for tenure in rows.values_list("tenure", flat=True) if tenure is not None)


def used_before(tenures: Collection[int]) -> Iterable[int]:
    """Whose number was reclaimed for not being used though it was: by a login that the decision would have spared it
    for, and which nobody knew of then. Whoever may restore it decides (10.1), and until then it stays (T17)."""
    with connection.cursor() as cursor:
        cursor.execute(_USED_BEFORE, {"tenures": list(tenures), "kinds": [kind.value for kind in dormancy.BY_LOGINS]})
        return [tenure for (tenure,) in cursor.fetchall()]


rights.keeps("measure", _("a measure on the number is running"), _measures)
rights.keeps("terminated", _("the number is terminated, and the time for objections runs"), _terminations)
rights.keeps("decision", _("a decision on the number waits"), _decisions)
rights.keeps_number("decision", _("a decision on the number waits"), _decisions)
rights.keeps_number("legal_freeze", _("a legal freeze is in force"), _legal_freezes)
rights.keeps_number(rights.USED, _("its holder used it before it was reclaimed: restore it (10.1)"), used_before)
