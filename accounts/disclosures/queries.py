"""Queries of the disclosure register: the requests that a person may see, and those that wait for them."""

import unicodedata

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.declarations.queries import own_numbers
from accounts.disclosures.policy import PAPERS
from accounts.models import Disclosure, DisclosureTarget
from qqops.staff.models import Staff

UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode categories: control and format characters, surrogates, separators


def disclosures(staff: Staff) -> QuerySet[Disclosure]:
    """Return the requests that this person may see.

    A secret request is hidden from every person without the permission, its maker included. A request about a number
    that the person declared (their own or a relative's) is hidden from them.
    """
    own = DisclosureTarget.objects.filter(disclosure=OuterRef("pk"), number__in=own_numbers(staff).values("number"))
    found = Disclosure.objects.select_related("maker", "reviewer", "closer").exclude(Exists(own))
    return found if staff.has_perm("accounts.view_secret_disclosure") else found.filter(secret=False)


def waiting_for(staff: Staff) -> QuerySet[Disclosure]:
    """Return the requests whose next step this person may take: none that they registered or reviewed."""
    mine = Q(pk__in=[])
    if staff.has_perm("accounts.review_disclosure"):
        mine |= Q(state=Disclosure.State.REGISTERED)
    if staff.has_perm("accounts.release_disclosure"):
        mine |= Q(state=Disclosure.State.REVIEWED) & ~Q(reviewer=staff)
    return disclosures(staff).filter(mine, ~Q(maker=staff))


def is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in UNSEEN


def on_one_line(text: str) -> str:
    """Return the text on one line, without invisible characters that could forge a line in a letter or proof."""
    return " ".join("".join(" " if is_unseen(sign) else sign for sign in text).split())


def papers_cited(disclosure: Disclosure) -> list[str]:
    """Return the numbered papers of the request, as letters and proofs cite them."""
    return [
        _("%(paper)s no. %(number)s") % {"paper": PAPERS[paper.kind].label, "number": on_one_line(paper.number)}
        for paper in disclosure.papers.order_by("pk")
        if paper.number
    ]
