"""Letter templates on the staff web: the versions, one with what it makes of an example, drafted, and ruled on."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from enforcement.decisions.pages.text import STATE_TONES
from enforcement.letters import services
from enforcement.letters.example import example
from enforcement.letters.placeholders import IN_SUBJECT, MUST, known_to
from enforcement.letters.render import BODY_MAX, SUBJECT_MAX, Draft, Incomplete, Texts
from enforcement.letters.shipped import BY_CODE
from enforcement.models import LetterTemplate
from enforcement.policy import Letter
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, spoken, when
from qqops.web import panels
from qqops.web.pages import Column, ConfirmPage, Filter, KeysetList, ObjectPage, OpsModelAdmin, Preview, RulingPage
from qqops.web.panels import Act, Fact, Panel

VIEW = "enforcement.view_lettertemplate"
LIST = "admin:enforcement_lettertemplate_changelist"
STATES = (State.PROPOSED, State.APPLIED, State.REFUSED)
LABELS = {State.APPLIED: gettext_lazy("agreed to")}


def template_url(pk: int) -> str:
    return reverse("admin:enforcement_lettertemplate_change", args=[pk])


def draft_url(code: str) -> str:
    return reverse("admin:draft_letter", args=[code])


def state_badge(template: LetterTemplate) -> Any:
    state = State(template.state)
    return badge(LABELS.get(state, state.label), STATE_TONES[state])


class TemplateList(KeysetList):
    page = "letters"
    title = gettext_lazy("Letter templates")
    model = LetterTemplate
    template = "accounts/resource_list.html"
    columns = (
        Column(gettext_lazy("Letter"), lambda t: t.name),
        Column(gettext_lazy("State"), state_badge),
        Column(gettext_lazy("In use from"), lambda t: when(t.in_use_from)),
        Column(pgettext_lazy("letter", "Subject"), lambda t: t.subject_here),
        Column(gettext_lazy("Maker"), lambda t: t.maker),
        Column(gettext_lazy("Proposed"), lambda t: when(t.proposed_at)),
    )
    filters = (
        Filter(
            gettext_lazy("State"),
            "state",
            tuple((s.value, LABELS.get(s, s.label), Q(state=s.value)) for s in STATES),
        ),
        Filter(gettext_lazy("Letter"), "letter", tuple((c.value, c.label, Q(code=c.value)) for c in Letter)),
    )
    order = ("-id",)
    none = empty = gettext_lazy("No letter template matches. Without one no notice is sent: draft one.")

    def queryset(self) -> QuerySet[LetterTemplate]:
        return LetterTemplate.objects.select_related("maker")


class TemplatePage(ObjectPage):
    page = "letter"
    model = LetterTemplate

    def queryset(self) -> QuerySet[LetterTemplate]:
        return LetterTemplate.objects.select_related("maker")

    def heading(self, obj: LetterTemplate) -> str:
        return str(capfirst(obj.name))

    def badges(self, obj: LetterTemplate) -> list[Any]:
        latest = obj.state == State.APPLIED and services.in_use().get(obj.code) == obj
        return [state_badge(obj), *([badge(_("in use"), "good")] if latest else [])]

    def facts(self, obj: LetterTemplate) -> list[Fact]:
        return template_facts(obj)


@admin.register(LetterTemplate)
class TemplateAdmin(OpsModelAdmin):
    list_page = TemplateList
    object_page = TemplatePage


def template_facts(template: LetterTemplate) -> list[Fact]:
    return [
        Fact(_("Letter"), template.get_code_display()),
        Fact(_("Version"), template.version),
        Fact(_("Subject, Chinese"), spoken(template.subject_zh, "zh-Hans")),
        Fact(_("Text, Chinese"), spoken(template.body_zh, "zh-Hans")),
        Fact(_("Subject, English"), spoken(template.subject_en, "en")),
        Fact(_("Text, English"), spoken(template.body_en, "en")),
        Fact(_("Reason"), template.reason),
        Fact(_("Maker"), template.maker),
        Fact(_("Proposed"), when(template.proposed_at, exact=True)),
        Fact(_("In use from"), when(template.in_use_from, exact=True) if template.in_use_from else _("not in use yet")),
    ]


def example_panel(template: Texts, letter: Letter, *, side: str = "right") -> Panel:
    """What becomes of it, about an invented number."""
    context: dict[str, Any] = {}
    try:
        context["letter"] = example(template, letter)
    except Incomplete as missing:
        context["problem"] = _(
            "Not known to the house: %(names)s. Set it (docs/settings.md), or no such letter is sent."
        ) % {"names": _(", ").join(missing.names)}
    return Panel(_("Example"), "enforcement/letter.html", context, side=side)


def _example(request: HttpRequest, template: LetterTemplate) -> Panel:
    return example_panel(template, Letter(template.code))


def _line(label: Any, language: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=SUBJECT_MAX, widget=forms.TextInput(attrs={"lang": language}))


def _text(label: Any, language: str) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 16, "lang": language})
    return forms.CharField(label=label, max_length=BODY_MAX, widget=widget)


class DraftForm(forms.Form):
    subject_zh = _line(gettext_lazy("Subject, Chinese"), "zh-Hans")
    body_zh = _text(gettext_lazy("Text, Chinese"), "zh-Hans")
    subject_en = _line(gettext_lazy("Subject, English"), "en")
    body_en = _text(gettext_lazy("Text, English"), "en")
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)


class DraftPage(ConfirmPage):
    permission = services.DRAFT
    form_class = DraftForm
    proof = True
    nav = LIST
    user: Staff

    @cached_property
    def letter(self) -> Letter:
        if self.kwargs["code"] not in Letter.values:
            raise Http404
        return Letter(self.kwargs["code"])

    def setup(self) -> None:
        self.now: Texts | None = services.in_use().get(self.letter)

    def heading_title(self) -> str:
        return _("Draft a letter: %(letter)s") % {"letter": self.letter.label}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Letter templates"), reverse(LIST))]

    def initial(self) -> dict[str, Any]:
        """The text in use; where none is, the one that the house brings along."""
        text = self.now or BY_CODE[self.letter]
        return {name: getattr(text, name) for name in ("subject_zh", "body_zh", "subject_en", "body_en")}

    def drafted(self, cleaned: dict[str, Any]) -> Draft:
        names = ("subject_zh", "body_zh", "subject_en", "body_en")
        return Draft.of(self.letter.value, *(cleaned[name] for name in names))

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        if cleaned is None:
            return Preview("", "", panels=[self.placeholders()], consequences=[_EFFECT])
        draft = self.drafted(cleaned)
        with recorder.refusals(actor=self.user, facts={"act": "draft_letter", "letter": draft.code}):
            services.check_draft(draft, actor=self.user)
        must_say_why(cleaned["reason"])
        return Preview(
            fingerprint=str(getattr(self.now, "version", 0)),
            button=_("Send for approval"),
            panels=[example_panel(draft, self.letter, side="preview")],
            consequences=[_EFFECT],
        )

    def placeholders(self) -> Panel:
        """What may stand in braces."""
        where: tuple[tuple[str, tuple[str, ...]], ...] = (
            (_("in the text"), known_to(self.letter)),
            (_("these must stand in it"), MUST[self.letter]),
            (_("in the subject"), IN_SUBJECT),
        )
        facts = [Fact(label, _(", ").join(f"{{{name}}}" for name in names)) for label, names in where]
        return Panel(_("Placeholders"), "ops/panel_facts.html", {"facts": facts}, side="preview")

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        made = services.draft_template(self.drafted(cleaned), actor=self.user, reason=cleaned["reason"])
        self.say(_("Draft %(draft)s waits for another person's approval.") % {"draft": made.name})
        return template_url(made.pk)


_EFFECT = gettext_lazy("Nothing is used yet: another person must agree. Notices sent before then keep the text in use.")


class TemplateRulingPage(RulingPage):
    permission = services.APPROVE
    nav = LIST
    case_title = gettext_lazy("The draft")
    user: Staff

    def setup(self) -> None:
        found = LetterTemplate.objects.select_related("maker").filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.template_ruled: LetterTemplate = found

    def heading_title(self) -> str:
        return _("Approve or refuse: letter template %(draft)s") % {"draft": self.template_ruled.name}

    def crumbs(self) -> list[tuple[Any, str]]:
        template = self.template_ruled
        return [(_("Letter templates"), reverse(LIST)), (template.name, template_url(template.pk))]

    def content_hash(self) -> str:
        return self.template_ruled.content_hash

    def barred(self) -> None:
        services.capacity_of(self.template_ruled, self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        answer = services.approve_template if agree else services.refuse_template
        done = answer(self.template_ruled, actor=self.user, **ruling)
        said = _("%(draft)s is in use from now on.") if agree else _("Draft %(draft)s was refused.")
        self.say(said % {"draft": done.name})
        return template_url(done.pk)

    def context(self) -> dict[str, Any]:
        template = self.template_ruled
        return {
            "facts": template_facts(template),
            "consequences": [_("If you agree, every notice of this kind is written so from now on.")],
            "left": [],
            "right": [_example(self.request, template)],
        }


def _approvals(request: HttpRequest, template: LetterTemplate) -> Panel | None:
    if not template.approvers:
        return None
    rows = [
        (
            a.approver,
            badge(_("agreed"), "good") if a.agreed else badge(_("refused"), "bad"),
            a.reason,
            when(a.at, exact=True),
        )
        for a in template.approvals.select_related("approver").order_by("pk")
    ]
    head = [_("Approver"), _("Answer"), _("Reason"), _("Time")]
    context = {"head": head, "rows": rows, "empty": _("Still missing: %(n)d") % {"n": 1}}
    return Panel(_("Approvals"), "ops/panel_table.html", context)


def _drafts(request: HttpRequest, template: LetterTemplate | None) -> Iterable[Act]:
    """On a version: the next one. On the list: each letter that none was agreed to for."""
    if not request.user.has_perm(services.DRAFT):
        return
    if template is not None:
        yield Act(_("Draft a new version"), draft_url(template.code), key="o")
        return
    known = services.in_use()
    for letter in Letter:
        if letter not in known:
            yield Act(_("Draft a letter: %(letter)s") % {"letter": letter.label}, draft_url(letter.value))


def _rule_act(request: HttpRequest, template: LetterTemplate) -> Iterable[Act]:
    try:
        services.capacity_of(template, panels.staff_at(request))
    except (Refused, Invalid):
        return
    yield Act(_("Approve or refuse"), reverse("admin:letter_ruling", args=[template.pk]), key="a", primary=True)


panels.register("letter", _approvals)
panels.register("letter", _example)
panels.toolbar("letter", _rule_act)
panels.toolbar("letter", _drafts)
panels.toolbar("letters", _drafts)
panels.page("letters/<slug:code>/draft/", "draft_letter", DraftPage)
panels.page("letters/<int:pk>/", "letter_ruling", TemplateRulingPage)
panels.sidebar("enforcement", gettext_lazy("Letter templates"), LIST, VIEW, order=6)
