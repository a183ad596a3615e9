"""Panels and links of the past states of a number, a tenure or an identity."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.holders.services import LOOK
from accounts.identity.pages import VIEW, declared_badge, standing_badges
from accounts.identity.queries import identity_of, masked
from accounts.models import Identity, Tenure
from accounts.numbers.queries import shown_of
from accounts.people.queries import is_own
from qqops.audit.review import as_of as asof
from qqops.web import panels
from qqops.web.pages import Then, as_of_url
from qqops.web.pages.rows import labels_of, state
from qqops.web.panels import Act, Fact, Panel

FACTS = "ops/panel_facts.html"


def _shown(request: HttpRequest, then: Then) -> Panel:
    return Panel(_("What it showed"), FACTS, {"facts": [Fact(_("State"), shown_of(then.row, then.at).label)]})


def _tenure(request: HttpRequest, then: Then) -> Panel | None:
    """Show the tenure at that time, without any identity."""
    if then.row.tenure_id is None or not request.user.has_perm(LOOK):
        return None
    row = asof.row_at(Tenure, then.row.tenure_id, then.at)
    return row and Panel(_("Its tenure"), FACTS, {"facts": state(Tenure, row, labels_of(Tenure, [row]))})


def _items(request: HttpRequest, then: Then) -> Panel:
    """Show the items as they were, masked.

    The present key opens them, and an identity that is declared, erased or locked at present shows none.
    """
    today: Identity = then.object
    if is_own(today):
        facts = [Fact(_("Standing"), declared_badge())]
    elif today.erased_at or today.locked_at:
        facts = [Fact(_("Standing"), standing_badges(today))]
    else:
        known: Identity = then.row.instance
        known.tenure = today.tenure
        facts = [Fact(item.label, shown) for item, shown in masked(known).items()]
    return Panel(_("Items, masked"), FACTS, {"facts": facts})


def _from_number(request: HttpRequest, then: Then) -> Iterable[Act]:
    if request.user.has_perm(LOOK):
        if then.row is not None and then.row.tenure_id is not None:
            yield Act(_("The tenure as it was"), as_of_url(Tenure, then.row.tenure_id, then.at))
        asked = urlencode({"number": then.object.pk, "day": f"{timezone.localtime(then.at):%Y-%m-%d}"})
        yield Act(_("Who answers for a day"), f"{reverse('admin:answers')}?{asked}", key="d")


def _from_tenure(request: HttpRequest, then: Then) -> Iterable[Act]:
    if request.user.has_perm(VIEW) and identity_of(then.object) is not None:
        yield Act(_("The identity information as it was"), as_of_url(Identity, then.object.pk, then.at))


panels.register("number:as_of", _shown)
panels.register("number:as_of", _tenure, order=1)
panels.register("identity:as_of", _items)
panels.toolbar("number:as_of", _from_number)
panels.toolbar("tenure:as_of", _from_tenure)
