"""How the trail is looked through by appeal."""

from functools import partial

from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.review import about_numbers, not_own
from accounts.queries.declared import own_numbers
from appeals.models import Appeal, Ruling, RulingGround
from qqops import receipts
from qqops.audit import review, touched
from qqops.audit.touched import Select
from qqops.errors import Invalid
from qqops.pages.typed import Typed
from qqops.staff.models import Staff


def _receipt(text: str) -> str:
    receipt = receipts.read(text)
    if receipt is None:
        raise Invalid(_("This is no receipt number: one of its characters is wrong."))
    return receipt


def _of_appeal(receipt: str) -> Q:
    appeal = Select("SELECT a.id FROM appeals_appeal a WHERE a.receipt = %s", [receipt])
    return touched.among(touched.about("appeals.appeal", appeal), touched.with_ids(touched.wrote(Appeal, appeal)))


def _not_own(staff: Staff, receipt: str) -> None:
    """What is objected to about a number of one's own is on no page for him, nor here."""
    about = Appeal.objects.filter(receipt=receipt).values("number")
    if (own := own_numbers(staff).filter(number__in=about).first()) is not None:
        not_own(staff, own.number)


def _ruled(verb: str, clause: str) -> Q:
    """What became of rulings that rest on it; an act at a time, as each has its place in an index."""
    rulings = RulingGround.objects.filter(clause__number=clause).values("ruling")
    return Q(Exists(Ruling.history.filter(event_id=OuterRef("pk"), id__in=rulings)), verb=verb)


about_numbers("appeals.appeal", "SELECT number_id, tenure_id, id FROM appeals_appeal")
review.offer(
    Typed(
        gettext_lazy("Appeal"), "appeal", _receipt, _of_appeal, allow=_not_own, help=gettext_lazy("Its receipt number.")
    )
)  # fmt: skip
for verb in ("appeal.ruled", "appeal.ruling_agreed", "appeal.ruling_sent_back", "appeal.ruling_lapsed"):
    review.way("clause", partial(_ruled, verb))
