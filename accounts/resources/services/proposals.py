"""A change of number resources is proposed by one person and done when those have agreed whom the table names (§7)."""

import hashlib
import json
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import ResourceApproval, ResourceProposal, ResourceProposalKey
from accounts.protection.services import attempted
from accounts.resources.policy import LIST_MAX, MAKE, PROPOSAL_LIFE, Kind, Rule, rule_for
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted
from qqops.approvals.models import State
from qqops.approvals.signing import sign
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

MADE_IT = conflict(gettext_noop("You made this proposal: another person must rule on it."))
RULED_ALREADY = conflict(gettext_noop("You have already ruled on this proposal."))

_SEALED = "resource_proposal:{pk}"


class AlreadyProposed(Invalid):
    """The same form came twice; the first one counts."""

    def __init__(self, proposal: ResourceProposal) -> None:
        super().__init__(_("This form was already submitted as proposal #%(id)d.") % {"id": proposal.pk})
        self.proposal = proposal


def check(wanted: Wanted, *, actor: Staff) -> Rule:
    """The row of the approval table that decides this; raises as `propose` would. Forms and dry runs ask it."""
    if not actor.may_enter or not actor.has_perm(MAKE[wanted.kind]):
        raise Refused(gettext_noop("Your role may not do this."))
    if len(wanted.numbers) > LIST_MAX:
        raise Invalid(_("At most %(n)d numbers at once; more than that is a range.") % {"n": LIST_MAX})
    refuse_own(actor, wanted.numbers)
    return rule_for(kinds.of(wanted.kind).check(wanted, actor))


def propose(
    wanted: Wanted, *, actor: Staff, reason: str, ticket: str = "", form_key: uuid.UUID | None = None
) -> ResourceProposal:
    """File it; done at once where nobody else has to agree, else waiting as proposed."""
    tried = attempted(f"resource.{wanted.kind}", wanted.numbers, len(wanted.numbers))
    with recorder.refusals(actor=actor, **tried), transaction.atomic():
        actor = as_of_now(actor)  # one at a time: what he may do alone counts together (`Case.before`)
        if form_key and (first := ResourceProposal.objects.filter(form_key=form_key).first()):
            raise AlreadyProposed(first)
        rule = check(wanted, actor=actor)
        must_say_why(reason)
        no_personal_data(reason, ticket, *_texts(wanted.content))
        now = timezone.now()
        proposal = ResourceProposal(
            pk=bulk.next_pk(ResourceProposal),
            kind=wanted.kind,
            content=dict(wanted.content),
            numbers=list(wanted.numbers),
            reason=reason,
            ticket=ticket,
            maker=actor,
            rule=rule.code,
            approvers=list(rule.approvers),
            state=State.PROPOSED if rule.approvers else State.APPLIED,
            proposed_at=now,
            expires_at=now + PROPOSAL_LIFE if rule.approvers else None,
            form_key=form_key or uuid.uuid4(),
        )
        key = _seal(proposal, wanted.holder)
        proposal.content_hash = content_hash(proposal)
        facts = {"kind": wanted.kind.value, "rule": rule.code, "targets": len(wanted.numbers)}
        with recorder.act(
            "resource.proposed", actor=actor, reason=reason, ticket=ticket, subject=proposal, facts=facts
        ) as act:
            try:
                with transaction.atomic():
                    ResourceProposal.objects.bulk_create([proposal])  # the pen writes its history
            except IntegrityError as clash:
                if "form_key" not in str(clash):
                    raise
                raise AlreadyProposed(ResourceProposal.objects.get(form_key=proposal.form_key)) from None
            if key:
                key.save(force_insert=True)
            act.history(ResourceProposal, [proposal.pk], recorder.CREATED)
            if not rule.approvers:
                kinds.of(wanted.kind).apply(wanted, proposal, actor, act)
                _forget(proposal)
    return proposal


def wanted_by(proposal: ResourceProposal) -> Wanted:
    """What the proposal wants, its sealed part opened."""
    holder = None
    if proposal.sealed is not None:
        key = ResourceProposalKey.objects.get(pk=proposal.pk).in_hand()
        holder = json.loads(key.open(bytes(proposal.sealed), _SEALED.format(pk=proposal.pk)))
    return Wanted(Kind(proposal.kind), proposal.content, tuple(proposal.numbers), holder)


def content_hash(proposal: ResourceProposal) -> str:
    """What an approver agrees to, as one hash."""
    content = {
        "kind": str(proposal.kind),
        "content": proposal.content,
        "numbers": list(proposal.numbers),
        "sealed": hashlib.sha256(bytes(proposal.sealed)).hexdigest() if proposal.sealed is not None else "",
        "maker": proposal.maker_id,
        "reason": proposal.reason,
        "ticket": proposal.ticket,
        "approvers": list(proposal.approvers),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def capacity_of(proposal: ResourceProposal, actor: Staff) -> str:
    """The permission in which this person may rule on it; Refused or Invalid says why not."""
    if proposal.maker_id == actor.pk:
        raise Refused(MADE_IT)
    held = [p for p in proposal.approvers if actor.has_perm(p)]
    if not held or not actor.may_enter:
        raise Refused(gettext_noop("Your role may not rule on this proposal."))
    if proposal.state != State.PROPOSED:
        raise Invalid(_("Proposal #%(id)d is not waiting for approval.") % {"id": proposal.pk})
    if proposal.has_lapsed:
        raise Invalid(_("The proposal has lapsed; it must be made anew."))
    refuse_own(actor, proposal.numbers)
    given = list(proposal.approvals.values_list("capacity", "approver_id"))
    if actor.pk in {approver for _capacity, approver in given}:
        raise Refused(RULED_ALREADY)
    left = list(proposal.approvers)
    for capacity, _approver in given:
        left.remove(capacity)
    open_to = [p for p in left if p in held]
    if not open_to:
        raise Refused(gettext_noop("What is still missing is the agreement of another role."))
    return str(open_to[0])


def approve(proposal: ResourceProposal, *, actor: Staff, reason: str, content_hash: str) -> ResourceProposal:
    """Agree to the content that was seen; with the last agreement needed it is done, in the same transaction."""
    return _rule(proposal, actor=actor, reason=reason, seen=content_hash, agreed=True)


def refuse(proposal: ResourceProposal, *, actor: Staff, reason: str, content_hash: str) -> ResourceProposal:
    return _rule(proposal, actor=actor, reason=reason, seen=content_hash, agreed=False)


def _rule(proposal: ResourceProposal, *, actor: Staff, reason: str, seen: str, agreed: bool) -> ResourceProposal:
    tried = {"act": "approve_resource" if agreed else "refuse_resource"}
    with recorder.refusals(actor=actor, subject=proposal, facts=tried), transaction.atomic():
        proposal = ResourceProposal.objects.select_related("maker").select_for_update(
            no_key=True, of=("self",)
        ).get(pk=proposal.pk)  # fmt: skip
        actor = as_of_now(actor)  # he may have lost the role while this waited for the row
        capacity = capacity_of(proposal, actor)
        must_say_why(reason)
        if not (seen == proposal.content_hash == content_hash(proposal)):
            raise Invalid(_("The proposal is not the one you saw. Look at it again; nothing was done."))
        verb = "resource.approved" if agreed else "resource.refused"
        facts = {"kind": proposal.kind, "targets": len(proposal.numbers)}
        with recorder.act(
            verb, actor=actor, reason=reason, ticket=proposal.ticket, subject=proposal, facts=facts
        ) as act:
            sign(ResourceApproval, proposal, actor, capacity, act, agreed=agreed, reason=reason)
            if not agreed:
                _close(proposal, State.REFUSED, act)
            elif proposal.approvals.count() == len(proposal.approvers):
                wanted = wanted_by(proposal)
                _still_stands(proposal, wanted)
                kinds.of(proposal.kind).apply(wanted, proposal, actor, act)
                _close(proposal, State.APPLIED, act)
    return proposal


def _still_stands(proposal: ResourceProposal, wanted: Wanted) -> None:
    """Much may have changed since: the maker's roles and own numbers, the numbers, the table of approvals."""
    try:
        rule = check(wanted, actor=as_of_now(proposal.maker))
    except Refused as refused:  # it is the maker's, not that of who rules
        raise Invalid(
            _("Who made this proposal may not make it any more: %(why)s Refuse it; somebody else may make it anew.")
            % {"why": refused}
        ) from refused
    if Counter(rule.approvers) - Counter(proposal.approvers):
        raise Invalid(_("More people must agree to this by now than were asked. Refuse it; it must be made anew."))


def lapse(*, actor: Staff) -> int:
    """Let proposals that nobody decided in time lapse; what they said of people is unreadable from then on."""
    lapsed = 0
    due = ResourceProposal.objects.filter(state=State.PROPOSED, expires_at__lte=timezone.now())
    for pk in due.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            proposal = ResourceProposal.objects.select_for_update(no_key=True).get(pk=pk)
            if not proposal.has_lapsed:
                continue
            with recorder.act("resource.lapsed", actor=actor, reason="", subject=proposal, facts={}) as act:
                _close(proposal, State.LAPSED, act)
            lapsed += 1
    return lapsed


def _close(proposal: ResourceProposal, state: State, act: recorder.Act) -> None:
    proposal.state = state
    proposal.save(update_fields=["state"])
    act.wrote(recorder.history_model(ResourceProposal))
    _forget(proposal)


def _seal(proposal: ResourceProposal, holder: Mapping[str, Any] | None) -> ResourceProposalKey | None:
    if holder is None:
        return None
    key, row = ResourceProposalKey.fresh(proposal.pk)
    said = json.dumps(holder, ensure_ascii=False, sort_keys=True).encode()
    proposal.sealed = key.seal(said, _SEALED.format(pk=proposal.pk))
    return row


def _forget(proposal: ResourceProposal) -> None:
    """What it said of a person is on the person's own tenure by now, or was not to be."""
    ResourceProposalKey.objects.filter(pk=proposal.pk).delete()


def _texts(content: Mapping[str, Any]) -> Iterator[str]:
    for value in content.values():
        if isinstance(value, Mapping):
            yield from _texts(value)
        elif isinstance(value, str):
            yield value
