"""Carrying out what was approved: slower, not now, not at all, and the one switch that stops everything.

To stop is nobody's harm and needs one person; to go on after a stop of all needs a supervisor.
"""

from collections.abc import Callable
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.models import Decision, Halt
from enforcement.policy import SUPERVISOR, Effect
from enforcement.reviews.services import review_left_out
from enforcement.runs.queries import due_runs
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

RUN, STOP_ALL = "enforcement.run_decision", "enforcement.stop_all"
FASTEST = 1_000_000  # numbers a second; more than that is no limit


def may_run_it(decision: Decision, actor: Staff) -> None:
    """May this person pause, slow down, resume or stop it?"""
    if not actor.has_perm(RUN):
        raise Refused(gettext_noop("Your role may not do this."))
    if decision.state != State.APPROVED or decision.effect != Effect.WAITS:
        raise Invalid(_("Decision #%(id)d is not approved and unfinished.") % {"id": decision.pk})


def pause(decision: Decision, *, actor: Staff, reason: str) -> None:
    """The present chunk is finished, the next is not begun."""

    def not_yet(held: Decision) -> None:
        if held.paused_at:
            raise Invalid(_("Decision #%(id)d is paused already.") % {"id": held.pk})

    _change(decision, "run.paused", actor, reason, must=not_yet, paused_at=timezone.now())


def resume(decision: Decision, *, actor: Staff, reason: str, later: Callable[[Decision], None]) -> None:
    """Go on where it stopped; `later` hands it to the worker, within the transaction."""

    def still(held: Decision) -> None:
        if held.paused_at is None:
            raise Invalid(_("Decision #%(id)d is not paused.") % {"id": held.pk})

    _change(decision, "run.resumed", actor, reason, must=still, later=later, paused_at=None)


def limit(decision: Decision, rate: int | None, *, actor: Staff, reason: str) -> None:
    """At most so many numbers a second from the next chunk on; None: as fast as it goes."""
    if rate is not None and not 0 < rate <= FASTEST:
        raise Invalid(_("A rate is 1 to %(most)d numbers a second.") % {"most": FASTEST})
    _change(decision, "run.limited", actor, reason, rate=rate)


def stop(decision: Decision, *, actor: Staff, reason: str) -> None:
    """For good: what was done stays and can be undone, the rest is never done."""
    _change(decision, "run.stopped", actor, reason, state=State.STOPPED)


def _change(
    decision: Decision,
    verb: str,
    actor: Staff,
    reason: str,
    *,
    must: Callable[[Decision], None] | None = None,
    later: Callable[[Decision], None] | None = None,
    **columns: Any,
) -> None:
    facts = {"act": verb} | ({"rate": columns["rate"]} if "rate" in columns else {})
    with recorder.refusals(actor=actor, subject=decision, facts=facts), transaction.atomic():
        held = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)  # waits for the chunk at work
        may_run_it(held, actor)
        must_say_why(reason)
        if must:
            must(held)
        with recorder.act(verb, actor=actor, reason=reason, subject=held, decision_id=held.pk, facts=facts) as act:
            for name, value in columns.items():
                setattr(held, name, value)
                setattr(decision, name, value)
            held.save(update_fields=list(columns))
            act.wrote(recorder.history_model(Decision))
            if later:
                later(held)
            if held.state == State.STOPPED and held.leave_out:
                review_left_out(held, actor=actor)


def halted() -> Halt | None:
    return Halt.objects.filter(ended_at=None).select_related("by").first()


def may_stop_all(actor: Staff) -> None:
    if not actor.has_perm(STOP_ALL):
        raise Refused(gettext_noop("Your role may not do this."))
    if halted():
        raise Invalid(_("Everything is stopped already."))


def stop_all(*, actor: Staff, reason: str) -> Halt:
    """Every run stops at its next chunk, and none begins."""
    with recorder.refusals(actor=actor, facts={"act": "run.all_stopped"}), transaction.atomic():
        may_stop_all(actor)
        must_say_why(reason)
        with recorder.act("run.all_stopped", actor=actor, reason=reason) as act:
            halt = Halt(since=timezone.now(), by=actor, reason=reason)
            try:
                with transaction.atomic():
                    halt.save()
            except IntegrityError:  # somebody else pressed it at the same moment
                raise Invalid(_("Everything is stopped already.")) from None
            act.subject = halt
            act.wrote(recorder.history_model(Halt))
    return halt


def may_go_on(actor: Staff) -> None:
    if not actor.has_perm(SUPERVISOR):
        raise Refused(gettext_noop("Your role may not do this."))
    if halted() is None:
        raise Invalid(_("Nothing is stopped."))


def go_on(*, actor: Staff, reason: str, later: Callable[[Decision], None]) -> int:
    """End the stop of all; what was approved and is not paused is handed to the worker. How many."""
    with recorder.refusals(actor=actor, facts={"act": "run.all_resumed"}), transaction.atomic():
        may_go_on(actor)
        must_say_why(reason)
        halt = Halt.objects.select_for_update().filter(ended_at=None).first()
        if halt is None:  # somebody else ended it meanwhile
            raise Invalid(_("Nothing is stopped."))
        with recorder.act("run.all_resumed", actor=actor, reason=reason, subject=halt) as act:
            halt.ended_at = timezone.now()
            halt.save(update_fields=["ended_at"])
            act.wrote(recorder.history_model(Halt))
            waiting = list(due_runs())
            for decision in waiting:
                later(decision)
    return len(waiting)
