"""Reads of the disclosure register: what a person may see of it, and what waits for him."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.disclosing import PAPERS
from accounts.models import Disclosure, DisclosureTarget
from accounts.queries.declared import own_numbers
from qqops.staff.models import Staff


def disclosures(staff: Staff) -> QuerySet[Disclosure]:
    """Those this person may see: a secret one does not exist for who may not, its maker included."""
    found = Disclosure.objects.select_related("maker", "reviewer", "closer")
    return found if staff.has_perm("accounts.view_secret_disclosure") else found.filter(secret=False)


def waiting_for(staff: Staff) -> QuerySet[Disclosure]:
    """Those whose next step this person may take: not his own, and about no number he declared."""
    mine = Q(pk__in=[])
    if staff.has_perm("accounts.review_disclosure"):
        mine |= Q(state=Disclosure.State.REGISTERED)
    if staff.has_perm("accounts.release_disclosure"):
        mine |= Q(state=Disclosure.State.REVIEWED) & ~Q(reviewer=staff)
    dealing = DisclosureTarget.objects.filter(number__in=own_numbers(staff).values("number")).values("disclosure")
    return disclosures(staff).filter(mine, ~Q(maker=staff), ~Q(pk__in=dealing))


def papers_cited(disclosure: Disclosure) -> list[str]:
    """Those papers that have a number, as letters and proofs cite them."""
    return [
        _("%(paper)s no. %(number)s") % {"paper": PAPERS[paper.kind].label, "number": paper.number}
        for paper in disclosure.papers.order_by("pk")
        if paper.number
    ]
