"""A recovery (7) beyond its hearing: evidence and its weight, two who claim one number, and what follows an upheld one.

Nothing of it changes who the initial registrant is (8.2). No password is seen, sent or set here (6.1): the sign-in
system is asked for new credentials, and its owner sets them there.
"""

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from appeals.filing import filing_validation
from appeals.filing.rows import evidence_of
from appeals.hearing.services import (
    acting,
    clock,
    close,
    come_in,
    latest,
    may_bring,
    may_speak,
    move,
    not_stale,
    say,
    stop_ruling,
)
from appeals.lifecycle import Act, Kind, Outcome, State, may
from appeals.messages import sealed_text
from appeals.messages import text as letters
from appeals.messages.bindings import bound
from appeals.messages.message_validity import no_credentials
from appeals.models import Appeal, AppealEvidence, Message, Weighing
from appeals.policy import Match, Side, score
from appeals.queries import is_his_still, weighed
from appeals.queue import calendar
from appeals.queue.services import has_in_hand, locked
from appeals.recovery.contested import FREEZE, contest_freeze, security_freeze, waits
from enforcement.decisions.order import Order
from enforcement.decisions.services import decide
from enforcement.models import Decision
from enforcement.policy import FreezeKind
from enforcement.policy import Kind as DecisionKind
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now


@dataclass(frozen=True)
class Brought:
    evidence: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, bytes]]


# Evidence


def add_evidence(
    appeal: Appeal, items: Sequence[tuple[str, str]], files: Sequence[tuple[str, bytes]], *, actor: Staff,
    side: Side = Side.APPELLANT, ticket: str = "",
) -> list[AppealEvidence]:  # fmt: skip
    """More that comes in while it is open: each its kind, and what it says or the file holds. Of the other who claims
    the number it is no answer to what the appellant was asked."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "add_evidence"}), transaction.atomic():
        appeal = locked(appeal)
        may_bring(appeal, as_of_now(actor))
        must_have_side(appeal, side)
        brought = Brought(*filing_validation.brought(items, files))
        n = len(items) + len(files)
        with acting("appeal.evidence_added", appeal, actor, ticket=ticket, n=n, whose=side.value) as act:
            given: Any = {
                "key": sealed_text.key_of(appeal),
                "maker": actor.pk,
                "at": timezone.now(),
                "event": act.event_id,
            }
            rows = list(evidence_of(appeal, brought, side=side, **given))
            AppealEvidence.objects.bulk_create(rows)
            act.wrote(AppealEvidence, rows=n)
            if side == Side.OTHER:
                move(act, appeal, appeal.state)  # whoever has it open sees a change
            else:
                come_in(act, [appeal.pk])
    return rows


def two_claim(appeal: Appeal) -> bool:
    """Has this recovery two sides to be heard?"""
    return appeal.kind == Kind.RECOVERY and appeal.contested_at is not None


def must_have_side(appeal: Appeal, side: str) -> None:
    """Invalid where it is to be of another claimant, and there is none: it never counts as the appellant's then."""
    if side != Side.APPELLANT and not two_claim(appeal):
        raise Invalid(_("Nobody else claims the number in this appeal. Nothing was done."))


def weigh(evidence: AppealEvidence, match: str, *, actor: Staff, revision: int) -> Appeal:
    """One checker's word on one item of a recovery; the score of the appellant's follows, and advises. The latest word
    counts."""
    subject = evidence.appeal
    with recorder.refusals(actor=actor, subject=subject, facts={"act": "weigh_evidence"}), transaction.atomic():
        appeal = locked(subject)
        may_weigh(appeal, as_of_now(actor))
        not_stale(appeal, revision)
        if match not in Match.values:
            raise Invalid(_("Say whether it matches: there is no such result."))
        told = {"evidence": str(evidence.kind), "match": match, "whose": evidence.side or Side.APPELLANT.value}
        with acting("appeal.evidence_weighed", appeal, actor, **told) as act:
            row = Weighing(
                evidence=evidence, match=match, checker=actor, at=timezone.now(), event_id=act.event_id,
                pk=bulk.next_pk(Weighing),
            )  # fmt: skip
            Weighing.objects.bulk_create([row])
            act.wrote(Weighing)
            scored = {} if evidence.is_of_other else {"score": score(weighed(appeal))}
            move(act, appeal, appeal.state, **scored)
    return appeal


def may_weigh(appeal: Appeal, actor: Staff) -> None:
    """Raise as `weigh` would."""
    has_in_hand(appeal, actor)
    _must_be_recovery(appeal)


# Two claim the number


def contest(appeal: Appeal, *, actor: Staff, reason: str, revision: int) -> Appeal:
    """Somebody else claims it: a security freeze (6.2) while both are heard, for up to ten working days, which is the
    time to its ruling then; whoever is bound is told. Provisional until a supervisor agrees, as every such freeze."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "contest_recovery"}), transaction.atomic():
        appeal = locked(appeal)
        may_contest(appeal, as_of_now(actor))
        not_stale(appeal, revision)
        must_say_why(reason)
        with acting("appeal.contested", appeal, actor, reason) as act:
            until, freeze = _frozen(appeal, reason, actor)
            since = appeal.contested_at or timezone.now()
            move(act, appeal, appeal.state, contested_at=since, contest_decision=freeze, **_longest(appeal))
            warn(act, appeal, letters.contested(appeal, until), actor)
    return appeal


def _longest(appeal: Appeal) -> dict[str, Any]:
    """The clock of one that is contested: the ceiling (domain.md §8 A), unless it was heard anew and has more time."""
    longest = clock(appeal.filed_at, latest(appeal))
    return longest if appeal.due_at <= longest["due_at"] else {"escalated_at": None}


def may_contest(appeal: Appeal, actor: Staff) -> None:
    """Raise as `contest` would."""
    has_in_hand(appeal, actor)
    _must_be_recovery(appeal)
    if not is_his_still(appeal):
        raise Invalid(_("The number has no such holder any more. Nothing was done."))
    if contest_freeze(appeal):
        raise Invalid(_("It is contested already, and the number is frozen. Nothing was done."))
    if waits(appeal):
        raise Invalid(_("It is contested already, and its freeze waits for a supervisor. Nothing was done."))


def _frozen(appeal: Appeal, reason: str, actor: Staff) -> tuple[datetime.datetime | None, Decision | None]:
    """The end of the security freeze that it is under, or under from now on (None: that waits for a supervisor), and
    the decision that was made for it, where none ran."""
    if running := security_freeze(appeal):
        return running.until, None
    until = calendar.ceiling(timezone.now())
    order = Order(
        DecisionKind.FREEZE,
        (FREEZE,),
        facts=_("Two claim the number: recovery %(receipt)s.") % {"receipt": appeal.receipt},
        evidence=(_("Appeal %(receipt)s, as it is on the record.") % {"receipt": appeal.receipt},),
        reason=reason,
        ticket=appeal.receipt,
        freeze_kind=FreezeKind.SECURITY.value,
        until=until,
    )
    report = decide(order, [appeal.number_id], actor=actor)
    return until if report.applied else None, report.decision


# What follows an upheld one


def warn_of_cooling(act: recorder.Act, appeal: Appeal, actor: Staff) -> None:
    """It was upheld and cools down: whoever is bound is told, and may have it stopped. Inside the ruling's act."""
    warn(act, appeal, letters.cooling(appeal), actor)


def warn(act: recorder.Act, appeal: Appeal, text: str, actor: Staff) -> None:
    """Tell whoever is bound to the number, by each way."""
    for channel in bound(appeal.tenure):
        say(act, appeal, Message.Kind.WARNING, text, actor, channel=channel)


def stop(appeal: Appeal, *, actor: Staff, reason: str, ticket: str = "") -> Appeal:
    """Whoever is bound does not agree: it does not take effect and is heard anew, as contested. One step, at once."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "stop_recovery"}), transaction.atomic():
        appeal = locked(appeal)
        may_stop(appeal, as_of_now(actor))
        must_say_why(reason)
        with acting("appeal.stopped", appeal, actor, reason, ticket) as act:
            _heard_anew(act, appeal, letters.stopped, actor, contested=True)
    return appeal


def may_stop(appeal: Appeal, actor: Staff) -> None:
    """Raise as `stop` would."""
    may_speak(appeal, actor)
    if not may(Act.STOP, appeal.kind, appeal.state):
        raise Invalid(_("Nothing is cooling down. Nothing was done."))


def carry_out(pk: int, *, actor: Staff) -> bool:
    """What has cooled down: have the sign-in system asked for new credentials, and close the recovery, which ends the
    freeze that held the number meanwhile. False: it is not due any more, or somebody is at it."""
    with transaction.atomic():
        rows = Appeal.objects.filter(pk=pk, state=State.COOLING, waits_until__lte=timezone.now())
        appeal = rows.select_for_update(no_key=True, skip_locked=True).first()
        if appeal is None:
            return False
        if why := no_credentials(appeal):
            with acting("appeal.stopped", appeal, actor, why=why.value) as act:
                _heard_anew(act, appeal, letters.not_carried_out, actor, contested=False)
            return False
        with acting("appeal.reset_asked", appeal, actor) as act:
            asked = _("The sign-in system is asked for new credentials of number %(number)s, holder %(seq)d.") % {
                "number": appeal.number_id, "seq": appeal.tenure.seq if appeal.tenure else 0}  # fmt: skip
            say(act, appeal, Message.Kind.RESET, asked, actor)
            close(act, appeal, Outcome.UPHELD, actor)
            say(act, appeal, Message.Kind.OTHER, letters.carried_out(appeal), actor)
    return True


def _heard_anew(
    act: recorder.Act, appeal: Appeal, letter: Callable[[Appeal], str], actor: Staff, *, contested: bool
) -> None:
    """Its ruling ends without effect. Where two claim the number from now on, a second person agrees to the next."""
    stop_ruling(act, appeal)
    now = timezone.now()
    since = now if contested else appeal.contested_at
    move(act, appeal, State.FILED, contested_at=since, **clock(now, calendar.ceiling(now)))
    say(act, appeal, Message.Kind.OTHER, letter(appeal), actor)


def _must_be_recovery(appeal: Appeal) -> None:
    if appeal.kind != Kind.RECOVERY:
        raise Invalid(_("Only a recovery has this step. Nothing was done."))
