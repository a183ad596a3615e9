"""The page on which a maker withdraws what he filed, while nobody has decided on it."""

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement.approval import withdrawal
from enforcement.approval.withdrawal import may_withdraw
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.decisions import kind_text, targets_text
from enforcement.decisions.pages.text import grounds_text, state_badge
from enforcement.decisions.queries import decisions
from enforcement.models import Decision
from enforcement.policy import Effect, Kind
from enforcement.runs.pages import ReasonForm
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

TITLE = gettext_lazy("Withdraw")


def consequence(decision: Decision) -> str:
    if decision.effect == Effect.PROVISIONAL:
        return _("The proposal is void. What it does provisionally ends now and never counts against the holder.")
    return _("The proposal is void. Nothing was done yet, and nothing will be.")


class WithdrawPage(ConfirmPage):
    nav = "admin:enforcement_decision_changelist"
    proof = True
    form_class = ReasonForm
    user: Staff

    def setup(self) -> None:
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.decision: Decision = found

    def allowed(self) -> bool:
        anothers = Decision.objects.filter(pk=self.kwargs["pk"]).exclude(maker=self.user)
        return any(may_order(kind, self.user) for kind in Kind) and not anothers.exists()

    def heading_title(self) -> str:
        return _("%(act)s: decision #%(id)d") % {"act": TITLE, "id": self.decision.pk}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Decisions"), reverse(self.nav)), (str(self.decision), self.url())]

    def url(self) -> str:
        return reverse("admin:enforcement_decision_change", args=[self.decision.pk])

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        may_withdraw(self.decision, self.user)
        if cleaned is not None:
            must_say_why(cleaned["reason"])
        return Preview(str(self.decision.pk), TITLE, panels=[self.now()], consequences=[consequence(self.decision)])

    def now(self) -> Panel:
        decision = self.decision
        facts = [
            Fact(_("Act"), kind_text(decision)),
            Fact(_("State"), state_badge(decision)),
            Fact(_("Number") if decision.target_count == 1 else _("Targets"), targets_text(decision)),
            Fact(_("Clause"), grounds_text(decision)),
            Fact(_("Proposed"), when(decision.proposed_at, exact=True)),
            Fact(_("Lapses"), when(decision.expires_at, exact=True)),
        ]
        return Panel(_("Now"), "ops/panel_facts.html", {"facts": facts})

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        withdrawal.withdraw(self.decision, actor=self.user, reason=cleaned["reason"])
        self.say(_("Decision #%(id)d is withdrawn.") % {"id": self.decision.pk})
        return self.url()


def _act(request: HttpRequest, decision: Decision | None) -> Iterable[Act]:
    if decision is None:
        return
    try:
        may_withdraw(decision, panels.staff_at(request))
    except (Refused, Invalid):
        return
    url = reverse("admin:withdraw", args=[decision.pk])
    yield Act(TITLE, url, key="w", consequence=consequence(decision))


panels.page("decisions/<int:pk>/withdraw/", "withdraw", WithdrawPage)
panels.toolbar("decision", _act)
