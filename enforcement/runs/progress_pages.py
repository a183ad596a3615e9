"""How far a decision is: a panel of its page, readable as it stands, and drawn anew by a small script."""

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from enforcement.decisions.queries import decisions
from enforcement.models import Decision
from enforcement.policy import Effect, Why
from enforcement.runs.queries import Run, progress_of
from qqops.approvals.models import State
from qqops.templatetags.ops import badge
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.panels import Fact, Panel

TONES = {
    Run.RUNNING: "info",
    Run.WAITING: "warn",
    Run.PAUSED: "warn",
    Run.HALTED: "bad",
    Run.NOTICE: "info",
    Run.DONE: "good",
    Run.STOPPED: "warn",
}
CARRIED_OUT = (State.APPROVED, State.APPLIED, State.STOPPED)


class ProgressPage(Page):
    """The inside of the panel alone, for the script."""

    permission = "enforcement.view_decision"
    template = "enforcement/progress_now.html"

    def setup(self) -> None:
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if found is None or not _is_run(found):
            raise Http404
        self.decision: Decision = found

    def context(self) -> dict[str, Any]:
        return shown(self.decision)


def shown(decision: Decision) -> dict[str, Any]:
    progress = progress_of(decision)
    facts = [
        Fact(_("State"), badge(progress.run.label, TONES[progress.run])),
        Fact(_("Done"), _("%(n)d of %(all)d") % {"n": progress.done, "all": progress.total}),
        Fact(_("applied"), progress.applied),
    ]
    facts += [Fact(_("skipped: %(why)s") % {"why": Why(why).label}, n) for why, n in sorted(progress.skipped.items())]
    if progress.speed is not None and progress.left is not None:
        facts.append(Fact(_("Numbers a second"), round(progress.speed)))
        facts.append(Fact(_("Time left"), time_left(progress.left)))
    page = reverse("admin:enforcement_decision_change", args=[decision.pk])
    return {"progress": progress, "facts": facts, "refresh": page}


def time_left(seconds: float) -> str:
    if seconds < 60:
        return _("less than a minute")
    minutes = round(seconds / 60)
    return ngettext("about %(n)d minute", "about %(n)d minutes", minutes) % {"n": minutes}


def _is_run(decision: Decision) -> bool:
    return decision.effect == Effect.WAITS and decision.target_count > 1 and decision.state in CARRIED_OUT


def _panel(request: HttpRequest, decision: Decision) -> Panel | None:
    if not _is_run(decision):
        return None
    url = reverse("admin:progress", args=[decision.pk])
    return Panel(_("Progress"), "enforcement/progress.html", shown(decision) | {"url": url})


panels.page("decisions/<int:pk>/progress/", "progress", ProgressPage)
panels.register("decision", _panel, order=-1)
