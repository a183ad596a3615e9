"""The page of an act on one number or several: fill in, see what will happen, confirm."""

import uuid
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.numbers.pages import chosen, crumbs_of
from accounts.protection.services import attempted
from accounts.rulebook.pages import clause_text
from accounts.rulebook.queries import clauses_in_force
from enforcement.cases.case_prefill import case_fact, case_in, initial_for
from enforcement.decisions import preview as decisions_preview
from enforcement.decisions.forms import ActForm, order_from
from enforcement.decisions.order import Order
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.text import CONSEQUENCES, effect_sentence, measure_name
from enforcement.decisions.preview import Preview as Found
from enforcement.decisions.preview import glance
from enforcement.decisions.queries import changeable, liftable
from enforcement.decisions.services import AlreadyFiled, decide, in_words
from enforcement.evidence.pages import BringsFiles
from enforcement.lists import services as lists
from enforcement.lists.number_set import Listed
from enforcement.lists.panels import counts_of, figures_of, list_in, losses_panels
from enforcement.measures.change_panels import change_choice, changes_panel
from enforcement.measures.changes import changed_by
from enforcement.models import Decision
from enforcement.policy import BASES, OF_RUNNING, Effect, Kind
from qqops.audit import recorder
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import Preview
from qqops.web.panels import Panel

TITLES = {
    Kind.RESTRICT: gettext_lazy("Restrict"),
    Kind.FREEZE: gettext_lazy("Freeze"),
    Kind.TERMINATE: gettext_lazy("Terminate"),
    Kind.LIFT: gettext_lazy("Lift measures"),
    Kind.ADJUST: gettext_lazy("Change measures"),
    Kind.RESTORE: gettext_lazy("Restore"),
}
CONFIRM = {
    Kind.RESTRICT: gettext_lazy("Confirm restriction"),
    Kind.FREEZE: gettext_lazy("Confirm freeze"),
    Kind.TERMINATE: gettext_lazy("Confirm termination"),
    Kind.LIFT: gettext_lazy("Confirm lifting"),
    Kind.ADJUST: gettext_lazy("Confirm change"),
    Kind.RESTORE: gettext_lazy("Confirm restoring"),
}

MINORS = "minors"


class ActPage(BringsFiles):
    form_class = ActForm
    aside_template = "enforcement/clauses.html"
    proof = True
    nav = "admin:accounts_number_changelist"
    user: Staff

    @cached_property
    def kind(self) -> Kind:
        kind = self.kwargs["kind"]
        if kind not in TITLES:
            raise Http404
        return Kind(kind)

    def allowed(self) -> bool:
        return may_order(self.kind, self.user)

    def setup(self) -> None:
        self.case = case_in(self.request)
        self.listed = list_in(self.request)
        self.given = [] if self.listed else chosen(self.request)
        self.one = self.given[0] if len(self.given) == 1 else None

    @cached_property
    def numbers(self) -> Collection[int]:
        """What the act is about; a list is opened when it is looked at, and may be forgotten by then."""
        return lists.open_list(self.listed) if self.listed else self.given

    def heading_title(self) -> Any:
        if self.one:
            return _("%(act)s: %(number)d") % {"act": TITLES[self.kind], "number": self.one}
        n = self.listed.count if self.listed else len(self.given)
        said = ngettext("%(act)s: %(n)d number", "%(act)s: %(n)d numbers", n)
        return said % {"act": TITLES[self.kind], "n": n}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("New batch"), reverse("admin:batch"))] if self.listed else crumbs_of(self.given)

    def order(self, cleaned: dict[str, Any], **more: Any) -> Order:
        order = order_from(self.kind, cleaned, **more)
        if self.listed:
            order = replace(order, source_name=self.listed.name, source_sha256=self.listed.sha256)
        return replace(order, case=self.case.pk) if self.case else order

    def initial(self) -> dict[str, Any]:
        return initial_for(self.case, self.kind) if self.case else {}

    def form_kwargs(self) -> dict[str, Any]:
        choices: list[tuple[str, Any]] = []
        if self.kind == Kind.LIFT and self.one:
            choices = [(str(m.pk), f"{measure_name(m)} · #{m.decision_id}") for m in liftable(self.one)]
        elif self.kind == Kind.ADJUST and self.one:
            choices = [(str(m.pk), change_choice(m)) for m in changeable(self.one)]
        elif self.kind in OF_RUNNING:
            choices = [("freeze", _("every freeze")), ("restrict", _("every restriction"))]
        reclaims = self.kind == Kind.TERMINATE and self.user.has_perm("enforcement.make_reclaim")
        files = self.files_kwargs(self.case.pk if self.case else None)
        return {"kind": self.kind, "liftable": choices, "reclaims": reclaims, "several": not self.one, **files}

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            found = glance(self.kind, self.numbers, actor=self.user)
            shown = [self.figures(found), *losses_panels(self.kind, found)]
            return Preview("", "", panels=shown, consequences=[CONSEQUENCES[self.kind]])
        with recorder.refusals(actor=self.user, **attempted(self.kind, self.numbers, len(self.numbers))):
            found = decisions_preview.preview(self.order(cleaned), self.numbers, actor=self.user)
        self.found = found
        waits = found.rule.effect != Effect.AT_ONCE
        happens: list[Any] = [
            CONSEQUENCES[self.kind],
            effect_sentence(found.rule.effect, len(found.rule.approvers)),
            _("Rule: %(rule)s") % {"rule": found.rule.label},
        ]
        if not found.will:
            happens = [_("Nothing would change: %(why)s.") % {"why": in_words(found.skipped)}]
        return Preview(
            fingerprint=f"{found.digest}:{found.rule.code}",
            button=_("Send for approval") if waits else str(CONFIRM[self.kind]),
            danger=self.kind in (Kind.FREEZE, Kind.TERMINATE) and not waits,
            panels=[self.figures(found), *losses_panels(self.kind, found), *self.changes(cleaned, found)],
            consequences=happens,
            blocked=not found.will,
            carries=(lambda: {MINORS: self.minors}) if self.listed else None,
        )

    def changes(self, cleaned: dict[str, Any], found: Found) -> list[Panel]:
        """Of one number: what becomes of each measure chosen, its end as it was looked at."""
        if self.kind != Kind.ADJUST or not self.one:
            return []
        would = Decision(kind=self.kind, until=found.until, scopes=cleaned["scopes"])
        chosen = [m for m in changeable(self.one) if str(m.pk) in cleaned["measures"]]
        return [changes_panel((self.one, changed_by(would, m)) for m in chosen)]

    @cached_property
    def minors(self) -> int | None:
        """Asked where it is drawn; a click that only confirms brings it along and opens nobody's date of birth."""
        return lists.minors_of(Listed.of(self.numbers))

    def figures(self, found: Found) -> Panel:
        facts = [*counts_of(found), *figures_of(self.listed, self.numbers, found, lambda: self.minors)]
        if self.case:
            facts.append(case_fact(self.case))
        return Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})

    def context(self) -> dict[str, Any]:
        allowed = [b.cites for b in BASES if self.kind in b.kinds and b.cites]
        if self.request.POST.get("step") in ("preview", "confirm"):
            allowed = self.request.POST.getlist("clauses")  # the ones cited: what is read before the click
        clauses = clauses_in_force(timezone.now(), numbers=allowed)
        return {"clauses": [(c.number, clause_text(c)) for c in clauses]}

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase | str:
        order = self.order(cleaned, form_key=uuid.UUID(nonce))
        minors = (lambda: self.carried[MINORS]) if self.carried else None
        try:
            report = decide(order, self.numbers, actor=self.user, found=self.found, minors=minors)
        except AlreadyFiled as earlier:
            return self.filed(earlier)
        decision = report.decision
        if report.applied:
            self.say(
                _("%(act)s: %(n)d done, %(skipped)d skipped. Decision #%(id)d.")
                % {"act": TITLES[self.kind], "n": report.applied, "skipped": report.skipped.total(), "id": decision.pk}
            )
        elif decision.state == "applied":
            self.say(_("Nothing was changed: %(why)s.") % {"why": in_words(report.skipped)})
        if decision.approvers:
            self.say(_("Decision #%(id)d waits for approval.") % {"id": decision.pk})
        if self.one:
            return reverse("admin:accounts_number_change", args=[self.one])
        return reverse("admin:enforcement_decision_change", args=[decision.pk])

    def earlier(self, nonce: str) -> str:
        first = Decision.objects.filter(form_key=nonce).first()
        return self.filed(AlreadyFiled(first)) if first else ""

    def filed(self, earlier: AlreadyFiled) -> str:
        self.say(str(earlier), messages.WARNING)
        return reverse("admin:enforcement_decision_change", args=[earlier.decision.pk])


panels.page("act/<slug:kind>/", "act", ActPage)
