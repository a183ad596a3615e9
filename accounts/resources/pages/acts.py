"""The acts on number resources: each proposes, and says before the button who else has to agree."""

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lifecycle import L, pairs
from accounts.models import NumberRange, ResourceProposal
from accounts.protection.services import attempted
from accounts.resources import services
from accounts.resources.forms import MoveForm, OpenRangeForm, PlanForm
from accounts.resources.pages.proposals import SHOWN, proposal_url
from accounts.resources.pages.ranges import LIST, MANAGE, range_url
from accounts.resources.policy import MOVES_TO, Kind
from accounts.resources.services import Wanted, ranges
from accounts.resources.text import WHO_AGREES, consequences_of, wanted_facts
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact


class ProposePage(ConfirmPage):
    """One page for every kind: the form says what is wanted, the service who must agree. None is dangerous: what nobody
    else has to agree to takes nothing from anybody, and can be taken back."""

    kind: ClassVar[Kind]
    permission = MANAGE
    proof = True
    nav = LIST
    user: Staff

    def wanted(self, form: forms.BaseForm) -> Wanted:
        raise NotImplementedError

    def standing(self) -> str:
        """What the act rests on as it is now; another standing, another preview."""
        return ""

    def done_url(self, proposal: ResourceProposal) -> str:
        return proposal_url(proposal.pk)

    def form(self, data: Any = None) -> forms.BaseForm:
        self.filled = super().form(data)
        return self.filled

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            return Preview("", "", consequences=consequences_of(self.kind, {}))
        wanted = self.wanted(self.filled)
        with recorder.refusals(
            actor=self.user, **attempted(f"resource.{wanted.kind}", wanted.numbers, len(wanted.numbers))
        ):
            rule = services.check(wanted, actor=self.user)
        must_say_why(cleaned["reason"])
        self.facts = wanted_facts(wanted.kind, wanted.content, len(wanted.numbers))
        if len(wanted.numbers) > 1:
            some = list(map(str, wanted.numbers[:SHOWN]))
            self.facts.append(Fact(_("Numbers") if len(some) == len(wanted.numbers) else _("for example"), some))
        return Preview(
            fingerprint=f"{rule.code}:{self.standing()}",
            button=_("Send for approval") if rule.approvers else _("Confirm"),
            consequences=[*consequences_of(wanted.kind, wanted.content), WHO_AGREES[rule.code]],
        )

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """What is wanted, as whoever approves it reads it, and why."""
        why = {form[name].label for name in ("reason", "ticket")}
        return [*self.facts, *(fact for fact in super().summary(form) if fact.label in why)]

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase | str:
        wanted = self.wanted(self.filled)
        try:
            made = services.propose(
                wanted, actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"], form_key=uuid.UUID(nonce)
            )
        except services.AlreadyProposed as earlier:
            return self.filed(earlier)
        if made.state == State.PROPOSED:
            self.say(_("Proposal #%(id)d waits for approval.") % {"id": made.pk})
        else:
            self.say(_("Done: proposal #%(id)d.") % {"id": made.pk})
        return self.done_url(made)

    def earlier(self, nonce: str) -> str:
        first = ResourceProposal.objects.filter(form_key=nonce).first()
        return self.filed(services.AlreadyProposed(first)) if first else ""

    def filed(self, earlier: services.AlreadyProposed) -> str:
        self.say(str(earlier), messages.WARNING)
        return proposal_url(earlier.proposal.pk)


class OpenRangePage(ProposePage):
    kind = Kind.RANGE
    title = gettext_lazy("Open a range")
    form_class = OpenRangeForm

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Number ranges"), reverse(LIST))]

    def wanted(self, form: forms.BaseForm) -> Wanted:
        assert isinstance(form, OpenRangeForm)
        told = form.cleaned_data
        return ranges.wanted(told["first"], told["last"], told["pool"], told["purpose"], **form.planned())


class OfRangePage(ProposePage):
    """An act on one range."""

    def setup(self) -> None:
        found = NumberRange.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.range: NumberRange = found

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Number ranges"), reverse(LIST)), (str(self.range), range_url(self.range.pk))]

    def done_url(self, proposal: ResourceProposal) -> str:
        return range_url(self.range.pk) if proposal.state == State.APPLIED else proposal_url(proposal.pk)


def moves_of(state: str) -> list[str]:
    """Where the resource manager may move what is in this state."""
    return [to for to in MOVES_TO if (state, to) in pairs()]


class MoveRangePage(OfRangePage):
    kind = Kind.RANGE_MOVE
    form_class = MoveForm

    def heading_title(self) -> str:
        return _("Move the range %(range)s") % {"range": self.range}

    def form_kwargs(self) -> dict[str, Any]:
        return {"states": moves_of(self.range.state)}

    def standing(self) -> str:
        return self.range.state

    def wanted(self, form: Any) -> Wanted:
        return ranges.moved(self.range, form.cleaned_data["to"])


class PlanRangePage(OfRangePage):
    kind = Kind.RANGE_PLAN
    form_class = PlanForm

    def heading_title(self) -> str:
        return _("Plan of the range %(range)s") % {"range": self.range}

    def initial(self) -> dict[str, Any]:
        found = self.range
        price = None if found.price is None else f"{found.price / 100:.2f}"
        return {"plan": found.plan, "opens_on": found.opens_on, "price": price, "channels": found.channels}

    def standing(self) -> str:
        found = self.range
        return f"{found.state}:{found.plan}:{found.opens_on}:{found.price}:{found.channels}"

    def wanted(self, form: forms.BaseForm) -> Wanted:
        assert isinstance(form, PlanForm)
        return ranges.planned(self.range, **form.planned())


def _acts(request: HttpRequest, found: NumberRange | None) -> Iterable[Act]:
    if not request.user.has_perm(MANAGE):
        return
    if found is None:
        yield Act(_("Open a range"), reverse("admin:open_range"), key="o", primary=True)
    elif found.state != L.RETIRED:
        yield Act(_("Move"), reverse("admin:move_range", args=[found.pk]), key="m")
        yield Act(_("Change the plan"), reverse("admin:plan_range", args=[found.pk]), key="p")


panels.page("resources/ranges/open/", "open_range", OpenRangePage)
panels.page("resources/ranges/<int:pk>/move/", "move_range", MoveRangePage)
panels.page("resources/ranges/<int:pk>/plan/", "plan_range", PlanRangePage)
panels.toolbar("ranges", _acts)
panels.toolbar("range", _acts)
