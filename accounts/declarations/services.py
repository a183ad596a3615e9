"""Acts on declared numbers: a person declares their own numbers, and another person ends a declaration."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.queries import own_numbers
from accounts.models import DeclaredNumber
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

OWN_NUMBER = conflict(
    gettext_noop("Among these numbers is one that you declared as your own or a relative's: another person must act.")
)
DECLARED_IT = conflict(gettext_noop("You declared this number yourself: another person must end the declaration."))

DECLARE, END = "accounts.declare_number", "accounts.end_declaration"
AT_ONCE = 200  # more numbers of one's own and of relatives are a mistaken paste


@dataclass
class Declared:
    declared: int = 0
    already: int = 0


def self_dealing(own: int) -> Refused:
    """Return the refusal of a list that contains `own` numbers declared by the actor."""
    return Refused(OWN_NUMBER, own=own)


def refuse_own(staff: Staff, numbers: Iterable[int]) -> None:
    """Raise Refused if the staff member declared any of these numbers."""
    # Load the declared numbers: they are few, while `numbers` may be many.
    if own := len(set(numbers).intersection(own_numbers(staff).values_list("number", flat=True))):
        raise self_dealing(own)


def check(staff: Staff, numbers: Iterable[int], relation: str, *, actor: Staff) -> list[int]:
    """Return the distinct numbers, sorted. Raise Refused or Invalid as `declare` would."""
    if not actor.has_perm(DECLARE):
        raise Refused(gettext_noop("Your role may not declare numbers."))
    if staff.pk != actor.pk:
        raise Refused(gettext_noop("Everybody declares their own numbers only."))
    if relation not in DeclaredNumber.Relation.values:
        raise Invalid(_("Say whose numbers they are: your own or a relative's."))
    wanted = sorted(set(numbers))
    if len(wanted) > AT_ONCE:
        raise Invalid(_("Declare at most %(n)d numbers at once.") % {"n": AT_ONCE})
    return wanted


def declare(
    staff: Staff, numbers: Iterable[int], relation: str, *, actor: Staff, reason: str = "", ticket: str = ""
) -> Declared:
    """Add numbers to a person's own list, from which that person cannot take them. Skip numbers on the list."""
    with recorder.refusals(actor=actor, facts={"act": "declare"}):
        wanted = check(staff, numbers, relation, actor=actor)
    with transaction.atomic():
        Staff.objects.select_for_update(no_key=True).get(pk=staff.pk)  # the same form may be submitted twice at once
        known = set(own_numbers(staff).filter(number__in=wanted).values_list("number", flat=True))
        fresh = [
            DeclaredNumber(staff=staff, number=number, relation=relation, declared_at=timezone.now())
            for number in wanted
            if number not in known
        ]
        if fresh:
            facts = {"relation": relation, "declared": len(fresh)}
            with recorder.act(
                "number.declared", actor=actor, reason=reason, ticket=ticket, subject=staff, facts=facts
            ) as act:
                DeclaredNumber.objects.bulk_create(fresh)  # no signals: act.history() writes the history
                act.history(DeclaredNumber, [one.pk for one in fresh], recorder.CREATED)
    return Declared(len(fresh), len(known))


def check_end(declared: DeclaredNumber, *, actor: Staff) -> None:
    """Raise Refused or Invalid if the actor may not end this declaration. The page and the act call it."""
    if declared.staff_id == actor.pk:
        raise Refused(DECLARED_IT)
    if not actor.has_perm(END):
        raise Refused(gettext_noop("Your role may not end a declaration."))
    if declared.ended_at is not None:
        raise Invalid(_("This declaration has ended already."))


def withdraw(declared: DeclaredNumber, *, actor: Staff, reason: str, ticket: str = "") -> DeclaredNumber:
    """End a declaration. Raise Refused for its owner, who could otherwise end it, act, and declare the number again."""
    with recorder.refusals(actor=actor, subject=declared, facts={"act": "end_declaration"}), transaction.atomic():
        declared = DeclaredNumber.objects.select_for_update(no_key=True).get(pk=declared.pk)
        check_end(declared, actor=actor)
        must_say_why(reason)
        facts = {"relation": declared.relation, "ended": 1}
        with recorder.act(
            "number.declaration_ended", actor=actor, reason=reason, ticket=ticket, subject=declared, facts=facts
        ) as act:
            declared.ended_at, declared.ended_by = timezone.now(), actor
            declared.save(update_fields=["ended_at", "ended_by"])
            act.wrote(recorder.history_model(DeclaredNumber))
    return declared
