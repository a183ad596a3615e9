"""How the trail is looked through by appeal."""

from functools import partial

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import own_numbers
from accounts.numbers.audit_lookups import about_numbers, not_own, resting_on
from appeals.models import Appeal, Ruling
from qqops.audit.review import event_queries, lookups
from qqops.audit.review.event_queries import Select
from qqops.core import receipts
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.web.pages.typed import Typed


def _receipt(text: str) -> str:
    receipt = receipts.read(text)
    if receipt is None:
        raise Invalid(_("This is no receipt number: one of its characters is wrong."))
    return receipt


def _of_appeal(receipt: str) -> Q:
    appeal = Select("SELECT a.id FROM appeals_appeal a WHERE a.receipt = %s", [receipt])
    return event_queries.among(
        event_queries.about("appeals.appeal", appeal), event_queries.with_ids(event_queries.wrote(Appeal, appeal))
    )


def _not_own(staff: Staff, receipt: str) -> None:
    """What is objected to about a number of one's own is on no page for him, nor here."""
    about = Appeal.objects.filter(receipt=receipt).values("number")
    if (own := own_numbers(staff).filter(number__in=about).first()) is not None:
        not_own(staff, own.number)


# The acts that write a ruling: made, ruled on by a second person or by time, and ended while it cooled down.
_TOUCH_RULINGS = (
    "appeal.ruled", "appeal.ruling_agreed", "appeal.ruling_sent_back", "appeal.ruling_lapsed", "appeal.stopped",
    "appeal.withdrawn",
)  # fmt: skip


def _rulings(clause: str) -> Select:
    return resting_on(clause, "appeals_rulingground", "ruling_id")


def _of_few(clause: str) -> Q:
    rulings = lookups.few(_rulings(clause))
    return event_queries.among(event_queries.with_ids(event_queries.wrote(Ruling, rulings)))


def _of_many(verb: str, clause: str) -> Q:
    """By one act at a time: each has its place in an index, in the order of the trail."""
    rested = (
        "audit_event.verb = %s AND EXISTS (SELECT FROM appeals_historicalruling h"
        " JOIN appeals_rulingground g ON g.ruling_id = h.id JOIN accounts_clause c ON c.id = g.clause_id"
        " WHERE h.event = audit_event.id AND c.number = %s OFFSET 0)"
    )
    return lookups.many(_rulings(clause), rested, verb, clause)


about_numbers("appeals.appeal", "SELECT number_id, tenure_id, id FROM appeals_appeal")
lookups.offer(
    Typed(
        gettext_lazy("Appeal"), "appeal", _receipt, _of_appeal, allow=_not_own, help=gettext_lazy("Its receipt number.")
    )
)  # fmt: skip
lookups.way("clause", _of_few)
for verb in _TOUCH_RULINGS:
    lookups.way("clause", partial(_of_many, verb))
