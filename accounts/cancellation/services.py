"""Acts on cancellations by the holder (12.1): begin, withdraw within the cooling-off period, end."""

import datetime
from collections import Counter
from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.cancellation.queries import blockers
from accounts.declarations.services import refuse_own
from accounts.lifecycle import L
from accounts.logins.queries import covered_until
from accounts.models import Number
from accounts.protection.services import attempted
from accounts.quarantine import sweep
from accounts.quarantine.policy import CANCELLED, COOLING_OFF, Blocker, Confirmation
from accounts.quarantine.purge import purge_chunk
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff import limits
from qqops.staff.models import Staff

CANCEL = "accounts.cancel_number"
AT_ONCE = 200  # holders come one by one; a longer list is a pasting mistake
FEED = "feed"  # cancellations that wait until every login of their cooling-off period is known
NEVER = datetime.datetime(1, 1, 2, tzinfo=datetime.UTC)  # the earliest time that every time zone can express

_BEGIN = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = 'cancel_pending', due_at = %(until)s, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number})
SELECT count(*) FROM number"""

_WITHDRAW = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = 'in_use', due_at = NULL, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number})
SELECT count(*) FROM number"""

_END = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = 'terminated', terminated_at = %(now)s, terminated_under = %(clause)s,
    due_at = %(now)s, revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({number})
SELECT count(*) FROM number"""


class Blocked(Refused):
    """Raised when something blocks a cancellation. Names all blockers, so that the holder learns them at once."""

    def __init__(self, found: dict[int, list[str]]) -> None:
        counts = Counter(code for codes in found.values() for code in codes)
        super().__init__(
            gettext_noop("Something stands against this cancellation. Nothing was done."), blockers=dict(counts)
        )
        self.found = found

    def __str__(self) -> str:
        named = [f"{number}: {in_words(codes)}" for number, codes in self.found.items()]
        return "\n".join([super().__str__(), *named])


def in_words(codes: Collection[str]) -> str:
    return _(", ").join(str(Blocker(code).label) for code in codes)


def check(numbers: Collection[int], *, actor: Staff) -> dict[int, list[str]]:
    """Return the blockers of each blocked number. Raise Refused or Invalid if the actor may not cancel them."""
    wanted = _wanted(numbers, actor)
    found = blockers(wanted)
    _must_be_known(wanted, found)
    return {number: codes for number, codes in found.items() if codes}


def must_be_confirmed(confirmed: Collection[str]) -> None:
    """Raise Invalid unless all confirmations are given: other systems hold the balance, the groups and the rest."""
    if missing := [one for one in Confirmation if one not in confirmed]:
        named = _(", ").join(str(one.label) for one in missing)
        raise Invalid(_("Not confirmed yet: %(missing)s. Nothing was done.") % {"missing": named})


def cancel(numbers: Collection[int], confirmed: Collection[str], *, actor: Staff, reason: str, ticket: str = "") -> int:
    """Begin the cancellation of all these numbers, or of none. Return how many."""
    tried = attempted("cancel", numbers, len(numbers))
    with (
        recorder.refusals(actor=actor, **tried),
        limits.spending("cancel", actor, len(_wanted(numbers, actor))),
        transaction.atomic(),
    ):
        sweep.lock(sorted(numbers))
        if found := check(numbers, actor=actor):
            raise Blocked(found)
        must_be_confirmed(confirmed)
        must_say_why(reason)
        until = timezone.now() + COOLING_OFF
        facts = {
            "clause": CANCELLED, "numbers": len(set(numbers)), "until": until.isoformat(),
            "confirmed": [one.value for one in Confirmation],
        }  # fmt: skip
        with recorder.act(
            "number.cancellation_begun",
            actor=actor,
            reason=reason,
            ticket=ticket,
            subject=tried["subject"],
            facts=facts,
        ) as act:
            sweep.write(act, _BEGIN, {"numbers": sorted(numbers), "until": until}, Number)
    return len(set(numbers))


def check_withdraw(numbers: Collection[int], *, actor: Staff) -> None:
    wanted = _wanted(numbers, actor)
    found = {one.pk: one for one in Number.objects.filter(pk__in=wanted)}
    _must_be_known(wanted, found)
    now = timezone.now()
    pending = [n for n, one in found.items() if one.lifecycle == L.CANCEL_PENDING and one.due_at and one.due_at > now]
    if wrong := sorted(set(wanted) - set(pending)):
        named = ", ".join(map(str, wrong))
        raise Refused(
            gettext_noop(
                "No cancellation of these numbers can be withdrawn any longer: %(numbers)s. Nothing was done."
            ),
            numbers=named,
        )


def withdraw(numbers: Collection[int], *, actor: Staff, reason: str, ticket: str = "") -> int:
    """Withdraw these cancellations at the holder's request, all or none. Return how many."""
    tried = attempted("withdraw_cancellation", numbers, len(numbers))
    with recorder.refusals(actor=actor, **tried), transaction.atomic():
        sweep.lock(sorted(numbers))
        check_withdraw(numbers, actor=actor)
        must_say_why(reason)
        facts = {"clause": CANCELLED, "numbers": len(set(numbers)), "cause": "holder"}
        with recorder.act(
            "number.cancellation_withdrawn",
            actor=actor, reason=reason, ticket=ticket, subject=tried["subject"], facts=facts,
        ) as act:  # fmt: skip
            sweep.write(act, _WITHDRAW, {"numbers": sorted(numbers)}, Number)
    return len(set(numbers))


def end(*, actor: Staff, apply: bool = True, done: sweep.Step = lambda n: None) -> Counter[str]:
    """End the due cancellations and purge their numbers in the same transaction. Numbers that something keeps wait.

    Return counts: ended, waiting by keeper, and waiting for login data.
    """
    now, found = timezone.now(), Counter[str]()
    # An end cannot be undone, and a login that withdraws the cancellation may be in a file still to come. So only
    # cancellations end whose due time lies within the time for which every login is known. The operator can always
    # record that time, so holders do not wait long (Network Data Regulation 24).
    covered = covered_until()
    until = min(covered or NEVER, now)
    for chunk in sweep.due(L.CANCEL_PENDING, until):
        with transaction.atomic():
            sweep.lock(chunk)
            going, waiting = sweep.free(chunk, L.CANCEL_PENDING, until)
            found += waiting + Counter(cancelled=len(going))
            if going and apply:
                _end(going, actor)
        done(len(chunk))
    late = Number.objects.filter(lifecycle=L.CANCEL_PENDING, due_at__gt=until, due_at__lte=now)
    return +(found + Counter({FEED: late.count()}))


def _end(numbers: list[int], actor: Staff) -> None:
    facts: dict[str, Any] = {"clause": CANCELLED, "numbers": len(numbers)}
    subject = Number(pk=numbers[0]) if len(numbers) == 1 else None
    now = timezone.now()
    with recorder.act("number.cancelled", actor=actor, reason="", subject=subject, facts=facts) as act:
        sweep.write(act, _END, {"numbers": numbers, "now": now, "clause": CANCELLED}, Number)
    purge_chunk(numbers, actor=actor)


def _wanted(numbers: Collection[int], actor: Staff) -> list[int]:
    if not actor.has_perm(CANCEL):
        raise Refused(gettext_noop("Your role may not record a cancellation."))
    wanted = sorted(set(numbers))
    if len(wanted) > AT_ONCE:
        raise Invalid(_("At most %(n)d numbers at once.") % {"n": AT_ONCE})
    refuse_own(actor, wanted)
    return wanted


def _must_be_known(wanted: Collection[int], found: Collection[int]) -> None:
    if unknown := sorted(set(wanted) - set(found)):
        named = ", ".join(map(str, unknown))
        raise Invalid(_("Unknown numbers: %(numbers)s. Nothing was done.") % {"numbers": named})
