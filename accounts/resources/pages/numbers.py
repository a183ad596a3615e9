"""Moving numbers that nobody holds, and setting their tier: from the number's page, from the list, from a free one."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import is_self_dealing
from accounts.declarations.services import refuse_own
from accounts.lifecycle import PREMIUM_FROM_TIER, L
from accounts.models import Number, ResourceProposal
from accounts.numbers.pages import chosen
from accounts.resources.forms import MoveForm, TierForm
from accounts.resources.pages.acts import ProposePage, moves_of
from accounts.resources.pages.ranges import MANAGE
from accounts.resources.policy import MOVES_TO, Kind
from accounts.resources.queries import fineness
from accounts.resources.services import Wanted, numbers
from accounts.resources.text import whole
from qqops.approvals.models import State
from qqops.core.errors import Invalid
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Act, Fact, Panel

MOVE, TIER = gettext_lazy("Move"), gettext_lazy("Set the tier")


class OfNumbersPage(ProposePage):
    nav = "admin:accounts_number_changelist"

    def setup(self) -> None:
        self.numbers = chosen(self.request)

    @cached_property
    def found(self) -> list[numbers.Source]:
        return numbers.sources(self.numbers)

    def crumbs(self) -> list[tuple[Any, str]]:
        crumbs: list[tuple[Any, str]] = [(_("Numbers"), reverse("admin:accounts_number_changelist"))]
        if len(self.numbers) == 1:
            crumbs.append((str(self.numbers[0]), self.number_url()))
        return crumbs

    def number_url(self) -> str:
        free = self.found[0].free and self.found[0].state
        return reverse("admin:free_number" if free else "admin:accounts_number_change", args=self.numbers)

    def standing(self) -> str:
        return str([(one.number, one.state) for one in self.found])

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is not None:
            return super().preview(cleaned)
        refuse_own(self.user, self.numbers)
        states = Counter(one.state for one in self.found)
        facts = [
            Fact(_("now %(state)s") % {"state": L(state).label} if state else _("in no range"), whole(n))
            for state, n in sorted(states.items())
        ]
        figures = Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})
        return Preview("", "", consequences=super().preview(None).consequences, panels=[figures])

    def done_url(self, proposal: ResourceProposal) -> str:
        if proposal.state == State.APPLIED and len(self.numbers) == 1:
            return reverse("admin:accounts_number_change", args=self.numbers)
        return super().done_url(proposal)


class MoveNumbersPage(OfNumbersPage):
    kind = Kind.NUMBERS_MOVE
    form_class = MoveForm

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Move %(number)d") % {"number": self.numbers[0]}
        return _("Move %(n)d numbers") % {"n": len(self.numbers)}

    @cached_property
    def states(self) -> list[str]:
        """What at least one of them may become; the service says which may not."""
        open_to = {to for one in self.found for to in moves_of(one.state)}
        return [to for to in MOVES_TO if to in open_to]

    def form_kwargs(self) -> dict[str, Any]:
        return {"states": self.states}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if not self.states:
            raise Invalid(_("None of these numbers may be moved by hand: see their state."))
        return super().preview(cleaned)

    def wanted(self, form: Any) -> Wanted:
        return numbers.moved(self.numbers, form.cleaned_data["to"])


class TierPage(OfNumbersPage):
    kind = Kind.TIER
    form_class = TierForm

    def heading_title(self) -> str:
        if len(self.numbers) == 1:
            return _("Tier of %(number)d") % {"number": self.numbers[0]}
        return _("Tier of %(n)d numbers") % {"n": len(self.numbers)}

    def wanted(self, form: Any) -> Wanted:
        return numbers.tiered(self.numbers, form.cleaned_data["tier"])


def _acts(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    if not request.user.has_perm(MANAGE) or (number is not None and is_self_dealing(number)):
        return
    query = f"?{urlencode({'number': number.pk})}" if number is not None else ""
    if number is None or moves_of(number.lifecycle):
        yield Act(MOVE, reverse("admin:move_numbers") + query, key="m")
    if number is None or number.lifecycle in numbers.TIERED:
        yield Act(TIER, reverse("admin:tier_numbers") + query, key="g")


def _fine(request: HttpRequest, number: Number) -> Panel | None:
    """Why a number has its tier, where there is anything to say; an ordinary number costs no look."""
    if number.tier < PREMIUM_FROM_TIER and not number.tier_set_at:
        return None
    tier, patterns = fineness(number.pk)
    facts = [
        Fact(_("Tier"), number.tier, _("set by hand") if number.tier_set_at else ""),
        Fact(_("By its digits"), tier),
        Fact(_("Pattern"), patterns or _("an ordinary number")),
    ]
    return Panel(_("Tier"), "ops/panel_facts.html", {"facts": facts})


panels.page("resources/numbers/move/", "move_numbers", MoveNumbersPage)
panels.page("resources/numbers/tier/", "tier_numbers", TierPage)
panels.register("number", _fine, order=9)
panels.toolbar("number", _acts, order=6)
panels.toolbar("numbers", _acts, order=6)
panels.toolbar("free_number", _acts, order=6)
