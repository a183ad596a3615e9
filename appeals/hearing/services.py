"""While an appeal is heard: ask for more (the clock stands), record the answer, write, take it as another kind, close
it when it is withdrawn. What is said to and by the appellant is a message of its own and never changed.
"""

import datetime
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import Hold
from accounts.retention import holds
from appeals.filing.routing import Asked, routed
from appeals.lifecycle import Act, Kind, Outcome, State, may
from appeals.messages import sealed_text
from appeals.messages import text as letters
from appeals.models import Appeal, Delivery, Message, Ruling
from appeals.policy import FILE, GROUNDS, WAIT_FOR_ANSWER, Why, clock_of
from appeals.queries import decided_first, lease_of, right_to_hear, took_part
from appeals.queue import calendar
from appeals.queue.services import has_in_hand, let_go, locked, may_hear_any
from appeals.recovery.contested import end_freeze
from appeals.rulings.second_person import second_for
from enforcement.letters.render import promises
from qqops.approvals.models import State as Proposed
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

TOOK_PART = conflict(gettext_noop("You took part in what it objects to: another person speaks for the appellant."))
IN_HAND = conflict(gettext_noop("You have this appeal in hand: another person does this for the appellant."))

TEXT_MIN, TEXT_MAX = 6, 4000

# By so much as its clock has stood, what is due comes later; of one that does not wait only the revision changes.
_COME_IN = f"""
UPDATE appeals_appeal SET revision = revision + 1, due_at = due_at + coalesce(%(now)s - waiting_since, '0'),
  escalate_at = escalate_at + coalesce(%(now)s - waiting_since, '0'),
  waits_until = CASE WHEN state <> '{State.WAITING}' THEN waits_until END, waiting_since = NULL,
  state = CASE WHEN state = '{State.WAITING}' THEN '{State.FILED}' ELSE state END
WHERE id = ANY(%(ids)s::bigint[])"""


def ask(appeal: Appeal, text: str, *, actor: Staff, revision: int) -> Appeal:
    """Ask the appellant for more: until he answers the clock stands, and after a week of silence it is abandoned."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "ask_appellant"}), transaction.atomic():
        appeal = held(appeal, Act.ASK, actor, revision)
        must_be_said(text)
        must_promise_nothing(text)
        now = timezone.now()
        with acting("appeal.asked", appeal, actor) as act:
            move(act, appeal, State.WAITING, waiting_since=now, waits_until=now + WAIT_FOR_ANSWER)
            say(act, appeal, Message.Kind.ASKED, letters.asked(appeal, text.strip()), actor)
            let_go(appeal)
    return appeal


def answer(appeal: Appeal, text: str, *, actor: Staff, ticket: str = "") -> Appeal:
    """What the appellant says: when it was asked for, the clock goes on from where it stood."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "record_answer"}), transaction.atomic():
        appeal = locked(appeal)
        may_speak(appeal, as_of_now(actor))
        must_be_said(text)
        with acting("appeal.answered", appeal, actor, ticket=ticket) as act:
            come_in(act, [appeal.pk])
            say(act, appeal, Message.Kind.ANSWER, text.strip(), actor)
        appeal.refresh_from_db()
    return appeal


def write(appeal: Appeal, text: str, *, actor: Staff, ticket: str = "") -> Appeal:
    """Write to the appellant; nothing of the appeal changes by it."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "write_appellant"}), transaction.atomic():
        appeal = locked(appeal)
        may_write(appeal, as_of_now(actor))
        must_be_said(text)
        must_promise_nothing(text)
        with acting("appeal.written", appeal, actor, ticket=ticket) as act:
            say(act, appeal, Message.Kind.OTHER, letters.message(appeal, text.strip()), actor)
    return appeal


def withdraw(appeal: Appeal, *, actor: Staff, reason: str, ticket: str = "") -> Appeal:
    """The appellant no longer wants it."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "withdraw_appeal"}), transaction.atomic():
        appeal = locked(appeal)
        may_withdraw(appeal, as_of_now(actor))
        must_say_why(reason)
        with acting("appeal.withdrawn", appeal, actor, reason, ticket) as act:
            if appeal.state == State.COOLING:
                stop_ruling(act, appeal)
            close(act, appeal, Outcome.WITHDRAWN, actor)
            say(act, appeal, Message.Kind.RULING, letters.closed(appeal), actor)
    return appeal


def convert(
    appeal: Appeal, kind: str, ground: str, decision: int | None, *, actor: Staff, reason: str, revision: int
) -> Appeal:
    """Take it as another kind (11(b)): what was said stays; the clock is the new kind's and begins now, within the
    ceiling of what was filed. The appellant is told, as what he was told when it came is not so any more."""
    with (
        recorder.refusals(actor=actor, subject=appeal, facts={"act": "convert_appeal", "kind": kind}),
        transaction.atomic(),
    ):
        appeal = locked(appeal)
        may_convert(appeal, as_of_now(actor))
        not_stale(appeal, revision)
        must_say_why(reason)
        if kind not in Kind.values or kind == appeal.kind or ground not in GROUNDS[Kind(kind)]:
            raise Invalid(_("Say as what other kind it is taken, and on which ground."))
        if (decision is not None) != (kind == Kind.OBJECTION):
            raise Invalid(_("Name the decision that is objected to; of no other kind one is named."))
        seq = appeal.tenure.seq if appeal.tenure else None
        holds.lock([appeal.tenure_id] if appeal.tenure_id else [])  # so that who files the same at once sees it
        found = routed([Asked(appeal.number_id, Kind(kind), seq, decision)])[0]
        if found.open_receipt or found.again:
            known = found.open_receipt or found.again
            raise Invalid(_("The same was filed already: %(receipt)s.") % {"receipt": known})
        if found.why or found.tenure != appeal.tenure_id:
            why = found.why or Why.NEVER_HELD
            raise Invalid(_("It would not be heard so: %(why)s.") % {"why": Why(why).label})
        gated, now = appeal.gated or found.gated, timezone.now()
        due = min(calendar.due(clock_of(found.timed), now), latest(appeal))
        with acting("appeal.converted", appeal, actor, reason) as act:
            act.facts["kind"] = found.kind.value
            move(
                act, appeal, State.FILED, kind=found.kind, ground=ground, decision_id=found.decision, gated=gated,
                **clock(now, due),
            )  # fmt: skip
            say(act, appeal, Message.Kind.OTHER, letters.converted(appeal), actor)
            if took_part(appeal, actor) or not actor.has_perm(right_to_hear(appeal)):
                let_go(appeal)  # as it is taken now, another person hears it
    return appeal


# Steps that the acts share


def held(appeal: Appeal, step: Act, actor: Staff, revision: int) -> Appeal:
    """The appeal, locked; Invalid where it has no such move now, is in another's hand, or has changed since."""
    appeal = locked(appeal)
    may_take_step(appeal, step, as_of_now(actor))
    not_stale(appeal, revision)
    return appeal


def may_take_step(appeal: Appeal, step: Act, actor: Staff) -> None:
    has_in_hand(appeal, actor)
    if not may(step, appeal.kind, appeal.state):
        raise Invalid(_("An appeal of this kind has no such step. Nothing was done."))


def may_convert(appeal: Appeal, actor: Staff) -> None:
    """Raise as `convert` would, whatever it is to be taken as."""
    may_take_step(appeal, Act.CONVERT, actor)
    if appeal.round > 1:
        raise Invalid(_("What is reviewed once more stays what it was decided as. Nothing was done."))
    if second_for(appeal, Outcome.REJECTED):
        # As another kind one person would end what two decide on, and with a contest its freeze.
        raise Invalid(
            _(
                "Two people decide on this: it stays what it is. Rule on it, and a second person agrees; what else its"
                " appellant wants is filed anew. Nothing was done."
            )
        )


def not_stale(appeal: Appeal, revision: int) -> None:
    if appeal.revision != revision:
        raise Invalid(_("The appeal has changed since you looked at it. Nothing was done: look again."))


def may_speak(appeal: Appeal, actor: Staff) -> None:
    """Whoever files appeals speaks with the appellants; a closed one has nothing more to be said to."""
    if not actor.may_enter or not actor.has_perm(FILE):
        raise Refused(gettext_noop("Your role may not speak for appellants."))
    refuse_own(actor, [appeal.number_id])
    if decided_first(appeal, actor):
        raise Refused(TOOK_PART)
    must_be_open(appeal)


def must_be_open(appeal: Appeal) -> None:
    if appeal.state in (State.CLOSED, State.COURT):
        raise Invalid(_("This appeal is closed: nothing more is taken in. Nothing was done."))


def may_bring(appeal: Appeal, actor: Staff) -> None:
    """Whoever is to decide on it neither closes it for the appellant nor brings what is then weighed."""
    may_speak(appeal, actor)
    lease = lease_of(appeal)
    if lease is not None and lease.staff_id == actor.pk:
        raise Refused(IN_HAND)


def may_withdraw(appeal: Appeal, actor: Staff) -> None:
    may_bring(appeal, actor)
    if not may(Act.WITHDRAW, appeal.kind, appeal.state):
        raise Invalid(_("It cannot be withdrawn now: %(state)s. Nothing was done.") % {
            "state": appeal.get_state_display()})  # fmt: skip


def may_write(appeal: Appeal, actor: Staff) -> None:
    """Whoever hears appeals, of a closed one too."""
    may_hear_any(actor)
    refuse_own(actor, [appeal.number_id])


def must_promise_nothing(text: str) -> None:
    """What is written to an appellant promises no outcome, in no words (7)."""
    if word := promises(text):
        raise Invalid(_("No letter promises an outcome (7): leave out “%(word)s”.") % {"word": word})


def must_be_said(text: str) -> None:
    if not TEXT_MIN <= len(text.strip()) <= TEXT_MAX:
        raise Invalid(_("Write %(least)d to %(most)d characters.") % {"least": TEXT_MIN, "most": TEXT_MAX})


def acting(verb: str, appeal: Appeal, actor: Staff, reason: str = "", ticket: str = "", **facts: Any) -> Any:
    told = {"kind": str(appeal.kind), **facts}
    return recorder.act(verb, actor=actor, reason=reason, ticket=ticket, subject=appeal, facts=told)


def move(act: recorder.Act, appeal: Appeal, state: str, **changed: Any) -> None:
    """One change of an appeal, with its history; inside an act. What it waited for is over when its state changes."""
    if state != appeal.state:
        changed = {"waiting_since": None, "waits_until": None, **changed}
    changed |= {"state": state, "revision": appeal.revision + 1}
    for name, value in changed.items():
        setattr(appeal, name, value)
    appeal.save(update_fields=list(changed))
    act.wrote(recorder.history_model(Appeal))


def close(act: recorder.Act, appeal: Appeal, outcome: Outcome, actor: Staff, **changed: Any) -> None:
    """It is over: what held the tenure for it ends, and the freeze under which two who claim the number were heard."""
    end_freeze(appeal, actor=actor)
    move(act, appeal, State.CLOSED, outcome=outcome, closed_at=timezone.now(), **changed)
    holds.release_holds(Hold.Kind.APPEAL, appeal.receipt, actor=actor, act=act)
    let_go(appeal)


def stop_ruling(act: recorder.Act, appeal: Appeal) -> None:
    """What was upheld and cools down does not take effect: its ruling ends without it, and is counted nowhere."""
    ruling = Ruling.objects.get(appeal=appeal, round=appeal.round, state=Proposed.APPLIED)
    ruling.state, ruling.ruled_at = Proposed.STOPPED, None
    ruling.save(update_fields=["state", "ruled_at"])
    act.wrote(recorder.history_model(Ruling))


def say(
    act: recorder.Act, appeal: Appeal, kind: Message.Kind, text: str, actor: Staff, *, channel: str = ""
) -> Message:
    """Keep a message, and send it where it goes out; a warning goes by `channel` to whoever is bound there."""
    now = timezone.now()
    message = sealed_text.new_message(
        appeal, kind, text, key=sealed_text.key_of(appeal), maker=actor.pk, at=now, event=act.event_id,
        pk=bulk.next_pk(Message),
    )  # fmt: skip
    Message.objects.bulk_create([message])
    act.wrote(Message)
    if kind not in (Message.Kind.ANSWER, Message.Kind.NEGOTIATED):
        Delivery.objects.create(message=message, due_at=now, channel=channel)
    return message


def come_in(act: recorder.Act, appeals: Sequence[int]) -> None:
    """Something came from the appellants: what waited for it is heard again, its clock goes on from where it stood, and
    whoever has it open sees a change. Each is locked."""
    with connection.cursor() as cursor:
        cursor.execute(_COME_IN, {"ids": list(appeals), "now": timezone.now()})
    act.history(Appeal, appeals)


def clock(began: datetime.datetime, due: datetime.datetime) -> dict[str, Any]:
    """A clock that began then; it escalates anew, and at once where it is over."""
    return {"due_at": due, "escalate_at": min(calendar.escalation(began, due), due), "escalated_at": None}


def latest(appeal: Appeal) -> datetime.datetime:
    """The ceiling (domain.md §2), later by so much as its clock has stood in all: so much each answer moved it."""
    rows = Appeal.history.filter(id=appeal.pk).order_by("history_id").values("state", "due_at")
    stood = (
        now["due_at"] - was["due_at"]
        for was, now in pairwise(rows)
        if (was["state"], now["state"]) == (State.WAITING, State.FILED)
    )
    return sum(stood, calendar.ceiling(appeal.filed_at))
