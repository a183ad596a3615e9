"""The second person: agrees to, or refuses, exactly the content and the list that were proposed."""

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.queries import OWN_NUMBERS
from accounts.declarations.services import self_dealing
from accounts.quarantine.policy import DAY
from enforcement.approval.approval_hash import content_hash_now
from enforcement.citations.services import must_stand
from enforcement.decisions.services import Report
from enforcement.measures.expiry import confirm, drop
from enforcement.models import Approval, Decision
from enforcement.policy import BATCH_FROM, OF_RUNNING, Effect, Kind
from enforcement.runs.apply import apply, may_run
from qqops.approvals.models import State
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

MADE_IT = conflict(gettext_noop("You made this decision: another person must rule on it."))
TOOK_PART = conflict(gettext_noop("You took part in what this undoes: another person must rule on it."))
RULED_ALREADY = conflict(gettext_noop("You have already ruled on this decision."))


def approve(
    decision: Decision,
    *,
    actor: Staff,
    reason: str,
    content_hash: str,
    ruling: str = "",
    later: Callable[[Decision], None] | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Agree to the content that was seen (`content_hash`); the last approver needed sets it in motion.

    A list of up to 100 is applied in the transaction of the approval. A longer one is run here chunk by chunk, or,
    with `later`, handed on within that transaction (to the worker's queue). A reclaim whose policy gives notice waits:
    its holders are told first (reclaim_notices). What answers an appeal is agreed to with the `ruling` on it, by
    whoever rules there and names its receipt number.
    """
    more = False
    with recorder.refusals(actor=actor, subject=decision, facts={"act": "approve"}), transaction.atomic():
        decision, capacity = _rule_on(decision, actor, reason, content_hash, ruling)
        report = Report(decision, targets=decision.target_count)
        if decision.state == State.VOID:
            return report
        if decision.until and decision.until <= timezone.now():
            raise Invalid(_("The end of the measure has passed; it must be proposed anew."))
        must_stand(decision)
        # What follows from the answer is done inside this act: its event, and with it the chain lock, comes last.
        with recorder.act(
            "decision.approved", actor=actor, reason=reason, ticket=decision.ticket, subject=decision,
            decision_id=decision.pk,
        ) as act:  # fmt: skip
            sign(Approval, decision, actor, capacity, act, agreed=True, reason=reason)
            if Approval.objects.filter(proposal=decision).count() < len(decision.approvers):
                return report
            decision.state = State.APPROVED
            if decision.effect != Effect.PROVISIONAL:
                decision.effective_at = timezone.now() + decision.notice_days * DAY
            decision.save(update_fields=["state", "effective_at"])
            act.wrote(recorder.history_model(Decision))
            if decision.effect == Effect.PROVISIONAL:
                report.applied, gone = confirm(decision, actor=actor)
                report.skipped["state_changed"] += gone
            elif decision.notice_days:
                return report
            else:
                may_run(decision)  # without notice it runs at once: what could not is not agreed to
                if decision.target_count <= BATCH_FROM:
                    report.applied, report.skipped = apply(decision, actor=actor)
                elif later:
                    later(decision)
                else:
                    more = True
    if more:
        report.applied, report.skipped = apply(decision, actor=actor, progress=progress)
    return report


def refuse(decision: Decision, *, actor: Staff, reason: str, content_hash: str, ruling: str = "") -> Report:
    """Refuse the proposal; a provisional measure ends with it."""
    with recorder.refusals(actor=actor, subject=decision, facts={"act": "refuse"}), transaction.atomic():
        decision, capacity = _rule_on(decision, actor, reason, content_hash, ruling)
        if decision.state == State.VOID:
            return Report(decision, targets=decision.target_count)
        with recorder.act(
            "decision.refused", actor=actor, reason=reason, ticket=decision.ticket, subject=decision,
            decision_id=decision.pk,
        ) as act:  # fmt: skip
            sign(Approval, decision, actor, capacity, act, agreed=False, reason=reason)
            decision.state = State.REFUSED
            decision.save(update_fields=["state"])
            act.wrote(recorder.history_model(Decision))
            if decision.effect == Effect.PROVISIONAL:
                drop(decision, actor=actor, reason=reason)
        return Report(decision, targets=decision.target_count)


def on_its_own(decision: Decision, ruling: str = "") -> None:
    """What answers an appeal is ruled on with the ruling on it, and nowhere else."""
    if decision.ruling and decision.ruling != ruling:
        raise Invalid(_("This decision answers appeal %(receipt)s: rule on it there.") % {"receipt": decision.ruling})


def capacity_of(decision: Decision, actor: Staff, ruling: str = "") -> str:
    """The permission in which this person may rule on the decision; Refused or Invalid says why not."""
    on_its_own(decision, ruling)
    if decision.maker_id == actor.pk:
        raise Refused(MADE_IT)
    held = [p for p in decision.approvers if actor.has_perm(p)]
    if not held:
        raise Refused(gettext_noop("Your role may not rule on this decision."))
    if decision.state != State.PROPOSED:
        raise Invalid(_("Decision #%(id)d is not waiting for approval.") % {"id": decision.pk})
    if decision.has_lapsed:
        raise Invalid(_("The proposal has lapsed; it must be made anew."))
    undoes_own, own = _stake_of(actor, decision)
    if own:
        raise self_dealing(own)
    if undoes_own:
        raise Refused(TOOK_PART)
    given = list(Approval.objects.filter(proposal=decision).values_list("capacity", "approver_id"))
    if actor.pk in {approver for _capacity, approver in given}:
        raise Refused(RULED_ALREADY)
    left = list(decision.approvers)
    for capacity, _approver in given:
        left.remove(capacity)
    open_to = [p for p in left if p in held]
    if not open_to:
        raise Refused(gettext_noop("What is still missing is the agreement of another role."))
    return str(open_to[0])


# The decisions that a target of a reversal reverses, or changes.
_REVERSED = {
    **dict.fromkeys(OF_RUNNING, "SELECT m.decision_id FROM enforcement_measure m WHERE m.id = ANY(t.measures)"),
    Kind.RESTORE: (
        "SELECT o.decision_id FROM enforcement_outcome o JOIN enforcement_decision x ON x.id = o.decision_id"
        " WHERE o.number_id = t.number_id AND o.why = '' AND x.kind = 'terminate'"
    ),
    # What it takes back, and of a reversal what that had reversed: else its maker would have it again.
    Kind.UNDO: (
        "SELECT x.undoes_id FROM enforcement_decision x WHERE x.id = %(decision)s UNION"
        " SELECT m.decision_id FROM enforcement_decision x JOIN enforcement_measure m ON m.ended_by_id = x.undoes_id"
        " AND m.number_id = t.number_id WHERE x.id = %(decision)s UNION"
        " SELECT m.decision_id FROM enforcement_decision x JOIN enforcement_decision y ON y.id = x.undoes_id"
        " JOIN enforcement_target u ON u.decision_id = y.id AND u.number_id = t.number_id"
        " JOIN enforcement_measure m ON m.id = ANY(u.measures) WHERE x.id = %(decision)s AND y.kind = 'adjust'"
    ),
}


def _stake_of(actor: Staff, decision: Decision) -> tuple[bool, int]:
    """Did this person make or approve the batch that the decision reverses (its undo needs another: DESIGN §4)?

    And how many of its targets has he declared as his own or a relative's?
    """
    reversed_by = _REVERSED.get(Kind(decision.kind))
    size = "true" if decision.kind == Kind.UNDO else f"d.target_count > {BATCH_FROM}"
    undoes_own = f"""
EXISTS (SELECT FROM enforcement_target t CROSS JOIN LATERAL ({reversed_by}) r(id)
  JOIN enforcement_decision d ON d.id = r.id
  WHERE t.decision_id = %(decision)s AND {size} AND (d.maker_id = %(actor)s OR EXISTS (
    SELECT FROM enforcement_approval a WHERE a.proposal_id = d.id AND a.approver_id = %(actor)s AND a.agreed)))"""
    # His list is short: each of it is looked up among the targets, not the targets on it.
    sql = f"""
WITH own AS MATERIALIZED ({OWN_NUMBERS})
SELECT {undoes_own if reversed_by else "false"},
  (SELECT count(*) FROM own JOIN enforcement_target t ON t.decision_id = %(decision)s AND t.number_id = own.number)"""
    with connection.cursor() as cursor:
        cursor.execute(sql, {"decision": decision.pk, "actor": actor.pk})
        undone, own = cursor.fetchone()
        return bool(undone), int(own)


def _rule_on(decision: Decision, actor: Staff, reason: str, content_hash: str, ruling: str) -> tuple[Decision, str]:
    decision = Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)
    capacity = capacity_of(
        decision, as_of_now(actor), ruling
    )  # he may have lost the role while this waited for the row
    must_say_why(reason)
    if content_hash != decision.content_hash:
        raise Invalid(_("The decision is not the one you saw. Look at it again; nothing was done."))
    if content_hash_now(decision) != decision.content_hash:
        decision.state = State.VOID
        with recorder.act(
            "decision.finished", actor=actor, reason="content_changed", subject=decision, decision_id=decision.pk,
            facts={"state": State.VOID},
        ) as act:  # fmt: skip
            decision.save(update_fields=["state"])
            act.wrote(recorder.history_model(Decision))
            if decision.effect == Effect.PROVISIONAL:
                drop(decision, actor=actor, reason="content_changed")
    return decision, capacity
