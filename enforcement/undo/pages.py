"""The page that takes a decision back: what would be put back, what has changed since, and who must agree."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement.decisions.forms import IN_ERROR
from enforcement.decisions.order import Order
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.text import CONSEQUENCES, effect_sentence
from enforcement.decisions.queries import decisions
from enforcement.decisions.services import AlreadyFiled, in_words
from enforcement.models import Decision
from enforcement.policy import BASES, NOT_UNDONE, Effect, Kind, Why
from enforcement.undo import services as undo_services
from enforcement.undo.services import look_at_undo, undo, undo_order
from qqops.approvals.models import State
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

GROUNDS = tuple((b.code, gettext_lazy("law or order") if b.citation else b.code)
                for b in BASES if Kind.UNDO in b.kinds)  # fmt: skip


class UndoForm(forms.Form):
    clause = forms.ChoiceField(label=gettext_lazy("Clause"), choices=GROUNDS, widget=forms.RadioSelect)
    citation = forms.CharField(
        label=gettext_lazy("Document cited"),
        required=False,
        max_length=200,
        help_text=gettext_lazy("With “law”: law and article, or order."),
    )
    in_error = forms.BooleanField(label=gettext_lazy("It was wrong"), required=False, help_text=IN_ERROR)
    facts = forms.CharField(
        label=gettext_lazy("Facts"), required=False, widget=forms.Textarea(attrs={"rows": 2}), max_length=4000
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class UndoPage(ConfirmPage):
    nav = "admin:enforcement_decision_changelist"
    proof = True
    form_class = UndoForm
    user: Staff

    def setup(self) -> None:
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.decision: Decision = found

    def allowed(self) -> bool:
        return may_order(Kind.UNDO, self.user)

    def heading_title(self) -> str:
        return _("Undo decision %(id)s: %(act)s") % {"id": self.decision, "act": self.decision.get_kind_display()}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Decisions"), reverse(self.nav)), (str(self.decision), _url(self.decision))]

    def order(self, cleaned: dict[str, Any], form_key: uuid.UUID | None = None) -> Order:
        return undo_order(self.decision, **cleaned, form_key=form_key)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:  # the list may be long: it is judged once there is a reason to
            return Preview("", "", consequences=[CONSEQUENCES[Kind.UNDO]])
        found = look_at_undo(self.order(cleaned), actor=self.user)
        facts = [Fact(_("would be put back"), found.will)]
        facts += [Fact(_what(Why(w)), n) for w, n in sorted(found.skipped.items())]
        if conflicts := undo_services.conflicts(self.decision):
            facts.append(Fact(_("conflicts, for example"), [str(number) for number in conflicts]))
        happens: list[Any] = [
            CONSEQUENCES[Kind.UNDO],
            effect_sentence(found.rule.effect, len(found.rule.approvers)),
            _("Rule: %(rule)s") % {"rule": found.rule.label},
        ]
        if cleaned["in_error"]:
            happens.insert(1, IN_ERROR)
        if not found.does:
            happens = [_("Nothing would change: %(why)s.") % {"why": in_words(found.skipped)}]
        return Preview(
            fingerprint=f"{found.digest}:{found.rule.code}",
            button=_("Undo") if found.rule.effect == Effect.AT_ONCE else _("Send for approval"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})],
            consequences=happens,
            blocked=not found.does,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        try:
            report = undo(self.order(cleaned, uuid.UUID(nonce)), actor=self.user)
        except AlreadyFiled as earlier:
            return self.filed(earlier)
        if report.decision.approvers:
            self.say(_("Decision #%(id)d waits for approval.") % {"id": report.decision.pk})
        elif report.skipped[Why.VOIDED]:
            self.say(
                _("It was over already: it ceases to count, the number stays as it is. Decision #%(id)d.")
                % {"id": report.decision.pk}
            )
        else:
            self.say(_("Taken back: %(n)d. Decision #%(id)d.") % {"n": report.applied, "id": report.decision.pk})
        return _url(report.decision)

    def earlier(self, nonce: str) -> str:
        first = Decision.objects.filter(form_key=nonce).first()
        return self.filed(AlreadyFiled(first)) if first else ""

    def filed(self, earlier: AlreadyFiled) -> str:
        self.say(str(earlier), messages.WARNING)
        return _url(earlier.decision)


def _what(why: Why) -> Any:
    """What only ceases to count is not skipped."""
    return why.label if why == Why.VOIDED else _("skipped: %(why)s") % {"why": why.label}


def _url(decision: Decision) -> str:
    return reverse("admin:enforcement_decision_change", args=[decision.pk])


def may_be_undone(decision: Decision, staff: Staff) -> bool:
    """Is there anything to be taken back, and may this person propose it? For its button, and links to its page."""
    done = decision.kind not in NOT_UNDONE and decision.state in (State.APPLIED, State.STOPPED)
    return done and may_order(Kind.UNDO, staff)


def _act(request: HttpRequest, decision: Decision | None) -> Iterable[Act]:
    if decision is not None and may_be_undone(decision, panels.staff_at(request)):
        yield Act(_("Undo"), reverse("admin:undo", args=[decision.pk]), key="u", consequence=CONSEQUENCES[Kind.UNDO])


panels.page("decisions/<int:pk>/undo/", "undo", UndoPage)
panels.toolbar("decision", _act)
