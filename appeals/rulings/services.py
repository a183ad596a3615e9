"""Ruling on an appeal: proposed by who heard it, agreed to by a second person where the tables say so.

What a ruling changes of a number is a decision like any other, filed with the ruling by the same person: it acts at
once where both tables let one person decide, else it waits and is agreed to with the ruling, in one transaction. So
no ruling is in force without its effect, and no effect without its ruling.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Clause
from accounts.retention import holds
from accounts.rulebook.queries import clauses_in_force
from appeals.hearing.services import acting, close, held, move, must_be_said, must_promise_nothing, say
from appeals.lifecycle import RULED_AS, Act, Kind, Outcome, State
from appeals.messages import sealed_text
from appeals.messages import text as letters
from appeals.messages.message_validity import no_credentials
from appeals.models import Appeal, Message, Ruling, RulingApproval, RulingGround
from appeals.policy import APPROVE, COOL_DOWN, REVERSING
from appeals.queries import is_his_still
from appeals.queue.services import let_go, locked, must_have_no_part
from appeals.recovery import services as recovery
from appeals.rulings import compensation
from appeals.rulings.reversal import Terms, is_over, must_be_over, orders_for
from appeals.rulings.second_person import second_for
from enforcement.approval.services import approve, refuse
from enforcement.decisions.order import Order
from enforcement.decisions.preview import preview
from enforcement.decisions.services import decide
from enforcement.letters.phrases import Both, joined, of_clause
from enforcement.policy import PROPOSAL_LIFE
from qqops.approvals.models import State as Proposed
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

MADE_IT = conflict(gettext_noop("You made this ruling: another person must agree to it."))

CLAUSES = {Kind.RECOVERY: ("7",), Kind.OBJECTION: ("11",), Kind.ENQUIRY: ("11",)}  # cited by every ruling of its kind


@dataclass(frozen=True)
class Said:
    """What somebody rules. `text` is the reasons, as the appellant reads them; `reason` is for the house."""

    outcome: str
    text: str
    reason: str
    clauses: Sequence[str] = ()  # of the Rules, besides that of the kind
    ticket: str = ""
    terms: Terms = field(default_factory=Terms)  # of a measure that is upheld in part


@dataclass(frozen=True)
class Looked:
    """What a ruling would do: the decision it brings (None: it changes nothing), and who must agree."""

    order: Order | None
    rule: str  # appeals.policy.SECOND_PERSON; empty: one person decides
    waits: bool


# Ruling


def look(appeal: Appeal, said: Said, *, actor: Staff) -> Looked:
    """What it would do; raises as `rule` would. The appeal is in this person's hand."""
    kind = Kind(appeal.kind)
    if said.outcome not in RULED_AS[kind]:
        raise Invalid(_("Say what comes of it: an appeal of this kind has no such outcome."))
    outcome = Outcome(said.outcome)
    must_be_said(said.text)
    must_promise_nothing(said.text)
    must_say_why(said.reason)
    no_personal_data(said.reason, said.ticket)
    _clauses(kind, said.clauses)
    if outcome == Outcome.MOOT:
        must_be_over(appeal)
    if kind == Kind.RECOVERY and outcome == Outcome.UPHELD and (why := no_credentials(appeal)):
        raise Invalid(_("It cannot be upheld: %(why)s. Nothing was done.") % {"why": why.label})
    row = second_for(appeal, outcome)
    code, waits = row.code if row else "", row is not None
    if is_gone(appeal):
        if outcome == Outcome.PARTLY:
            raise Invalid(_("The right of use is gone: nothing of it can be shortened or narrowed."))
        return Looked(None, code, waits)
    orders = orders_for(appeal, outcome, said, waits=waits)
    if orders and not is_his_still(appeal):
        raise Invalid(
            _("The number was cleared, or has another holder by now: nothing can be reversed. See the appeal's page.")
        )
    for order in orders:
        found = preview(order, [appeal.number_id], actor=actor)
        if found.does:
            return Looked(order, code, bool(found.rule.approvers))
    if orders and not (kind == Kind.OBJECTION and _stands_in_words(appeal, outcome)):
        raise Invalid(_("Nothing of the measure is left to reverse: it has changed since. Look at the number again."))
    return Looked(None, code, waits)


def _hold_still(appeal: Appeal) -> None:
    """Nobody acts on what is objected to while it is ruled on."""
    if appeal.kind == Kind.OBJECTION and appeal.tenure_id is not None:
        holds.lock([appeal.tenure_id])


def is_gone(appeal: Appeal) -> bool:
    """Has the right of use ended for good? Then nothing is left to restore (amends.py)."""
    return appeal.tenure is not None and appeal.tenure.ended_at is not None


def _stands_in_words(appeal: Appeal, outcome: str) -> bool:
    """May an objection be decided so, and nothing reversed? Upheld, where nothing is in force any more of what it
    objects to: what is owed for the time until then is made good all the same (amends.py)."""
    return outcome not in REVERSING or is_gone(appeal) or outcome == Outcome.UPHELD and is_over(appeal)


def draft(appeal: Appeal, said: Said) -> str:
    """The letter to the appellant, as it will read when the ruling is in force."""
    grounds = _clauses(Kind(appeal.kind), said.clauses)
    return letters.ruling(appeal, said.outcome, said.text.strip(), _in_words(grounds))


def rule(appeal: Appeal, said: Said, *, actor: Staff, revision: int) -> Ruling:
    """Rule on it. In force at once, with what it changes; or proposed, until a second person agrees.

    Raises Invalid where the appeal, or the measure, is not as it was looked at; then nothing is done.
    """
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "rule_on_appeal"}), transaction.atomic():
        appeal = held(appeal, Act.RULE, actor, revision)
        _hold_still(appeal)
        looked = look(appeal, said, actor=actor)
        now = timezone.now()
        ruling = Ruling(
            pk=bulk.next_pk(Ruling), appeal=appeal, round=appeal.round, outcome=said.outcome, rule=looked.rule,
            text_sha256=sealed_text.sha256_of(said.text.strip()), reason=said.reason, ticket=said.ticket, maker=actor,
            approvers=[APPROVE] if looked.waits else [], proposed_at=now,
            state=Proposed.PROPOSED if looked.waits else Proposed.APPLIED,
            expires_at=now + PROPOSAL_LIFE if looked.waits else None, ruled_at=None if looked.waits else now,
        )  # fmt: skip
        key = sealed_text.key_of(appeal)
        ruling.text = sealed_text.sealed(key, appeal.pk, sealed_text.RULING, said.text.strip())
        grounds = _clauses(Kind(appeal.kind), said.clauses)
        with acting("appeal.ruled", appeal, actor, said.reason, said.ticket, outcome=said.outcome) as act:
            if looked.order:
                report = decide(looked.order, [appeal.number_id], actor=actor)
                acts = report.applied or report.skipped["voided"]
                if looked.waits == bool(acts):  # neither an effect before its ruling, nor a ruling without its effect
                    raise Invalid(_("The measure changed at this moment. Nothing was done: look again."))
                ruling.reverses = report.decision
            ruling.content_hash = content_hash(ruling, [clause.pk for clause in grounds])
            ruling.save(force_insert=True)
            act.wrote(recorder.history_model(Ruling))
            rows = [RulingGround(ruling=ruling, clause=clause, event_id=act.event_id) for clause in grounds]
            RulingGround.objects.bulk_create(rows)
            act.wrote(RulingGround, rows=len(rows))
            if looked.waits:
                move(act, appeal, State.RULED)
                let_go(appeal)
            else:
                _in_force(act, appeal, ruling, grounds, actor)
    return ruling


def _in_force(act: recorder.Act, appeal: Appeal, ruling: Ruling, grounds: Sequence[Clause], actor: Staff) -> None:
    """The appeal is decided, and the appellant is told."""
    outcome = Outcome(ruling.outcome)
    if appeal.kind == Kind.RECOVERY and outcome == Outcome.UPHELD:
        move(act, appeal, State.COOLING, waits_until=timezone.now() + COOL_DOWN)
        let_go(appeal)
        recovery.warn_of_cooling(act, appeal, actor)
    else:
        if appeal.kind == Kind.OBJECTION and outcome == Outcome.UPHELD:
            compensation.make(act, appeal, actor=actor)
        close(act, appeal, outcome, actor)
    text = sealed_text.Words(appeal).of_ruling(ruling)
    say(act, appeal, Message.Kind.RULING, letters.ruling(appeal, outcome, text, _in_words(grounds)), actor)


# The second person


def capacity_of(ruling: Ruling, actor: Staff) -> str:
    """The permission in which this person may agree; Refused or Invalid says why not."""
    appeal = ruling.appeal
    if not actor.may_enter or not actor.has_perm(APPROVE):
        raise Refused(gettext_noop("Your role may not rule on rulings."))
    if ruling.maker_id == actor.pk:
        raise Refused(MADE_IT)
    must_have_no_part(appeal, actor)
    if ruling.state != Proposed.PROPOSED:
        raise Invalid(_("This ruling does not wait for anybody."))
    if ruling.has_lapsed:
        raise Invalid(_("The ruling has lapsed; it must be made anew."))
    return APPROVE


def as_seen(ruling: Ruling) -> str:
    """What a second person answers to: the ruling, and all that came in about its appeal until then."""
    return f"{ruling.content_hash}:{ruling.appeal.revision}"


def agree(ruling: Ruling, *, actor: Staff, reason: str, seen: str) -> Ruling:
    """Agree to the ruling as it was seen (`as_seen`); it is in force, and done, at once."""
    with recorder.refusals(actor=actor, subject=ruling.appeal, facts={"act": "agree_to_ruling"}), transaction.atomic():
        appeal, ruling, capacity = _rule_on(ruling, actor, reason, seen)
        grounds = [row.clause for row in ruling.grounds.select_related("clause__version").order_by("pk")]
        facts = {"outcome": ruling.outcome}
        with acting("appeal.ruling_agreed", appeal, actor, reason, ruling.ticket, **facts) as act:
            sign(RulingApproval, ruling, actor, capacity, act, agreed=True, reason=reason)
            decision = ruling.reverses
            if decision:
                report = approve(
                    decision, actor=actor, reason=reason, content_hash=decision.content_hash, ruling=appeal.receipt
                )
                if not (report.applied or report.skipped["voided"]):
                    raise _changed()
            else:
                _hold_still(appeal)
                if appeal.kind == Kind.OBJECTION and not _stands_in_words(appeal, ruling.outcome):
                    raise _changed()
            ruling.state, ruling.ruled_at = Proposed.APPLIED, timezone.now()
            _save(act, ruling)
            _in_force(act, appeal, ruling, grounds, actor)
    return ruling


def _changed() -> Invalid:
    return Invalid(_("The measure has changed since this was ruled: send the ruling back. Nothing was done."))


def send_back(ruling: Ruling, *, actor: Staff, reason: str, seen: str) -> Ruling:
    """Not so: the appeal is heard anew, and what the ruling would have changed is refused with it."""
    with recorder.refusals(actor=actor, subject=ruling.appeal, facts={"act": "send_ruling_back"}), transaction.atomic():
        appeal, ruling, capacity = _rule_on(ruling, actor, reason, seen)
        facts = {"outcome": ruling.outcome}
        with acting("appeal.ruling_sent_back", appeal, actor, reason, ruling.ticket, **facts) as act:
            sign(RulingApproval, ruling, actor, capacity, act, agreed=False, reason=reason)
            if ruling.reverses and ruling.reverses.state == Proposed.PROPOSED:
                hashed = ruling.reverses.content_hash
                refuse(ruling.reverses, actor=actor, reason=reason, content_hash=hashed, ruling=appeal.receipt)
            ruling.state = Proposed.REFUSED
            _save(act, ruling)
            move(act, appeal, State.FILED)
    return ruling


def lapse(ruling: Ruling, act: recorder.Act) -> None:
    """Nobody agreed in time: the appeal is heard anew (its decision lapses by its own sweep)."""
    ruling.state = Proposed.LAPSED
    _save(act, ruling)
    move(act, ruling.appeal, State.FILED)


def _rule_on(ruling: Ruling, actor: Staff, reason: str, seen: str) -> tuple[Appeal, Ruling, str]:
    appeal = locked(ruling.appeal)
    ruling = Ruling.objects.select_for_update(no_key=True, of=("self",)).get(pk=ruling.pk)
    ruling.appeal = appeal
    capacity = capacity_of(ruling, as_of_now(actor))
    must_say_why(reason)
    hashed, _colon, revision = seen.partition(":")
    if not (
        hashed == ruling.content_hash == content_hash(ruling, list(ruling.grounds.values_list("clause", flat=True)))
    ):
        raise Invalid(_("The ruling is not the one you saw. Look at it again; nothing was done."))
    if revision != str(appeal.revision):
        raise Invalid(
            _("Something came in since you looked. Nothing was done: open this page anew, read it, and answer then.")
        )
    return appeal, ruling, capacity


def _save(act: recorder.Act, ruling: Ruling) -> None:
    ruling.save(update_fields=["state", "ruled_at"])
    act.wrote(recorder.history_model(Ruling))


# What it rests on


def content_hash(ruling: Ruling, clauses: Sequence[int]) -> str:
    """What an approver agrees to, as one hash; appeals/audit_checks.py computes the same in SQL."""
    said = {
        "appeal": ruling.appeal_id,
        "round": ruling.round,
        "outcome": str(ruling.outcome),
        "text": ruling.text_sha256,
        "reverses": ruling.reverses.content_hash if ruling.reverses else "",
        "maker": ruling.maker_id,
        "clauses": sorted(clauses),
        "reason": ruling.reason,
        "ticket": ruling.ticket,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _clauses(kind: Kind, more: Sequence[str]) -> list[Clause]:
    """In the version in force now, each once."""
    wanted = list(dict.fromkeys([*CLAUSES[kind], *more]))
    found = {clause.number: clause for clause in clauses_in_force(timezone.now(), numbers=wanted)}
    if missing := [number for number in wanted if number not in found]:
        raise Invalid(
            _("No version of the Rules in force has clause %(clause)s: import the Rules first.")
            % {"clause": ", ".join(missing)}
        )
    return [found[number] for number in wanted]


def _in_words(clauses: Sequence[Clause]) -> Both:
    return joined(map(of_clause, clauses), "\n", "\n")
