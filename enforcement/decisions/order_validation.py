"""May this person order this? Asked by the form, the dry run and the act itself, in that order, always here."""

import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.dormancy.queries import is_in_force, unknown_logins
from accounts.models import DormancyPolicy
from accounts.rulebook.summaries import DOCUMENT
from enforcement.cases.decision_limits import check_cited
from enforcement.decisions.ladder import is_graduated
from enforcement.decisions.order import Order
from enforcement.models import Decision, Ground, Measure
from enforcement.policy import (
    ADD,
    AUTHORITIES,
    BASIS,
    LAW,
    LESSENS,
    NOT_UNDONE,
    OWNER_FREEZE_MAX,
    RECLAIM,
    Authority,
    FreezeKind,
    Kind,
    LeftOut,
    Scope,
    Severity,
)
from qqops.approvals.models import State
from qqops.core.days import after_working_days
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

REVERSALS = (Kind.LIFT, Kind.RESTORE, Kind.UNDO)
LONGEST_TERM = datetime.timedelta(days=3650)


def check(order: Order, actor: Staff) -> Authority:
    """The authority by which the actor may give the order; Invalid when it is not well formed, Refused when none."""
    _well_formed(order)
    _grounds(order)
    authority = _authority(order, actor)
    _policy(order)
    _undo(order)
    if order.kind == Kind.ADJUST:
        _change(order)
    check_cited(order, actor)
    return authority


def _well_formed(order: Order) -> None:
    texts = (
        order.facts, order.reason, order.ticket, order.citation, order.departure, order.detected_by, *order.evidence,
    )  # fmt: skip
    if not order.facts.strip():
        raise Invalid(_("State the facts."))
    if not order.files and not any(e.strip() for e in order.evidence):
        raise Invalid(_("Name the evidence: without evidence there is no measure."))
    must_say_why(order.reason)
    no_personal_data(*texts)
    if len(order.ticket) > 80 or len(order.citation) > 200:
        raise Invalid(_("The ticket (80 characters) or the cited document (200 characters) is too long."))
    timed = order.kind in (Kind.RESTRICT, Kind.FREEZE)
    terms = (order.duration is not None) + (order.until is not None) + order.indefinite
    if timed and terms != 1:
        raise Invalid(_("Say how long: a duration, an end, or without end."))
    if not timed and terms and order.kind != Kind.ADJUST:
        raise Invalid(_("This act has no duration."))
    now = timezone.now()
    length = order.length(now)
    if length is not None and length <= datetime.timedelta(0):
        raise Invalid(_("The end lies in the past."))
    if length is not None and length > LONGEST_TERM:
        raise Invalid(_("The end is more than ten years away: choose “without end”."))
    if order.kind == Kind.RESTRICT and not order.scopes:
        raise Invalid(_("Choose what is restricted."))
    if unknown := set(order.scopes) - set(Scope.values):
        raise Invalid(_("Unknown scope: %(scope)s.") % {"scope": ", ".join(sorted(unknown))})
    if order.kind == Kind.FREEZE and order.freeze_kind not in FreezeKind.values:
        raise Invalid(_("Choose the kind of freeze."))
    if not order.severity and is_graduated(order.kind, order.freeze_kind, order.clauses):
        raise Invalid(_("Say how severe it is: the ladder of measures is asked with that (10.1)."))
    if order.in_error and order.kind not in REVERSALS:
        raise Invalid(_("Only a reversal can say that what it reverses was wrong."))
    if order.then_review and not timed:
        raise Invalid(_("Only what ends by itself can go back to review at its end."))
    if order.severity and order.severity not in Severity.values:
        raise Invalid(_("Unknown severity: %(severity)s.") % {"severity": order.severity})
    if unknown := set(order.leave_out) - set(LeftOut.values):
        raise Invalid(_("Nobody is left out as “%(what)s”.") % {"what": ", ".join(sorted(unknown))})
    if len(order.detected_by) > 80:
        raise Invalid(_("The name of the rule or model is too long (80 characters)."))
    if order.kind == Kind.LIFT and not (order.lift_measures or order.lift_of or order.lift_kinds):
        raise Invalid(_("Say which measures to lift."))


def _grounds(order: Order) -> None:
    """The matrix of domain.md §6.2: every ground named must allow this act."""
    if not order.clauses:
        raise Invalid(_("Name the clause."))
    for code in order.clauses:
        basis = BASIS.get(code)
        if basis is None:
            raise Invalid(_("Clause %(clause)s is not a ground for any act.") % {"clause": code})
        if order.kind not in basis.kinds:
            allowed = ", ".join(str(kind.label) for kind in basis.kinds)
            raise Invalid(
                _("Clause %(clause)s does not allow “%(act)s”. It allows: %(allowed)s.")
                % {"clause": code, "act": order.kind.label, "allowed": allowed}
            )
        if order.kind == Kind.FREEZE and order.freeze_kind not in basis.freezes:
            allowed = ", ".join(str(kind.label) for kind in basis.freezes)
            raise Invalid(
                _("Clause %(clause)s does not allow this kind of freeze. It allows: %(allowed)s.")
                % {"clause": code, "allowed": allowed}
            )
        if basis.citation and not order.citation.strip():
            raise Invalid(_("Name the law and article, or the order and its number."))
        if basis.article and not order.article.strip():
            raise Invalid(_("Name the document and its clause, as CODE:CLAUSE."))
        if basis.article and order.article.strip().rpartition(":")[0].strip() == DOCUMENT:
            raise Invalid(_("A clause of the Rules is cited as itself, with the measures that it allows."))
    if order.freeze_kind == FreezeKind.OWNER:
        length = order.length(timezone.now())
        if length is None or length > OWNER_FREEZE_MAX:
            raise Invalid(_("A freeze at the holder's request lasts at most 24 hours."))


def _policy(order: Order) -> None:
    """10.3 names no terms of its own: a reclaim is made under a policy in force, and nothing else is (10.3(c))."""
    if (order.policy is not None) != (RECLAIM in order.clauses):
        if order.policy is None:
            raise Invalid(_("A reclaim under 10.3 is made under a dormancy policy: name it."))
        raise Invalid(_("A dormancy policy is a reason for a reclaim under 10.3 only."))
    if order.policy and not is_in_force(order.policy):
        raise Invalid(_("Dormancy policy %(code)s is not in force today.") % {"code": order.policy})
    must_know_logins(order.policy)


def _undo(order: Order) -> None:
    """What an undo takes back, and whether its ground reaches that."""
    if (order.undoes is not None) != (order.kind == Kind.UNDO):
        if order.undoes is None:
            raise Invalid(_("Say which decision is undone."))
        raise Invalid(_("Only an undo takes a decision back."))
    if order.undoes is None:
        return
    if order.undoes.kind in NOT_UNDONE:
        raise Invalid(_("An undo is not undone: decide anew."))
    if order.undoes.state not in (State.APPLIED, State.STOPPED):
        raise Invalid(
            _("Decision #%(id)d is not applied: stop it for good first, or wait for its end.") % {"id": order.undoes.pk}
        )
    by_law = Ground.objects.filter(decision=order.undoes.pk, basis=LAW).exists()
    if LAW not in order.clauses and (by_law or order.undoes.freeze_kind == FreezeKind.LEGAL):
        raise Invalid(_("What was decided by law or order is taken back by law or order only."))


def _change(order: Order) -> None:
    """A change (T11) names measures of one kind, and what becomes of them."""
    if not (order.lift_measures or order.lift_of or order.lift_kinds):
        raise Invalid(_("Say which measures to change."))
    if (order.duration is not None) + (order.until is not None) + order.indefinite > 1:
        raise Invalid(_("Give one end only: a duration, a time, or without end."))
    if order.end(timezone.now()) is None and not order.scopes:
        raise Invalid(_("Say what changes: the end, or what is restricted."))
    kinds = _kinds_named(order)
    if len(kinds) > 1:
        raise Invalid(_("One decision changes measures of one kind: freezes, or restrictions."))
    if order.scopes and kinds == {Kind.FREEZE}:
        raise Invalid(_("A freeze has no scopes: only its end can be changed."))


def _kinds_named(order: Order) -> set[str]:
    if order.lift_measures:
        return set(Measure.objects.filter(pk__in=order.lift_measures).values_list("kind", flat=True))
    if order.lift_of:
        return set(Decision.objects.filter(pk=order.lift_of).values_list("kind", flat=True))
    return {what.partition(":")[0] for what in order.lift_kinds}


def may_add(order: Order, actor: Staff) -> None:
    """By this change a measure would end later or reach further: another right, and never on an objection (11)."""
    if LESSENS in order.clauses:
        raise Invalid(
            _("Clause 11 shortens or narrows a measure: it neither extends nor widens one. Nothing was done.")
        )
    if not actor.has_perm(ADD):
        raise Refused(gettext_noop("Your role may shorten or narrow a measure, but neither extend nor widen it."))


def must_know_logins(policy: DormancyPolicy | None) -> None:
    """Asked when somebody is looked at or filed under a policy, and again when it runs."""
    if policy and (why := unknown_logins(policy)):
        raise Invalid(why)


def _authority(order: Order, actor: Staff) -> Authority:
    if not actor.may_enter:
        raise Refused(gettext_noop("This account cannot act."))
    held = [a for a in AUTHORITIES if a.kind == order.kind and actor.has_perm(a.permission)]
    if not held:
        raise Refused(gettext_noop("Your role may not do this."))
    reaching = sorted((a for a in held if _reaches(a, order)), key=lambda a: a.supervised)
    if not reaching:
        raise Refused(gettext_noop("This goes further than your role may go (kind, clause or length)."))
    return reaching[0]


def _reaches(authority: Authority, order: Order) -> bool:
    now = timezone.now()
    length, longest = order.length(now), authority.longest
    if authority.working_days:
        longest = after_working_days(now, authority.working_days) - now
    return (
        (order.kind != Kind.FREEZE or order.freeze_kind in authority.freezes)
        and (longest is None or (length is not None and length <= longest))
        and (not authority.clauses or set(order.clauses) <= set(authority.clauses))
        and not set(order.clauses) & set(authority.not_clauses)
        and (bool(order.ruling) or not authority.answering)
    )


def may_order(kind: Kind, actor: Staff) -> bool:
    """Does any authority of this person reach this kind of act? For showing or hiding its button."""
    return any(a.kind == kind and actor.has_perm(a.permission) for a in AUTHORITIES if not a.answering)


def daily_limit(actor: Staff) -> int:
    """How many numbers this person may act on alone in a day: the most that any of his roles may."""
    by_role: dict[str, int] = settings.QQOPS_DAILY_TARGETS_BY_ROLE
    return max((by_role.get(role, settings.QQOPS_DAILY_TARGETS) for role in actor.roles), default=0)


def filing_limit(actor: Staff) -> int:
    """How many numbers this person may have filed in a day, for others to agree to: the blast radius of one account."""
    by_role: dict[str, int] = settings.QQOPS_DAILY_FILED_BY_ROLE
    return max((by_role.get(role, settings.QQOPS_DAILY_FILED) for role in actor.roles), default=0)
