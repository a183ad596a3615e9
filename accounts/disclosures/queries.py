"""Reads of the disclosure register: what a person may see of it, and what waits for him."""

import unicodedata

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.disclosures.policy import PAPERS
from accounts.models import Disclosure, DisclosureTarget
from qqops.staff.models import Staff

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # categories of Unicode: controls, turns of direction, ends of lines


def disclosures(staff: Staff) -> QuerySet[Disclosure]:
    """Those this person may see: a secret one does not exist for who may not, its maker included; and for nobody one
    about a number that he declared as his own or a relative's."""
    own = DisclosureTarget.objects.filter(disclosure=OuterRef("pk"), number__in=own_numbers(staff).values("number"))
    found = Disclosure.objects.select_related("maker", "reviewer", "closer").exclude(Exists(own))
    return found if staff.has_perm("accounts.view_secret_disclosure") else found.filter(secret=False)


def waiting_for(staff: Staff) -> QuerySet[Disclosure]:
    """Those whose next step this person may take: none that he registered."""
    mine = Q(pk__in=[])
    if staff.has_perm("accounts.review_disclosure"):
        mine |= Q(state=Disclosure.State.REGISTERED)
    if staff.has_perm("accounts.release_disclosure"):
        mine |= Q(state=Disclosure.State.REVIEWED) & ~Q(reviewer=staff)
    return disclosures(staff).filter(mine, ~Q(maker=staff))


def is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in UNSEEN


def on_one_line(text: str) -> str:
    """As it may stand in a letter or a proof, where a line more would say something else."""
    return " ".join("".join(" " if is_unseen(sign) else sign for sign in text).split())


def papers_cited(disclosure: Disclosure) -> list[str]:
    """Those papers that have a number, as letters and proofs cite them."""
    return [
        _("%(paper)s no. %(number)s") % {"paper": PAPERS[paper.kind].label, "number": on_one_line(paper.number)}
        for paper in disclosure.papers.order_by("pk")
        if paper.number
    ]
