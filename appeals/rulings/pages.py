"""Deciding an appeal: the reviewer's ruling, the supervisor's inbox of rulings, and the page of the second person."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from appeals.hearing import services as hearing
from appeals.hearing.forms import said_in
from appeals.hearing.pages import HEARS, next_url
from appeals.lifecycle import Act as Step
from appeals.lifecycle import Kind, Outcome
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, Message, Ruling
from appeals.pages import SeenPage
from appeals.policy import APPROVE
from appeals.queries import appeals, came_since, open_ruling, rulings_inbox
from appeals.queue import services as queue
from appeals.queue.pages import decision_panels, measures_panel, rule_form
from appeals.recovery.contested import contest_freeze
from appeals.rulings import services as rulings
from appeals.rulings.services import Looked, Said
from appeals.text import appeal_facts, appeal_link, appeal_url, letter, may, rule_label, ruling_facts
from enforcement.policy import MEASURES
from enforcement.policy import Kind as DecisionKind
from qqops.staff.models import Staff
from qqops.templatetags.ops import digits, link, when
from qqops.web import panels
from qqops.web.pages import Column, KeysetList, Preview, RulingPage
from qqops.web.panels import Act, Fact, Panel

# What the decision does that comes with a ruling.
DOES = {
    DecisionKind.LIFT: gettext_lazy(
        "The measure ends now, and never counted: it is void from the beginning (10.1, 11)."
    ),
    DecisionKind.RESTORE: gettext_lazy("The number returns to its holder; the termination never counted (10.1, 11)."),
    DecisionKind.UNDO: gettext_lazy("What the decision did to this number is taken back, and ceases to count (11)."),
}
CHANGES = gettext_lazy("The measure goes on, changed as ruled (11).")
WHOLE = gettext_lazy(
    "What is objected to cannot be taken back by itself: the whole measure that it changed or put back ends. To take"
    " back less, uphold the objection in part (11)."
)
WORDS = gettext_lazy(
    "Nothing of what is objected to is in force any more, so the number does not change. What is owed for the time"
    " until then is made good: paid time is given back, and the other numbers of that decision are looked at (11)."
)
GONE = gettext_lazy("The right of use is gone: a case decides what is owed to the holder instead (9.2).")
NOTHING = gettext_lazy("The number does not change.")
COOLS = gettext_lazy(
    "The recovery takes effect after 72 hours; whoever is bound to the number now is told, and may stop it."
    " The initial registrant does not change (7, 8.2)."
)
FREED = gettext_lazy("The security freeze under which both were heard ends.")
FREED_THEN = gettext_lazy("The security freeze under which both were heard ends then, and not before.")
WAITS = gettext_lazy("Nothing happens yet: another person must agree.")
TOLD = gettext_lazy("The appellant is sent the letter at once.")


def effects(appeal: Appeal, outcome: str, kind: str | None) -> list[Any]:
    """What is done: to the number by the decision that comes with it, and besides; the ruling's maker and whoever
    agrees read the same."""
    if appeal.kind == Kind.RECOVERY:
        freed = contest_freeze(appeal) is not None
        if outcome == Outcome.UPHELD:
            return [COOLS, FREED_THEN] if freed else [COOLS]
        return [FREED if freed else NOTHING]
    if kind is None:
        return [NOTHING if outcome != Outcome.UPHELD else GONE if rulings.is_gone(appeal) else WORDS]
    imposed = appeal.decision is not None and appeal.decision.kind in MEASURES
    whole = [] if kind != DecisionKind.LIFT or imposed else [WHOLE]
    return [*whole, DOES.get(DecisionKind(kind), CHANGES)]


def letter_panel(text: str, **more: Any) -> Panel:
    return Panel(_("The letter, as it will read"), "appeals/letter.html", {"letter": letter(text)}, **more)


def since_panels(ruling: Ruling) -> list[Panel]:
    """What came in since it was ruled, which the ruling does not know of. What it says is read by a button, on the
    record."""
    url = reverse("admin:appeals_read", args=[ruling.appeal_id])
    rows = [(link(url, _came(one)), one.maker, when(one.at)) for one in came_since(ruling)]
    table = {"head": [_("What"), _("Recorded by"), _("Time")], "rows": rows}
    return [Panel(_("Came in since the ruling"), "ops/panel_table.html", table)] if rows else []


def _came(one: Message | AppealEvidence) -> str:
    return one.label if isinstance(one, AppealEvidence) else one.get_kind_display()


class RulePage(SeenPage):
    title, verb, rights = gettext_lazy("Decide"), "appeal.ruled", HEARS
    template = "appeals/rule.html"
    button = gettext_lazy("Decide")
    then_next = False

    def respond(self) -> HttpResponseBase:
        """“Decide and take the next” is “Decide”, and then the next."""
        if self.request.POST.get("step") == "next":
            given = self.request.POST.copy()
            given["step"], self.then_next = "confirm", True
            self.request.POST = given  # type: ignore[assignment]
        return super().respond()

    def form(self, data: Any = None) -> BaseForm:
        return rule_form(self.appeal, data)

    def check(self) -> None:
        hearing.may_take_step(self.appeal, Step.RULE, self.user)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        found = super().preview(cleaned)
        if cleaned is None:
            return Preview("", "", panels=found.panels)
        said = said_in(cleaned)
        looked = rulings.look(self.appeal, said, actor=self.user)
        does = (looked.order.kind, looked.order.lift_measures) if looked.order else None
        return Preview(
            fingerprint=f"{found.fingerprint}:{does}:{looked.rule}:{looked.waits}",
            button=self.button,
            panels=[letter_panel(rulings.draft(self.appeal, said))],
            consequences=self.happens(said, looked),
        )

    def happens(self, said: Said, looked: Looked) -> list[Any]:
        does = effects(self.appeal, said.outcome, looked.order.kind if looked.order else None)
        if not looked.waits:
            return [*does, TOLD]
        why = [_("Because: %(rule)s.") % {"rule": rule_label(looked.rule)}] if looked.rule else []
        return [WAITS, *why, _("When that person agrees, this follows."), *does, TOLD]

    def take(self, cleaned: dict[str, Any]) -> str:
        ruling = rulings.rule(self.appeal, said_in(cleaned), actor=self.user, revision=cleaned["revision"])
        if ruling.ruled_at is None:
            return _("%(receipt)s: the ruling waits for another person.") % {"receipt": self.appeal.receipt}
        return _("%(receipt)s is decided: %(outcome)s.") % {
            "receipt": self.appeal.receipt, "outcome": ruling.get_outcome_display()
        }  # fmt: skip

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> HttpResponseBase | str:
        done = super().enact(cleaned, nonce=nonce)
        return next_url(self) if self.then_next else done


# The second person


class RulingsInbox(KeysetList):
    """Rulings that wait for me, the oldest first, as it lapses first."""

    page = "rulings"
    title = gettext_lazy("Rulings that wait for me")
    model = Ruling
    columns = (
        Column(gettext_lazy("Appeal"), lambda r: digits(r.appeal.receipt)),
        Column(gettext_lazy("Kind"), lambda r: r.appeal.get_kind_display()),
        Column(gettext_lazy("Outcome"), lambda r: r.get_outcome_display()),
        Column(gettext_lazy("Needs a second person"), lambda r: rule_label(r.rule)),
        Column(gettext_lazy("Ruled by"), lambda r: r.maker),
        Column(gettext_lazy("Lapses"), lambda r: when(r.expires_at)),
    )
    order = ("id",)
    nav = "admin:appeals_rulings"
    none = empty = gettext_lazy("No ruling waits for you.")

    def allowed(self) -> bool:
        return bool(self.user.has_perm(APPROVE))

    def queryset(self) -> QuerySet[Ruling]:
        return rulings_inbox(self.user)

    def url(self, row: Ruling) -> str:
        return reverse("admin:appeals_ruling", args=[row.pk])


class AgreePage(RulingPage):
    permission = APPROVE
    nav = "admin:appeals_rulings"
    case_title = gettext_lazy("The ruling")
    user: Staff

    def setup(self) -> None:
        found = Ruling.objects.select_related("maker", "reverses").filter(pk=self.kwargs["pk"]).first()
        appeal = appeals(self.user).filter(pk=found.appeal_id).first() if found else None
        if found is None or appeal is None:
            raise Http404
        self.ruling: Ruling = found
        self.ruling.appeal = self.appeal = appeal

    def heading_title(self) -> str:
        return _("Agree or refuse: %(receipt)s") % {"receipt": self.appeal.receipt}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(RulingsInbox.title, reverse(self.nav)), (self.appeal.receipt, appeal_url(self.appeal))]

    def content_hash(self) -> str:
        return rulings.as_seen(self.ruling)

    def barred(self) -> None:
        rulings.capacity_of(self.ruling, self.user)

    def rule(self, *, agree: bool, reason: str, content_hash: str) -> str:
        answer = rulings.agree if agree else rulings.send_back
        answer(self.ruling, actor=self.user, reason=reason, seen=content_hash)
        if agree:
            self.say(_("Agreed: the ruling is in force."))
        else:
            self.say(_("Sent back: the appeal is heard anew."))
        return reverse(self.nav)

    def context(self) -> dict[str, Any]:
        ruling, appeal = self.ruling, self.appeal
        # The reasons are for whoever answers to them; who may not has the rest of it.
        words = Words(appeal) if may(rulings.capacity_of, ruling, self.user) else None
        about = Panel(_("The appeal"), "ops/panel_facts.html", {
            "facts": [Fact(_("Receipt number"), appeal_link(appeal)), *appeal_facts(appeal)]})  # fmt: skip
        does = effects(appeal, ruling.outcome, ruling.reverses.kind if ruling.reverses else None)
        return {
            "facts": ruling_facts(ruling, words),
            "consequences": [
                _("If you agree, the ruling is in force."), *does,
                _("If you refuse, the appeal is heard anew, and nothing changes."),
            ],
            "left": [*since_panels(ruling), about],
            "right": [*decision_panels(self.request, appeal), *measures_panel(appeal)],
        }  # fmt: skip


def _acts(request: HttpRequest, appeal: Appeal) -> Iterable[Act]:
    user = panels.staff_at(request)
    if may(queue.has_in_hand, appeal, user):
        yield Act(RulePage.title, reverse("admin:appeals_rule", args=[appeal.pk]), key="d", primary=True)
    ruling = open_ruling(appeal) if user.has_perm(APPROVE) else None
    if ruling is not None:
        ruling.appeal = appeal
        if may(rulings.capacity_of, ruling, user):
            url = reverse("admin:appeals_ruling", args=[ruling.pk])
            yield Act(_("Agree or refuse"), url, key="g", primary=True)


panels.page("appeals/<int:pk>/rule/", "appeals_rule", RulePage)
panels.page("appeals/rulings/", "appeals_rulings", RulingsInbox)
panels.page("appeals/rulings/<int:pk>/", "appeals_ruling", AgreePage)
panels.toolbar("appeal", _acts, order=-1)
panels.sidebar("work", RulingsInbox.title, "admin:appeals_rulings", APPROVE, count=rulings_inbox, order=2)
