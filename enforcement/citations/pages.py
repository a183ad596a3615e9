"""Grounds that were struck out (12.7) on the staff web, and what a decision stands on; which goes first (12.2)."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Clause, RuleVersion
from enforcement.cases.case_prefill import case_link
from enforcement.cases.pages.forms import WhyForm
from enforcement.citations import services
from enforcement.citations.queries import Hit, grounds_of, still_stands, struck_out, to_decide_on
from enforcement.citations.services import STRIKE
from enforcement.decisions.pages.decisions import DecisionList
from enforcement.decisions.pages.text import ground_text
from enforcement.decisions.queries import decisions
from enforcement.models import Case, Decision, StrikeOut
from enforcement.policy import BASIS
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.act_pages import PressedPage
from qqops.templatetags.ops import badge, link, when
from qqops.web import panels
from qqops.web.pages import Column, KeysetList, ObjectPage, OpsModelAdmin, Preview
from qqops.web.panels import Act, Entry, Fact, Panel

LIST, VIEW = "admin:enforcement_strikeout_changelist", "enforcement.view_decision"
SHOWN = 50


def named(row: StrikeOut) -> str:
    """The clause of its version, or the document as it was cited."""
    return row.citation if row.clause is None else f"{row.clause.version} {row.clause.number}"


def event_of(row: StrikeOut) -> Event:
    return Event.objects.get(pk=row.event_id)


def decision_link(pk: int) -> Any:
    return link(reverse("admin:enforcement_decision_change", args=[pk]), f"#{pk}")


class StrikeOutList(KeysetList):
    page = "strikeouts"
    title = gettext_lazy("Grounds struck out")
    model = StrikeOut
    permission = VIEW
    template = "accounts/resource_list.html"  # with its acts above it
    columns = (
        Column(gettext_lazy("Ground"), named),
        Column(gettext_lazy("Reason"), lambda s: s.reason),
        Column(gettext_lazy("Struck out"), lambda s: when(s.at)),
    )
    order = ("-id",)
    none = empty = gettext_lazy("No ground was struck out.")

    def queryset(self) -> QuerySet[StrikeOut]:
        return struck_out()


class StrikeOutPage(ObjectPage):
    page = "strikeout"
    model = StrikeOut
    permission = VIEW

    def queryset(self) -> QuerySet[StrikeOut]:
        return struck_out()

    def heading(self, obj: StrikeOut) -> str:
        return _("Struck out: %(ground)s") % {"ground": named(obj)}

    def facts(self, obj: StrikeOut) -> list[Fact]:
        facts = [Fact(_("Reason"), obj.reason), Fact(_("Struck out"), when(obj.at, exact=True))]
        told = event_of(obj).facts
        facts.append(Fact(_("stand on another ground"), told["standing"]))
        if case := told.get("case"):
            facts.append(Fact(_("Case"), case_link(case)))
        return facts


@admin.register(StrikeOut)
class StrikeOutAdmin(OpsModelAdmin):
    list_page = StrikeOutList
    object_page = StrikeOutPage


class Groundless(DecisionList):
    """What was left without any ground and still stands, or waits: somebody decides on each."""

    page = "groundless"
    title = gettext_lazy("Decisions left without a ground")
    nav = LIST
    filters = ()
    search_label = ""
    none = empty = gettext_lazy("Every decision stands on a ground.")

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(StrikeOutList.title, reverse(LIST))]

    def queryset(self) -> QuerySet[Decision]:
        return decisions().filter(pk__in=to_decide_on())


class StrikeForm(WhyForm):
    version = forms.ModelChoiceField(
        RuleVersion.objects.none(), label=gettext_lazy("Rules version"), required=False,
        empty_label=gettext_lazy("none"),
        help_text=gettext_lazy("With the clause below, or a document as it was cited: one of the two."),
    )  # fmt: skip
    clause = forms.CharField(label=gettext_lazy("Clause"), required=False, max_length=20)
    citation = forms.CharField(label=gettext_lazy("Document cited"), required=False, max_length=200)
    field_order = ("version", "clause", "citation", "reason", "ticket")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["version"].queryset = RuleVersion.objects.order_by("-pk")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        version, number = cleaned.get("version"), cleaned.get("clause", "").strip()
        cleaned["ground"] = Clause.objects.select_related("version").filter(version=version, number=number).first()
        if (version or number) and cleaned["ground"] is None and not self.errors:
            self.add_error("clause", _("This version has no such clause."))
        return cleaned


class StrikePage(PressedPage):
    title = gettext_lazy("Strike out a ground")
    permission = STRIKE
    form_class = StrikeForm
    nav = LIST
    verb = "ground.struck_out"
    user: Staff

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(StrikeOutList.title, reverse(LIST))]

    def about(self) -> dict[str, str]:
        return {"subject_type": StrikeOut._meta.label_lower}

    def done_url(self, facts: dict[str, Any]) -> str:
        return reverse(LIST)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [
            _("It can never be cited again. Decisions that stand on another ground, too, stay in force (12.7)."),
            _("Decisions left without a ground are listed in a case of their own: somebody decides on each."),
        ]
        if cleaned is None:
            return Preview("", "", consequences=happens)
        with recorder.refusals(actor=self.user, facts={"act": self.verb}):
            hit = services.check_strike(cleaned["ground"], cleaned["citation"], actor=self.user)
        must_say_why(cleaned["reason"])
        facts = [
            *_cited_as(hit),
            Fact(_("stand on another ground"), len(hit.standing)),
            *_among(hit.standing),
            Fact(_("left without a ground"), len(hit.groundless)),
            *_among(hit.groundless),
        ]
        return Preview(
            fingerprint=str(hit),
            button=self.title,
            danger=True,
            panels=[Panel(_("Decisions in force that cite it"), "ops/panel_facts.html", {"facts": facts})],
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        struck = services.strike_out(
            cleaned["ground"], cleaned["citation"],
            actor=self.user, reason=cleaned["reason"], ticket=cleaned["ticket"],
        )  # fmt: skip
        self.say(_("Struck out. Decisions left without a ground: %(n)d.") % {"n": len(struck.hit.groundless)})
        return reverse("admin:enforcement_strikeout_change", args=[struck.strike_out.pk])


def _cited_as(hit: Hit) -> list[Fact]:
    """A document is found however it was written: what was found is shown before it is struck out."""
    said = [_("“%(citation)s”: %(n)d") % {"citation": citation, "n": n} for citation, n in hit.cited_as.items()]
    return [Fact(_("Cited as"), said[:SHOWN])] if said else []


def _among(decisions: list[int]) -> list[Fact]:
    return [Fact(_("among them"), [decision_link(pk) for pk in decisions[:SHOWN]])] if decisions else []


def _groundless(request: HttpRequest, row: StrikeOut) -> Panel:
    """What it left without a ground and still stands, by the case that was opened about it."""
    case = Case.objects.filter(pk=event_of(row).facts.get("case")).first()
    left = still_stands(case.details["decisions"]) if case else []
    rows = [(decision_link(pk), badge(_("no ground left: decide on it"), "bad")) for pk in left[:SHOWN]]
    table = {"head": [_("Decision"), _("Standing")], "rows": rows, "empty": _("None is in force.")}
    return Panel(_("Decisions left without a ground"), "ops/panel_table.html", table)


def _story(request: HttpRequest, row: StrikeOut) -> list[Entry]:
    event = event_of(row)
    return [Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))]


# On the page of a decision


def _standing(request: HttpRequest, decision: Decision) -> Panel | None:
    """Which of its grounds were struck out, and what it stands on (12.7); which goes first in a conflict (12.2)."""
    grounds, said = list(grounds_of(decision)), []
    struck = [ground_text(ground) for ground in grounds if ground.struck]
    others = [ground_text(ground) for ground in grounds if not ground.struck]
    if struck:
        said.append(_("Struck out: %(grounds)s (12.7).") % {"grounds": _(", ").join(struck)})
        said.append(
            _("It stands on %(grounds)s.") % {"grounds": _(", ").join(others)}
            if others
            else badge(_("no ground left: decide on it"), "bad")
        )
    if {BASIS[ground.basis].article for ground in grounds} == {True, False}:
        said.append(_("Where the Rules and the agreement conflict, the Rules go first (12.2): they are cited first."))
    return Panel(_("Standing"), "ops/panel_list.html", {"items": said}) if said else None


def _acts(request: HttpRequest, obj: Any) -> Iterable[Act]:
    if obj is None:
        yield Act(Groundless.title, reverse("admin:groundless"))
        if request.user.has_perm(STRIKE):
            yield Act(StrikePage.title, reverse("admin:strike_out"), key="o", danger=True)


panels.page("strikes/out/", "strike_out", StrikePage)
panels.page("strikes/groundless/", "groundless", Groundless)
panels.toolbar("strikeouts", _acts)
panels.register("strikeout", _groundless)
panels.timeline("strikeout", _story)
panels.register("decision", _standing)
panels.sidebar("enforcement", StrikeOutList.title, LIST, VIEW, order=15)
