"""Good faith of whoever reported another's number (8.3): doubted by one with a reason, ruled on by another.

Until the second has agreed that it was not, his number is spared: by every measure that cites the case, and while the
case is open by any on its grounds (judgement.py).
"""

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.cases.cause import AGREE
from enforcement.cases.details import DOUBTED_BY, RULED, in_good_faith
from enforcement.cases.queries import HANDLE, cases
from enforcement.cases.services import locked, save
from enforcement.models import Case
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

DOUBTED_IT = conflict(gettext_noop("You doubted its good faith: another person must rule on that."))
OF_OWN = conflict(gettext_noop("It is about a number that you declared as your own: another person must act."))


def check_doubt(case: Case, *, actor: Staff) -> None:
    """Raise as `doubt_faith` would."""
    _may(case, actor, HANDLE)
    if case.details.get(DOUBTED_BY):
        raise Invalid(_("Its good faith is doubted already: another person rules on that. Nothing was done."))


def doubt_faith(case: Case, *, actor: Staff, reason: str, ticket: str = "") -> Case:
    """Propose that it was not in good faith; nothing changes until another person has agreed."""
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.doubt_faith"}), transaction.atomic():
        case = locked(case)
        check_doubt(case, actor=as_of_now(actor))
        must_say_why(reason)
        case.details = case.details | {DOUBTED_BY: actor.pk}
        save(case, "case.faith_doubted", ["details"], actor=actor, reason=reason, ticket=ticket)
    return case


def check_rule(case: Case, *, actor: Staff) -> None:
    """Raise as `rule_on_faith` would."""
    _may(case, actor, AGREE)
    if not case.details.get(DOUBTED_BY):
        raise Invalid(_("Nobody doubts its good faith."))
    if case.details[DOUBTED_BY] == actor.pk:
        raise Refused(DOUBTED_IT)


def seen(case: Case) -> str:
    """What is agreed to: this doubt, by this person."""
    return f"{case.details.get('good_faith')}:{case.details.get(DOUBTED_BY)}"


def rule_on_faith(case: Case, *, agree: bool, content_hash: str, actor: Staff, reason: str) -> Case:
    """Agree that it was not in good faith, or find that it was."""
    with recorder.refusals(actor=actor, subject=case, facts={"act": "case.rule_on_faith"}), transaction.atomic():
        case = locked(case)
        check_rule(case, actor=as_of_now(actor))
        must_say_why(reason)
        if content_hash != seen(case):
            raise Invalid(_("The doubt is not the one you saw. Look at it again; nothing was done."))
        left = {name: value for name, value in case.details.items() if name != DOUBTED_BY}
        case.details = left | ({"good_faith": False, RULED: True} if agree else {})
        verb = "case.faith_withdrawn" if agree else "case.faith_upheld"
        save(case, verb, ["details"], actor=actor, reason=reason)
    return case


def _may(case: Case, actor: Staff, right: str) -> None:
    if not actor.has_perm(right):
        raise Refused(gettext_noop("Your role may not rule on the good faith of a report."))
    if not cases(actor).filter(pk=case.pk).exists():
        raise Refused(OF_OWN)
    if not in_good_faith(case):
        raise Invalid(_("This case does not say that anybody reported in good faith (8.3)."))
