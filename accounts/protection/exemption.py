"""The act that exempts numbers from reclaim (3.3), or ends the exemption. Set-based.

The number keeps the reason of its exemption. No number is exempt without one.
"""

from collections.abc import Iterable

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.lifecycle import HELD
from accounts.models import Number
from accounts.protection.services import NAMED, Found, attempted
from accounts.resources.policy import LIST_MAX
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

EXEMPT = "accounts.exempt_number"
LONGEST = 200

_EXEMPT = """
WITH number AS (
  UPDATE accounts_number n SET reclaim_exempt_reason = %(because)s, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number_history})
SELECT count(*) FROM number"""


def check(numbers: Iterable[int], because: str, *, actor: Staff, lock: bool = False) -> Found:
    """Return what `exempt` would change. Raises the errors of `exempt`. `because=""` ends the exemption."""
    wanted = sorted(set(numbers))
    if not actor.has_perm(EXEMPT):
        raise Refused(gettext_noop("Your role may not exempt numbers from reclaim."))
    if len(wanted) > LIST_MAX:
        raise Invalid(_("At most %(n)d numbers at once.") % {"n": LIST_MAX})
    if len(because) > LONGEST:
        raise Invalid(_("At most %(n)d characters.") % {"n": LONGEST})
    no_personal_data(because)
    refuse_own(actor, wanted)
    rows = Number.objects.filter(pk__in=wanted).order_by("pk")
    if lock:  # in key order, as every act does
        rows = rows.select_for_update(no_key=True)
    before = {pk: (state, now) for pk, state, now in rows.values_list("pk", "lifecycle", "reclaim_exempt_reason")}
    if unknown := [n for n in wanted if n not in before or (because and before[n][0] not in HELD)]:
        more = " …" if len(unknown) > NAMED else ""
        raise Invalid(
            _("Nobody holds these numbers: %(numbers)s. Nothing was done.")
            % {"numbers": ", ".join(map(str, unknown[:NAMED])) + more}
        )
    changing = [n for n, (_state, now) in before.items() if now != because]
    return Found(changing, len(wanted) - len(changing))


def exempt(numbers: Iterable[int], because: str, *, actor: Staff, reason: str, ticket: str = "") -> Found:
    """Exempt the numbers from reclaim, or end the exemption (`because=""`). Leave numbers that are so already."""
    wanted, because = list(numbers), because.strip()
    with recorder.refusals(actor=actor, **attempted("exempt", wanted, len(wanted))), transaction.atomic():
        found = check(wanted, because, actor=actor, lock=True)
        must_say_why(reason)
        if not found.changing:
            return found
        verb = "number.exempted" if because else "number.exemption_ended"
        subject = Number(pk=found.changing[0]) if len(found.changing) == 1 else None
        facts = {"numbers": len(found.changing)}
        with recorder.act(verb, actor=actor, reason=reason, ticket=ticket, subject=subject, facts=facts) as act:
            sql = _EXEMPT.format(number_history=recorder.history_insert(Number, recorder.CHANGED, source="number live"))
            with connection.cursor() as cursor:
                cursor.execute(sql, act.params | {"because": because, "numbers": found.changing})
            act.wrote(recorder.history_model(Number), rows=len(found.changing))
    return found
