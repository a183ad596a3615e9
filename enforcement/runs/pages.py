"""Holding up what is being applied: pause, resume, slower, stop for good; and the one switch for everything."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from enforcement import tasks
from enforcement.decisions.pages.decisions import kind_text
from enforcement.decisions.queries import decisions
from enforcement.models import Decision
from enforcement.policy import SUPERVISOR
from enforcement.runs import services as runs_services
from enforcement.runs.progress_pages import shown
from enforcement.runs.queries import due_runs, left_in, paused_by
from enforcement.runs.services import RUN, STOP_ALL, may_run_it, stop_all
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.templatetags.ops import when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

PAUSE, RESUME, LIMIT, STOP = "pause", "resume", "limit", "stop"
TITLES = {
    PAUSE: gettext_lazy("Pause"),
    RESUME: gettext_lazy("Resume"),
    LIMIT: gettext_lazy("Set the rate"),
    STOP: gettext_lazy("Stop for good"),
}
CONSEQUENCES = {
    PAUSE: gettext_lazy("The present chunk is finished, the next is not begun. What was done stays done."),
    RESUME: gettext_lazy("The worker goes on where it stopped; nothing is done twice."),
    LIMIT: gettext_lazy("From the next chunk on, at most so many numbers a second."),
    STOP: gettext_lazy("What was done stays and can be undone; the rest is never done. It cannot be resumed."),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)


class RateForm(ReasonForm):
    rate = forms.IntegerField(
        label=gettext_lazy("Numbers a second"), required=False, min_value=1, help_text=gettext_lazy("Empty: no limit.")
    )
    field_order = ("rate", "reason")


def rate_text(rate: int | None) -> str:
    if rate is None:
        return _("no limit")
    return ngettext("%(n)d number a second", "%(n)d numbers a second", rate) % {"n": rate}


def _now(*facts: Fact) -> Panel:
    return Panel(_("Now"), "ops/panel_facts.html", {"facts": facts})


class RunPage(ConfirmPage):
    nav = "admin:enforcement_decision_changelist"
    proof = True
    user: Staff

    def setup(self) -> None:
        self.do: str = self.kwargs["do"]
        found = decisions().filter(pk=self.kwargs["pk"]).first()
        if self.do not in TITLES or found is None:
            raise Http404
        self.decision: Decision = found
        self.form_class = RateForm if self.do == LIMIT else ReasonForm

    def allowed(self) -> bool:
        return self.user.has_perm(RUN)

    def heading_title(self) -> str:
        return _("%(act)s: decision #%(id)d") % {"act": TITLES[self.do], "id": self.decision.pk}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Decisions"), reverse(self.nav)), (str(self.decision), self.url())]

    def url(self) -> str:
        return reverse("admin:enforcement_decision_change", args=[self.decision.pk])

    def now(self) -> Panel:
        decision = self.decision
        facts = [Fact(_("Act"), kind_text(decision)), *shown(decision)["facts"]]
        facts.append(Fact(_("Rate limit"), rate_text(decision.rate)))
        if decision.paused_at:
            facts.append(Fact(_("Paused"), when(decision.paused_at, exact=True)))
            facts.append(Fact(_("Paused by"), paused_by(decision)))
        return _now(*facts)

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """A rate that was left empty says something, too."""
        facts = super().summary(form)
        if self.do == LIMIT and form.cleaned_data["rate"] is None:
            facts.insert(0, Fact(form["rate"].label, rate_text(None)))
        return facts

    def leads_to(self, cleaned: dict[str, Any] | None) -> list[Any]:
        """What will happen, of what was said; None: nothing yet."""
        if self.do == LIMIT and cleaned is not None:
            if cleaned["rate"] is None:
                return [_("From the next chunk on, as fast as it goes.")]
            return [_("From the next chunk on, at most %(rate)s.") % {"rate": rate_text(cleaned["rate"])}]
        return [CONSEQUENCES[self.do]]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        may_run_it(self.decision, self.user)
        if (self.do == PAUSE and self.decision.paused_at) or (self.do == RESUME and not self.decision.paused_at):
            raise Invalid(_("It is so already. Nothing was done."))
        if cleaned is not None:
            must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=f"{self.do}:{self.decision.paused_at}:{self.decision.rate}",
            button=TITLES[self.do],
            danger=self.do == STOP,
            panels=[self.now()],
            consequences=self.leads_to(cleaned),
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        said: dict[str, Any] = {"actor": self.user, "reason": cleaned["reason"]}
        match self.do:
            case "pause":
                runs_services.pause(self.decision, **said)
                self.say(_("Decision #%(id)d is paused.") % {"id": self.decision.pk})
            case "resume":
                runs_services.resume(self.decision, **said, later=tasks.run_later)
                self.say(_("Decision #%(id)d goes on; the worker applies it.") % {"id": self.decision.pk})
            case "limit":
                runs_services.limit(self.decision, cleaned["rate"], **said)
                self.say(_("The rate of decision #%(id)d is set.") % {"id": self.decision.pk})
            case _:
                runs_services.stop(self.decision, **said)
                self.say(_("Decision #%(id)d is stopped for good.") % {"id": self.decision.pk})
        return self.url()


class HaltPage(ConfirmPage):
    """Stop all runs, or end that: what is offered is what is not so."""

    nav = "admin:halt"
    proof = True
    form_class = ReasonForm
    user: Staff

    def setup(self) -> None:
        self.halt = runs_services.halted()

    def allowed(self) -> bool:
        return self.user.has_perm(STOP_ALL)

    def heading_title(self) -> str:
        return _("All runs are stopped: resume them") if self.halt else _("Stop all runs")

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if self.halt and not self.user.has_perm(SUPERVISOR):
            raise Refused(_("Everything is stopped. A supervisor lets it go on."))
        if cleaned is not None:
            must_say_why(cleaned["reason"])
        runs = list(due_runs())
        left = Fact(_("Numbers left in them"), left_in(runs))
        if self.halt is None:
            return Preview(
                "stop",
                _("Stop all runs"),
                danger=True,
                panels=[_now(Fact(_("Runs that would stop"), len(runs)), left)],
                consequences=[_("Every run stops at its next chunk, and none begins. What was done stays done.")],
            )
        stopped = [
            Fact(_("Stopped by"), self.halt.by),
            Fact(_("Since"), when(self.halt.since, exact=True)),
            Fact(_("Reason"), self.halt.reason),
        ]
        return Preview(
            f"go_on:{self.halt.pk}",
            _("Resume all runs"),
            panels=[_now(*stopped, Fact(_("Runs that would go on"), len(runs)), left)],
            consequences=[_("Whatever was approved and is not paused goes on where it stopped.")],
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        if self.halt is None:
            stop_all(actor=self.user, reason=cleaned["reason"])
            self.say(_("All runs stop at their next chunk."))
        else:
            n = runs_services.go_on(actor=self.user, reason=cleaned["reason"], later=tasks.run_later)
            self.say(_("Runs go on; handed to the worker: %(n)d.") % {"n": n})
        return reverse("admin:halt")


def _acts(request: HttpRequest, decision: Decision | None) -> Iterable[Act]:
    if decision is None:
        return
    try:
        may_run_it(decision, panels.staff_at(request))
    except (Refused, Invalid):
        return
    for do in (RESUME if decision.paused_at else PAUSE, LIMIT, STOP):
        url = reverse("admin:run", args=[decision.pk, do])
        yield Act(TITLES[do], url, danger=do == STOP, consequence=CONSEQUENCES[do])


panels.page("decisions/<int:pk>/run/<slug:do>/", "run", RunPage)
panels.page("stop-all/", "halt", HaltPage)
panels.toolbar("decision", _acts)
panels.sidebar("enforcement", gettext_lazy("Stop all runs"), "admin:halt", STOP_ALL, order=9)
