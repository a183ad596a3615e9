"""What a decision may and may not do by the case that led to it."""

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.cases.queries import cases, passed_on, spared
from enforcement.decisions.order import Order
from enforcement.models import Case
from enforcement.policy import MEASURES
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff

NAMED = 8


def check_cited(order: Order, actor: Staff) -> None:
    if order.case is None:
        return
    case = cases(actor).filter(pk=order.case).first()
    if case is None:
        raise Invalid(_("There is no case #%(id)d.") % {"id": order.case})
    if case.state != Case.State.OPEN:
        raise Invalid(_("Case #%(id)d is closed: no decision comes of it any more.") % {"id": case.pk})


def must_be_its_holders(order: Order, numbers: Sequence[int]) -> None:
    """Nothing is done to a holder for what a case says of the one before him (DESIGN §1.4)."""
    if order.case is not None and (gone := passed_on(order.case, numbers)):
        raise Invalid(
            _("Case #%(id)d is about somebody who holds %(numbers)s no more. Leave these out; nothing was done.")
            % {"id": order.case, "numbers": ", ".join(map(str, gone[:NAMED])) + (" …" if len(gone) > NAMED else "")}
        )


def spared_by(order: Order) -> set[int]:
    """The numbers that this order may not reach by the case that it cites (8.3)."""
    return spared(order.case, clauses=order.clauses) if order.kind in MEASURES else set()


def must_spare(numbers: Iterable[int], finders: set[int]) -> None:
    if finders and not finders.isdisjoint(numbers):
        raise Refused(
            gettext_noop(
                "Among these numbers is that of the person who reported in good faith, who is not penalised for it"
                " (8.3). If that person used the number first, 10.2 alone applies."
            )
        )
