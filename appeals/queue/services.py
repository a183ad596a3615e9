"""The queue of appeals: take the next one, pass it on, hand it to somebody. Two people never hold one.

An appeal is in somebody's hand for half an hour at a time (a lease). The row is locked while it is taken and passed
over by whoever asks at the same moment; who read the leases a moment too early finds that one stands, and asks again.
"""

from typing import Any

from django.db import connection, transaction
from django.db.models import F, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.queries import OWN_NUMBERS, own_numbers
from accounts.declarations.services import refuse_own
from appeals.hearing.conflicts_of_interest import HasPart, people
from appeals.lifecycle import State
from appeals.models import Appeal, Lease, Skip
from appeals.policy import HEAR, HEAR_AGAIN, LEASE, SKIPPED_FOR
from appeals.queries import lease_of, right_to_hear, ruled_before, took_part
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

TOOK_PART = conflict(
    gettext_noop(
        "You filed this appeal, or took part in what it objects to or in what changed that since: another"
        " person hears it."
    )
)
HEARD_IT = conflict(gettext_noop("You had a word in the first review: the second is another person's."))

ATTEMPTS = 40  # at a moment when so many others have just taken what was seen as free

# Which are his to hear, by what he may: all, the first reviews, or those that a supervisor hears. Written so that an
# index of the latter serves: they are few among many.
_HIS = {
    (True, True): "true",
    (True, False): "a.round = 1 AND NOT a.gated",
    (False, True): "(a.round > 1 OR a.gated)",
}

# Not in anybody's hand, not passed on by him lately, and none that he has part in, nor about a number of his own.
_NEXT = f"""
WITH next AS (
  SELECT a.id FROM appeals_appeal a
  WHERE a.state = '{State.FILED}' AND {{his}}
    AND NOT EXISTS (SELECT FROM appeals_lease l WHERE l.appeal_id = a.id AND l.until > %(now)s)
    AND NOT EXISTS (SELECT FROM appeals_skip s WHERE s.appeal_id = a.id AND s.staff_id = %(actor)s
      AND s.at > %(now)s - %(skipped_for)s)
    AND %(actor)s NOT IN ({people("a.id")})
    AND a.number_id NOT IN ({OWN_NUMBERS})
  ORDER BY a.due_at, a.id LIMIT 1 FOR NO KEY UPDATE OF a SKIP LOCKED),
lease AS (
  INSERT INTO appeals_lease (appeal_id, staff_id, until) SELECT id, %(actor)s, %(until)s FROM next
  ON CONFLICT (appeal_id) DO UPDATE SET staff_id = EXCLUDED.staff_id, until = EXCLUDED.until
    WHERE appeals_lease.until <= %(now)s RETURNING appeal_id)
SELECT (SELECT id FROM next), (SELECT appeal_id FROM lease)"""


def take_next(*, actor: Staff) -> Appeal | None:
    """The oldest due appeal that nobody else holds and that he may hear; what he holds already comes first. None: there
    is none for him."""
    with recorder.refusals(actor=actor, facts={"act": "take_appeal"}):
        may_hear_any(actor)
        for _attempt in range(ATTEMPTS):
            with transaction.atomic():
                if mine := _held(actor).select_related("appeal").order_by("appeal__due_at").first():
                    return mine.appeal
                seen, taken = _take(actor)
                if taken:
                    appeal = Appeal.objects.get(pk=taken)
                    with _act("appeal.taken", appeal, actor):
                        return appeal
            if seen is None:
                return None
    raise Invalid(_("Too many take appeals at this moment. Nothing was taken: ask again."))


def _held(actor: Staff) -> QuerySet[Lease]:
    """What he has in hand and may still decide on: what he took part in since, he neither ends nor passes on."""
    leases = Lease.objects.filter(staff=actor, until__gt=timezone.now(), appeal__state=State.FILED)
    leases = leases.exclude(appeal__number__in=own_numbers(actor).values("number"))
    return leases.exclude(HasPart(Value(actor.pk), F("appeal")))


def _take(actor: Staff) -> tuple[int | None, int | None]:
    now = timezone.now()
    params: dict[str, Any] = {
        "actor": actor.pk,
        "now": now,
        "until": now + LEASE,
        "skipped_for": SKIPPED_FOR,
    }
    his = _HIS[actor.has_perm(HEAR), actor.has_perm(HEAR_AGAIN)]
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.format(his=his), params)
        seen, taken = cursor.fetchone()
        return seen, taken


def take(appeal: Appeal, *, actor: Staff) -> Appeal:
    """Take this one, from its page; Invalid where somebody has it."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "take_appeal"}), transaction.atomic():
        appeal = locked(appeal)
        may_hear(appeal, as_of_now(actor))
        _lease(appeal, actor)
        with _act("appeal.taken", appeal, actor):
            return appeal


def skip(appeal: Appeal, *, actor: Staff, reason: str) -> Appeal:
    """Pass it on: somebody else gets it."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "skip_appeal"}), transaction.atomic():
        appeal = locked(appeal)
        must_hold(appeal, actor)
        must_say_why(reason)
        with _act("appeal.passed_on", appeal, actor, reason) as act:
            Skip.objects.bulk_create(
                [Skip(appeal=appeal, staff=actor, reason=reason, at=timezone.now(), event_id=act.event_id)]
            )
            act.wrote(Skip)
            let_go(appeal)
    return appeal


def transfer(appeal: Appeal, to: Staff, *, actor: Staff, reason: str) -> Appeal:
    """Hand it to somebody who may hear it; he has it for as long as if he had just taken it."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "transfer_appeal"}), transaction.atomic():
        appeal = locked(appeal)
        must_hold(appeal, actor)
        must_say_why(reason)
        try:
            may_hear(appeal, to)
        except Refused as refused:
            raise Invalid(_("It cannot be handed to %(to)s: %(why)s") % {"to": to, "why": refused}) from None
        with _act("appeal.handed_over", appeal, actor, reason, to=str(to)):
            Lease.objects.filter(appeal=appeal).update(staff=to, until=timezone.now() + LEASE)
    return appeal


def may_hear_any(actor: Staff) -> None:
    if not actor.may_enter or not (actor.has_perm(HEAR) or actor.has_perm(HEAR_AGAIN)):
        raise Refused(gettext_noop("Your role may not hear appeals."))


def may_hear(appeal: Appeal, actor: Staff) -> None:
    """May this person decide this appeal? Asked when it is taken, and again when it is decided."""
    may_hear_any(actor)
    if not actor.has_perm(right_to_hear(appeal)):
        raise Refused(gettext_noop("Your role may not hear this appeal: a supervisor hears it."))
    must_have_no_part(appeal, actor)
    if appeal.state != State.FILED:
        raise Invalid(_("This appeal is not to be heard now: %(state)s. Nothing was done.") % {
            "state": appeal.get_state_display()})  # fmt: skip


def must_have_no_part(appeal: Appeal, actor: Staff) -> None:
    """Nobody decides on what he had part in (domain.md §9, 2 and 3), nor about a number of his own (7)."""
    refuse_own(actor, [appeal.number_id])
    if took_part(appeal, actor):
        raise Refused(TOOK_PART)
    if ruled_before(appeal, actor):
        raise Refused(HEARD_IT)


def must_hold(appeal: Appeal, actor: Staff) -> None:
    """Only who has it in hand works on it; inside an act."""
    has_in_hand(appeal, as_of_now(actor))


def has_in_hand(appeal: Appeal, actor: Staff) -> None:
    may_hear(appeal, actor)
    lease = lease_of(appeal)
    if lease is None:
        raise Invalid(_("You do not have this appeal in hand any more: take it again. Nothing was done."))
    if lease.staff_id != actor.pk:
        raise Invalid(_("%(who)s has this appeal in hand. Nothing was done.") % {"who": lease.staff})


def locked(appeal: Appeal) -> Appeal:
    return Appeal.objects.select_for_update(no_key=True).get(pk=appeal.pk)


def let_go(appeal: Appeal) -> None:
    Lease.objects.filter(appeal=appeal).delete()


def _lease(appeal: Appeal, actor: Staff) -> None:
    """The row of the appeal is locked, so nobody else takes it meanwhile."""
    if (held := lease_of(appeal)) and held.staff_id != actor.pk:
        raise Invalid(_("%(who)s has this appeal in hand. Nothing was done.") % {"who": held.staff})
    Lease.objects.update_or_create(appeal=appeal, defaults={"staff": actor, "until": timezone.now() + LEASE})


def _act(verb: str, appeal: Appeal, actor: Staff, reason: str = "", **facts: Any) -> Any:
    return recorder.act(verb, actor=actor, reason=reason, subject=appeal, facts={"kind": appeal.kind, **facts})
