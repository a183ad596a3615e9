"""Reclaim on the staff web (10.3): from a policy, who is due, what keeps the others, and the decision on them."""

import uuid
from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.dormancy.pages import LIST, policy_url
from accounts.dormancy.policy import Excluded
from accounts.dormancy.queries import in_words, is_in_force, terms_of
from accounts.lifecycle import L
from accounts.models import DormancyPolicy, Number
from accounts.rights.queries import USED, kept_because
from enforcement.decisions.durations import LOST
from enforcement.decisions.pages.text import effect_sentence, state_badge
from enforcement.decisions.queries import decisions
from enforcement.decisions.services import AlreadyFiled
from enforcement.models import Decision
from enforcement.policy import LARGE_FROM, PRIVACY, SUPERVISOR, Effect
from enforcement.reclaim import services as reclaim
from enforcement.reclaim.services import Due
from qqops.staff.models import Staff
from qqops.templatetags.ops import link, when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Preview
from qqops.web.panels import Act, Fact, Panel

RECLAIM = "enforcement.make_reclaim"
SHOWN = 10
PATIENCE = 20  # seconds that a page may look; a command looks as long as it takes


class ReclaimForm(forms.Form):
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 3}), max_length=2000)
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class ReclaimPage(ConfirmPage):
    permission = RECLAIM
    proof = True
    form_class = ReclaimForm
    nav = LIST
    user: Staff

    def setup(self) -> None:
        found = DormancyPolicy.objects.filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.policy: DormancyPolicy = found

    def heading_title(self) -> str:
        return _("Reclaim under policy %(code)s") % {"code": self.policy}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Dormancy policies"), reverse(LIST)), (str(self.policy), policy_url(self.policy))]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        words = capfirst(in_words(terms_of(self.policy)))
        if cleaned is None:  # nobody is counted before a reason is given
            return Preview("", "", consequences=[words, LOST])
        found = reclaim.look(
            self.policy, actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"], seconds=PATIENCE
        )
        happens: list[Any] = [words, LOST]
        if not found.will:
            happens = [words, _("No number is due, or each that is due is kept. There is nothing to file.")]
        elif found.will > LARGE_FROM:
            happens.append(
                _("More than %(n)d numbers are filed at the terminal: “manage.py reclaim --policy %(code)s”.")
                % {"n": LARGE_FROM, "code": self.policy}
            )
        else:
            happens.append(effect_sentence(Effect.WAITS, len((SUPERVISOR, PRIVACY))))
        return Preview(
            fingerprint=f"{found.will}:{sorted(found.excluded.items())}:{found.sample}",
            button=_("Send for approval"),
            panels=[_figures(found)],
            consequences=happens,
            blocked=not 0 < found.will <= LARGE_FROM,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        try:
            report = reclaim.reclaim(
                self.policy,
                actor=self.user,
                reason=cleaned["reason"],
                ticket=cleaned["ticket"],
                form_key=uuid.UUID(nonce),
            )
        except AlreadyFiled as earlier:
            return self.filed(earlier)
        self.say(_("Decision #%(id)d waits for approval.") % {"id": report.decision.pk})
        return _decision_url(report.decision)

    def earlier(self, nonce: str) -> str:
        first = Decision.objects.filter(form_key=nonce).first()
        return self.filed(AlreadyFiled(first)) if first else ""

    def filed(self, earlier: AlreadyFiled) -> str:
        self.say(str(earlier), messages.WARNING)
        return _decision_url(earlier.decision)


def _decision_url(decision: Decision) -> str:
    return reverse("admin:enforcement_decision_change", args=[decision.pk])


def _figures(found: Due) -> Panel:
    facts = [Fact(_("due today"), found.due)]
    facts += [
        Fact(_("kept: %(why)s") % {"why": one.label}, found.excluded[one]) for one in Excluded if found.excluded[one]
    ]
    facts.append(Fact(_("would be reclaimed"), found.will))
    if found.sample:
        facts.append(Fact(_("for example"), [str(number) for number in found.sample]))
    return Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts})


def _act(request: HttpRequest, policy: DormancyPolicy | None) -> Iterable[Act]:
    if policy and request.user.has_perm(RECLAIM) and is_in_force(policy):
        yield Act(_("Preview reclaim"), reverse("admin:reclaim", args=[policy.pk]), key="r", primary=True)


def _reclaims(request: HttpRequest, policy: DormancyPolicy) -> Panel | None:
    """The latest decisions under this policy."""
    if not request.user.has_perm("enforcement.view_decision"):
        return None
    rows = [
        (link(_decision_url(one), str(one)), state_badge(one), one.target_count, one.maker, when(one.proposed_at))
        for one in decisions().filter(policy=policy).order_by("-pk")[:SHOWN]
    ]
    head = [_("Decision"), _("State"), _("Targets"), _("Maker"), _("Proposed")]
    return Panel(_("Reclaims"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _used(request: HttpRequest, number: Number) -> Panel | None:
    """Reclaimed, and used before: a human decides on restoring it (10.1), and until then it stays (T17)."""
    if number.lifecycle != L.TERMINATED or not kept_because(USED, [number.tenure_id or 0]):
        return None
    facts = [
        Fact(_("Used"), _("its holder logged in before it was reclaimed; the file that tells of it came later")),
        Fact(_("Then"), _("it is not purged; whoever may restore numbers restores it (10.1)")),
    ]
    return Panel(_("Reclaimed though it was used"), "ops/panel_facts.html", {"facts": facts})


panels.page("reclaim/<int:pk>/", "reclaim", ReclaimPage)
panels.toolbar("policy", _act)
panels.register("policy", _reclaims)
panels.register("number", _used, order=1)
