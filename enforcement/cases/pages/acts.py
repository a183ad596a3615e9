"""The pages that open a case and work on it, each with its preview, and the acts that it leads to."""

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.numbers.pages import PAGE_OF_TARGETS
from enforcement.cases import cause, services
from enforcement.cases.case_prefill import clauses_for
from enforcement.cases.pages.forms import (
    CauseForm,
    CloseForm,
    DetailsForm,
    EvidenceForm,
    NumbersForm,
    OpenCaseForm,
    details_in,
    numbers_in,
)
from enforcement.cases.pages.register import LIST, CaseList, case_facts, case_url, numbers_panel
from enforcement.cases.policy import CAUSED, DETAILS, LEADS_TO, OPENED, CaseKind, Detail
from enforcement.cases.queries import HANDLE, cases, count_numbers, targets_of
from enforcement.decisions.order_validation import may_order
from enforcement.decisions.pages.acts import TITLES
from enforcement.decisions.pages.text import CONSEQUENCES
from enforcement.evidence.pages import BringsFiles
from enforcement.models import Case
from enforcement.policy import MEASURES
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.act_pages import PressedPage
from qqops.templatetags.ops import link
from qqops.web import panels
from qqops.web.pages import Page, Preview, RulingPage
from qqops.web.panels import Act, Fact, Panel


class KindsPage(Page):
    """What was found: each kind leads to its own form."""

    title = gettext_lazy("Open a case")
    permission = services.OPEN_CASE
    template = "accounts/disclosure_kinds.html"
    nav = LIST

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(CaseList.title, reverse(LIST))]

    def context(self) -> dict[str, Any]:
        rows = [
            (
                link(reverse("admin:open_case", args=[kind.value]), kind.label),
                [_must(detail) for detail in DETAILS[kind]],
                list(LEADS_TO[kind]) or _("none"),
            )
            for kind in OPENED
        ]
        head = [_("Kind"), _("What it must say"), _("Clause it may lead to")]
        lede = _("What was found decides what the case must say, and under which clause it may lead to a decision.")
        return {"lede": lede, "list": [Panel(_("Kind of case"), "ops/panel_table.html", {"head": head, "rows": rows})]}


def _must(detail: Detail) -> Any:
    return detail.label if detail.required else _("%(what)s (may be left empty)") % {"what": detail.label}


class OpenCasePage(BringsFiles, PressedPage):
    permission = services.OPEN_CASE
    nav = LIST
    verb = "case.opened"

    def setup(self) -> None:
        if self.kwargs["kind"] not in OPENED:
            raise Http404
        self.kind = CaseKind(self.kwargs["kind"])

    def heading_title(self) -> str:
        return _("Open a case: %(kind)s") % {"kind": self.kind.label}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(CaseList.title, reverse(LIST)), (KindsPage.title, reverse("admin:case_kinds"))]

    def about(self) -> dict[str, str]:
        return {"subject_type": Case._meta.label_lower}

    def done_url(self, facts: dict[str, Any]) -> str:
        return reverse("admin:enforcement_case_change", args=[facts["case"]])

    def form(self, data: Any = None) -> forms.BaseForm:
        return OpenCaseForm(data, kind=self.kind, **self.files_kwargs())

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [_("The case does nothing to any number: a measure is a decision of its own.")]
        if cleaned is None:
            return Preview("", "", consequences=happens)
        found = OpenCaseForm.finding(self.kind, cleaned)
        with recorder.refusals(actor=self.user, facts={"act": "case.open", "kind": self.kind.value}):
            services.check_open(found, actor=self.user)
        must_say_why(cleaned["reason"])
        facts = [Fact(_("Numbers"), len(found.listed)), Fact(_("Evidence files"), len(found.files))]
        return Preview(
            fingerprint=f"{self.kind.value}:{len(found.listed)}",
            button=_("Open the case"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})],
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        found = OpenCaseForm.finding(self.kind, cleaned)
        case = services.open_case(found, actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"])
        self.say(_("Case %(case)s is open.") % {"case": case})
        return case_url(case)


class OfCase:
    """A page about one case: 404 for who may not see it, as if there were none."""

    case: Case
    title: Any
    user: Staff
    kwargs: dict[str, Any]
    nav = LIST

    def setup(self) -> None:
        found = cases(self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.case = found

    def heading_title(self) -> str:
        return _("%(act)s: case %(case)s") % {"act": self.title, "case": self.case}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(CaseList.title, reverse(LIST)), (str(self.case), case_url(self.case))]


class StepPage(OfCase, PressedPage):
    """One step in a case that is open."""

    permission = HANDLE
    consequence: Any = ""
    danger = False
    form_class: type[forms.BaseForm]

    def about(self) -> dict[str, str]:
        return {"subject_type": Case._meta.label_lower, "subject_id": str(self.case.pk)}

    def done_url(self, facts: dict[str, Any]) -> str:
        return case_url(self.case)

    def check(self, cleaned: dict[str, Any] | None) -> None:
        """Raise what the act would raise; without `cleaned`: may it be taken now?"""
        services.check_work(self.case, actor=self.user, right=self.permission)

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        raise NotImplementedError

    def fingerprint(self) -> str:
        case = self.case
        told = [case.state, case.details, case.root_cause, case.cause_by_id, case.cause_agreed_by_id]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        with recorder.refusals(actor=self.user, subject=self.case, facts={"act": self.verb}):
            self.check(cleaned)
        if cleaned is None:
            return Preview("", "", consequences=[self.consequence])
        must_say_why(cleaned["reason"])
        now = Panel(_("Now"), "ops/panel_facts.html", {"facts": case_facts(self.case)})
        return Preview(self.fingerprint(), self.title, self.danger, [now], [self.consequence])

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        self.take(cleaned, actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"])
        self.say(_("Recorded."))
        return case_url(self.case)


class EvidencePage(BringsFiles, StepPage):
    title, verb = gettext_lazy("Add evidence"), "case.evidence_added"
    consequence = gettext_lazy("It stays in the case for good: nothing is taken out of it.")

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, (services.OPEN_CASE, HANDLE)))

    def form(self, data: Any = None) -> forms.BaseForm:
        return EvidenceForm(data, **self.files_kwargs())

    def check(self, cleaned: dict[str, Any] | None) -> None:
        services.check_work(self.case, actor=self.user, right=services.OPEN_CASE)
        if cleaned is not None:
            services.check_evidence(*self.brought(cleaned))

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        services.add_evidence(self.case, *self.brought(cleaned), **why)

    @staticmethod
    def brought(cleaned: dict[str, Any]) -> tuple[list[str], list[int]]:
        return cleaned["evidence"].splitlines(), [int(pk) for pk in cleaned.get("evidence_files", ())]


class NumbersPage(StepPage):
    title, verb = gettext_lazy("Add numbers"), "case.numbers_added"
    consequence = gettext_lazy("They stay in the case for good, under whoever holds them now.")

    def form(self, data: Any = None) -> forms.BaseForm:
        return NumbersForm(data, kind=CaseKind(self.case.kind))

    def check(self, cleaned: dict[str, Any] | None) -> None:
        super().check(cleaned)
        if cleaned is not None:
            services.check_more(self.case, numbers_in(CaseKind(self.case.kind), cleaned), actor=self.user)

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        services.add_numbers(self.case, numbers_in(CaseKind(self.case.kind), cleaned), **why)


class DetailsPage(StepPage):
    title, verb = gettext_lazy("Correct the details"), "case.amended"
    consequence = gettext_lazy("What was said before stays in the history of the case.")

    def form(self, data: Any = None) -> forms.BaseForm:
        return DetailsForm(data, kind=CaseKind(self.case.kind), initial=self.case.details)

    def check(self, cleaned: dict[str, Any] | None) -> None:
        super().check(cleaned)
        if cleaned is not None:
            services.check_details(self.case, details_in(CaseKind(self.case.kind), cleaned))

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        services.amend(self.case, details_in(CaseKind(self.case.kind), cleaned), **why)


class CausePage(StepPage):
    title, verb, form_class = gettext_lazy("Propose the root cause"), "case.cause_proposed", CauseForm
    consequence = gettext_lazy(
        "A second person agrees to it or sends it back; once it is agreed to, the case may be closed with it (9.2)."
    )

    def check(self, cleaned: dict[str, Any] | None) -> None:
        cause.check_cause(self.case, cleaned["cause"] if cleaned else None, actor=self.user)

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        cause.propose_cause(self.case, cleaned["cause"], **why)


class ClosePage(StepPage):
    title, verb, form_class = gettext_lazy("Close the case"), "case.closed", CloseForm
    consequence = gettext_lazy("It is not opened again: what is found later is a case of its own.")
    danger = True

    def heading_title(self) -> str:
        return _("Close case %(case)s") % {"case": self.case}

    def check(self, cleaned: dict[str, Any] | None) -> None:
        services.check_close(self.case, actor=self.user)

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        services.close(self.case, cleaned["conclusion"], **why)


class CauseRulingPage(OfCase, RulingPage):
    title = gettext_lazy("Agree to the root cause")
    permission = cause.AGREE
    case_title = gettext_lazy("The case")

    def content_hash(self) -> str:
        return cause.seen(self.case)

    def barred(self) -> None:
        cause.check_agree(self.case, actor=self.user)

    def rule(self, *, agree: bool, reason: str, content_hash: str) -> str:
        cause.rule_on_cause(self.case, agree=agree, content_hash=content_hash, actor=self.user, reason=reason)
        self.say(_("Recorded."))
        return case_url(self.case)

    def context(self) -> dict[str, Any]:
        return {
            "facts": case_facts(self.case),
            "consequences": [
                _("If you agree, the root cause is fixed, and the case may be closed with it (9.2)."),
                _("If you refuse, the root cause has to be proposed anew."),
            ],
            "left": [numbers_panel(self.request, self.case)],
        }


# What may be done


def _url(name: str, case: Case) -> str:
    return reverse(f"admin:{name}", args=[case.pk])


def _may(check: Any, *args: Any, **more: Any) -> bool:
    try:
        check(*args, **more)
    except (Refused, Invalid):
        return False
    return True


def _steps(request: HttpRequest, case: Case | None) -> Iterable[Act]:
    user = panels.staff_at(request)
    if case is None or not _may(services.check_work, case, actor=user, right=services.OPEN_CASE):
        return
    if _may(cause.check_agree, case, actor=user):
        yield Act(CauseRulingPage.title, _url("case_cause_ruling", case), key="a", primary=True)
    yield Act(EvidencePage.title, _url("case_evidence", case), key="e")
    if not user.has_perm(HANDLE):
        return
    yield Act(NumbersPage.title, _url("case_numbers", case))
    if DETAILS[CaseKind(case.kind)]:
        yield Act(DetailsPage.title, _url("case_details", case))
    if case.kind in CAUSED and _may(cause.check_cause, case, actor=user):
        yield Act(CausePage.title, _url("case_cause", case))
    if _may(services.check_close, case, actor=user):
        yield Act(ClosePage.title, _url("case_close", case), key="c", danger=True)


def _measures(request: HttpRequest, case: Case | None) -> Iterable[Act]:
    """“Freeze these numbers”: the form of the act, with the case, its ground and its numbers filled in."""
    user = panels.staff_at(request)
    if case is None or case.state != Case.State.OPEN:
        return
    offered = [kind for kind in MEASURES if clauses_for(case, kind) and may_order(kind, user)]
    if not offered:
        return
    if count_numbers(case) > PAGE_OF_TARGETS:  # more than an address holds go as a list
        url = f"{reverse('admin:batch')}?{urlencode({'case': case.pk})}"
        yield Act(_("Act on these numbers as a batch"), url, danger=True,
                  consequence=_("Choose the act: every number of the case is taken in as one list."))  # fmt: skip
        return
    numbers = targets_of(case, PAGE_OF_TARGETS)
    for kind in offered if numbers else ():
        query = urlencode([("case", case.pk), *(("number", number) for number in numbers)])
        label = _("%(act)s these numbers") % {"act": TITLES[kind]}
        yield Act(label, f"{reverse('admin:act', args=[kind.value])}?{query}", danger=True,
                  consequence=CONSEQUENCES[kind])  # fmt: skip


def _open(request: HttpRequest, obj: Any) -> Iterable[Act]:
    if request.user.has_perm(services.OPEN_CASE):
        yield Act(KindsPage.title, reverse("admin:case_kinds"), key="o", primary=True)


panels.page("cases/open/", "case_kinds", KindsPage)
panels.page("cases/open/<slug:kind>/", "open_case", OpenCasePage)
panels.page("cases/<int:pk>/evidence/", "case_evidence", EvidencePage)
panels.page("cases/<int:pk>/numbers/", "case_numbers", NumbersPage)
panels.page("cases/<int:pk>/details/", "case_details", DetailsPage)
panels.page("cases/<int:pk>/cause/", "case_cause", CausePage)
panels.page("cases/<int:pk>/cause/ruling/", "case_cause_ruling", CauseRulingPage)
panels.page("cases/<int:pk>/close/", "case_close", ClosePage)
panels.toolbar("cases", _open)
panels.toolbar("case", _steps)
panels.toolbar("case", _measures, order=1)
