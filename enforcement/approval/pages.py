"""The page of who rules on a decision."""

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement import tasks
from enforcement.approval import services as approval
from enforcement.approval.services import capacity_of
from enforcement.decisions.pages.decisions import APPROVE, content_facts, grounds_panel, targets_panel
from enforcement.decisions.pages.text import CONSEQUENCES, term_text
from enforcement.decisions.queries import decisions, notice_text
from enforcement.decisions.services import Report
from enforcement.evidence.pages import files_panel
from enforcement.lists import figures
from enforcement.lists.panels import filed_panels
from enforcement.models import Decision
from enforcement.policy import BATCH_FROM, Effect, Kind, Why
from enforcement.runs import apply
from qqops.approvals.models import State
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import RulingPage
from qqops.web.panels import Fact, Panel


class DecisionRulingPage(RulingPage):
    nav = "admin:inbox"
    case_title = gettext_lazy("The decision")
    user: Staff

    def allowed(self) -> bool:
        return any(self.user.has_perm(p) for p in APPROVE)

    def setup(self) -> None:
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.decision: Decision = found

    def heading_title(self) -> str:
        decision = self.decision
        return _("Approve or refuse: decision %(decision)s") % {"decision": f"{decision} {decision.get_kind_display()}"}

    def crumbs(self) -> list[tuple[Any, str]]:
        url = reverse("admin:enforcement_decision_change", args=[self.decision.pk])
        return [(_("Waiting for my approval"), reverse("admin:inbox")), (f"#{self.decision.pk}", url)]

    def content_hash(self) -> str:
        return self.decision.content_hash

    def barred(self) -> None:
        capacity_of(self.decision, self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        answer = self.approve if agree else approval.refuse
        self.tell(answer(self.decision, actor=self.user, **ruling), refused=not agree)
        return reverse("admin:enforcement_decision_change", args=[self.decision.pk])

    def approve(self, decision: Decision, **ruling: Any) -> Report:
        """A long list is left to the worker: the page answers at once, and shows how far it is."""
        return approval.approve(decision, later=tasks.run_later, **ruling)

    def tell(self, report: Report, *, refused: bool) -> None:
        decision = report.decision
        if refused:
            self.say(_("Decision #%(id)d was refused.") % {"id": decision.pk})
        elif decision.state == State.VOID:
            self.say(_("Decision #%(id)d is void: its target changed since; nothing was done.") % {"id": decision.pk})
        elif waits_for := notice_text(decision):
            self.say(_("Decision #%(id)d is approved.") % {"id": decision.pk} + " " + waits_for)
        elif decision.state == State.APPROVED:
            self.say(_("Decision #%(id)d is approved; the worker applies it.") % {"id": decision.pk})
        elif decision.state == State.PROPOSED:
            self.say(_("Agreed. Decision #%(id)d still waits for another approver.") % {"id": decision.pk})
        else:
            self.say(
                _("Decision #%(id)d: %(n)d applied, %(skipped)d skipped.")
                % {"id": decision.pk, "n": report.applied, "skipped": report.skipped.total()}
            )

    def context(self) -> dict[str, Any]:
        decision = self.decision
        files = files_panel(self.request, decision)
        return {
            "facts": content_facts(decision),
            "consequences": self.consequences(),
            "left": [
                *panels.panels_for("ruling", self.request, decision),
                grounds_panel(self.request, decision),
                *filter(None, [files]),
                targets_panel(self.request, decision),
            ],
            "right": self.judged(),
        }

    def judged(self) -> list[Panel]:
        """The dry run as it was filed. What is so now only of a few: a long list is not gone through for a look."""
        decision = self.decision
        filed = figures.as_filed(decision)
        now = [self.now()] if decision.target_count <= BATCH_FROM or filed is None else []
        return [*now, *(filed_panels(decision, filed) if filed else [])]

    def consequences(self) -> list[str]:
        said = [str(CONSEQUENCES[Kind(self.decision.kind)])]
        if self.decision.notice_days:
            said.append(
                _("Its holders are told first: it runs %(n)d days after that.") % {"n": self.decision.notice_days}
            )
        if self.decision.effect == Effect.PROVISIONAL:
            end = term_text(self.decision)
            said.append(
                _("It acts already, provisionally. If you agree it goes on (%(end)s); if you refuse it ends at once.")
                % {"end": end}
            )
        return said

    def now(self) -> Panel:
        """What would happen if it were applied this moment, judged as the act will judge."""
        counts = apply.would(self.decision)
        facts = [Fact(Why(why).label if why else _("will be changed"), n) for why, n in sorted(counts.items())]
        return Panel(_("If applied now"), "ops/panel_facts.html", {"facts": facts})


panels.page("inbox/<int:pk>/", "ruling", DecisionRulingPage)
