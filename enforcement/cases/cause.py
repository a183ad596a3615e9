"""The root cause of a theft or an incident (9.2): proposed by one, agreed to by another."""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.cases.policy import CAUSED, RootCause
from enforcement.cases.services import check_work, locked, save
from enforcement.models import Case
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

PROPOSED_IT = conflict(gettext_noop("You proposed this root cause: another person must agree to it."))

AGREE = "enforcement.agree_cause"


def check_cause(case: Case, cause: str | None = None, *, actor: Staff) -> None:
    check_work(case, actor=actor)
    if case.kind not in CAUSED:
        raise Invalid(_("Only a security incident or a theft has a root cause (9.2)."))
    if case.cause_agreed_by_id:
        raise Invalid(_("Its root cause was agreed to. Nothing was done."))
    if cause is not None and cause not in RootCause.values:
        raise Invalid(_("Unknown root cause: %(cause)s.") % {"cause": cause})


def propose_cause(case: Case, cause: str, *, actor: Staff, reason: str, ticket: str = "") -> Case:
    with (
        recorder.refusals(actor=actor, subject=case, facts={"act": "case.cause", "cause": cause}),
        transaction.atomic(),
    ):
        case = locked(case)
        check_cause(case, cause, actor=actor)
        must_say_why(reason)
        case.root_cause, case.cause_by = cause, actor
        save(
            case, "case.cause_proposed", ["root_cause", "cause_by"], actor=actor, reason=reason, ticket=ticket,
            facts={"cause": cause},
        )  # fmt: skip
    return case


def check_agree(case: Case, *, actor: Staff) -> None:
    if not actor.has_perm(AGREE):
        raise Refused(gettext_noop("Your role may not agree to a root cause."))
    check_cause(case, actor=actor)
    if not case.root_cause:
        raise Invalid(_("No root cause is proposed yet."))
    if case.cause_by_id == actor.pk:
        raise Refused(PROPOSED_IT)


def seen(case: Case) -> str:
    """What is agreed to: this cause, as this person proposed it."""
    return f"{case.root_cause}:{case.cause_by_id}"


def rule_on_cause(case: Case, *, agree: bool, content_hash: str, actor: Staff, reason: str) -> Case:
    """Agree to the cause that was seen, or send it back."""
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.rule_on_cause"}), transaction.atomic():
        case = locked(case)
        check_agree(case, actor=as_of_now(actor))
        must_say_why(reason)
        if content_hash != seen(case):
            raise Invalid(_("The root cause is not the one you saw. Look at it again; nothing was done."))
        cause = case.root_cause
        if agree:
            case.cause_agreed_by = actor
            verb, columns = "case.cause_agreed", ["cause_agreed_by"]
        else:
            case.root_cause, case.cause_by = "", None
            verb, columns = "case.cause_refused", ["root_cause", "cause_by"]
        save(case, verb, columns, actor=actor, reason=reason, facts={"cause": cause})
    return case
