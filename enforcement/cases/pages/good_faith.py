"""Good faith of whoever reported another's number (8.3) on the staff web: doubted by one, ruled on by another."""

from collections.abc import Callable, Iterable
from typing import Any

from django import forms
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement.cases import good_faith
from enforcement.cases.cause import AGREE
from enforcement.cases.details import DOUBTED_BY
from enforcement.cases.pages.acts import OfCase, StepPage
from enforcement.cases.pages.register import case_facts, case_url, numbers_panel
from enforcement.models import Case
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import RulingPage
from qqops.web.panels import Act, Fact, Panel


class DoubtForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class DoubtPage(StepPage):
    title, verb, form_class = gettext_lazy("Doubt the good faith"), "case.faith_doubted", DoubtForm
    consequence = gettext_lazy(
        "Whoever reported it stays spared until a second person has agreed that it was not in good faith (8.3)."
    )

    def check(self, cleaned: dict[str, Any] | None) -> None:
        good_faith.check_doubt(self.case, actor=self.user)

    def take(self, cleaned: dict[str, Any], **why: Any) -> None:
        good_faith.doubt_faith(self.case, **why)


class FaithRulingPage(OfCase, RulingPage):
    title = gettext_lazy("Rule on the good faith")
    permission = AGREE
    case_title = gettext_lazy("The case")

    def content_hash(self) -> str:
        return good_faith.seen(self.case)

    def barred(self) -> None:
        good_faith.check_rule(self.case, actor=self.user)

    def rule(self, *, agree: bool, reason: str, content_hash: str) -> str:
        good_faith.rule_on_faith(self.case, agree=agree, content_hash=content_hash, actor=self.user, reason=reason)
        self.say(_("Recorded."))
        return case_url(self.case)

    def context(self) -> dict[str, Any]:
        return {
            "facts": case_facts(self.case),
            "consequences": [
                _("If you agree, the report was not in good faith, and whoever made it is spared no longer (8.3)."),
                _("If you refuse, the report was in good faith, and whoever made it stays spared (8.3)."),
            ],
            "left": [numbers_panel(self.request, self.case)],
        }


def _may(check: Callable[..., None], case: Case, user: Staff) -> bool:
    try:
        check(case, actor=user)
    except (Refused, Invalid):
        return False
    return True


def _steps(request: HttpRequest, case: Case | None) -> Iterable[Act]:
    user = panels.staff_at(request)
    if case is None:
        return
    if _may(good_faith.check_rule, case, user):
        yield Act(FaithRulingPage.title, reverse("admin:case_faith_ruling", args=[case.pk]), key="a", primary=True)
    if _may(good_faith.check_doubt, case, user):
        yield Act(DoubtPage.title, reverse("admin:case_doubt", args=[case.pk]))


def _doubted(request: HttpRequest, case: Case) -> Panel | None:
    """That another person rules on it now."""
    by = case.details.get(DOUBTED_BY)
    if by is None:
        return None
    facts = [Fact(_("Doubted by"), Staff.objects.get(pk=by)), Fact(_("Then"), _("another person rules on that (8.3)"))]
    return Panel(_("Good faith"), "ops/panel_facts.html", {"facts": facts})


panels.page("cases/<int:pk>/good-faith/", "case_doubt", DoubtPage)
panels.page("cases/<int:pk>/good-faith/ruling/", "case_faith_ruling", FaithRulingPage)
panels.toolbar("case", _steps)
panels.register("case", _doubted, order=-1)
