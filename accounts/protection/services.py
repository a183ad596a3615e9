"""The act that puts numbers under protection, changes the protection, or ends it. Set-based."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.lifecycle import Protection, weakens
from accounts.models import Number
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

PROTECT, END = "accounts.protect_number", "accounts.end_protection"
NAMED = 50  # unknown numbers named in one sentence
FEW = 10  # numbers named by a refusal

_PROTECT = """
WITH number AS (
  UPDATE accounts_number n SET protection = %(kind)s, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number_history})
SELECT count(*) FROM number"""


@dataclass
class Found:
    """The numbers that an act changes, and the count of those that are so already."""

    changing: list[int] = field(default_factory=list)
    already: int = 0


def attempted(act: str, numbers: Iterable[int], targets: int, **facts: Any) -> dict[str, Any]:
    """Return the facts and the subject of a refusal of an act.

    The facts name the numbers if `targets` is at most FEW. The subject is the number if there is only one.
    """
    few = sorted(set(numbers)) if targets <= FEW else []
    named = {"act": act, **facts, "targets": targets} | ({"numbers": few} if few else {})
    return {"facts": named, "subject": Number(pk=few[0]) if len(few) == 1 else None}


def check(numbers: Iterable[int], kind: str, *, actor: Staff, lock: bool = False) -> Found:
    """Return what `protect` would change. Raises the errors of `protect`."""
    wanted = sorted(set(numbers))
    if not actor.has_perm(PROTECT):
        raise Refused(gettext_noop("Your role may not protect numbers."))
    if kind and kind not in Protection.values:
        raise Invalid(_("Unknown protection: %(kind)s.") % {"kind": kind})
    refuse_own(actor, wanted)
    rows = Number.objects.filter(pk__in=wanted).order_by("pk")
    if lock:  # in key order, as every act does
        rows = rows.select_for_update(no_key=True)
    before = dict(rows.values_list("pk", "protection"))
    if unknown := [n for n in wanted if n not in before]:
        more = " …" if len(unknown) > NAMED else ""
        named = ", ".join(map(str, unknown[:NAMED])) + more
        raise Invalid(_("Unknown numbers: %(numbers)s. Nothing was done.") % {"numbers": named})
    if any(weakens(protection, kind) for protection in before.values()) and not actor.has_perm(END):
        raise Refused(gettext_noop("Only a supervisor may end or weaken a protection."))
    changing = [n for n, protection in before.items() if protection != kind]
    return Found(changing, len(wanted) - len(changing))


def protect(numbers: Iterable[int], kind: str, *, actor: Staff, reason: str, ticket: str = "") -> Found:
    """Put the numbers under this protection, or end it (`kind=""`). Leave numbers that are so already."""
    wanted = list(numbers)
    with recorder.refusals(actor=actor, **attempted("protect", wanted, len(wanted), kind=kind)), transaction.atomic():
        found = check(wanted, kind, actor=actor, lock=True)
        must_say_why(reason)
        if not found.changing:
            return found
        facts = {"kind": kind, "numbers": len(found.changing)}
        verb = "number.protected" if kind else "number.protection_ended"
        subject = Number(pk=found.changing[0]) if len(found.changing) == 1 else None
        with recorder.act(verb, actor=actor, reason=reason, ticket=ticket, subject=subject, facts=facts) as act:
            sql = _PROTECT.format(
                number_history=recorder.history_insert(Number, recorder.CHANGED, source="number live")
            )
            with connection.cursor() as cursor:
                cursor.execute(sql, act.params | {"kind": kind, "numbers": found.changing})
            act.wrote(recorder.history_model(Number), rows=len(found.changing))
    return found
