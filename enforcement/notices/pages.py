"""Notices on the staff web: what became of each, its letter, who is told again; and what hangs on other pages."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Number, Tenure
from accounts.numbers.pages import number_link
from accounts.numbers.parsing import parse
from enforcement.letters.render import Incomplete
from enforcement.models import Decision, Notice, Target
from enforcement.notices.delivery import NoTemplate, letter_of
from enforcement.notices.resend import AGAIN, RESEND, Which, check_resend, resend, to_resend
from enforcement.policy import Letter
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, link, when
from qqops.web import panels
from qqops.web.pages import Column, ConfirmPage, Filter, KeysetList, ObjectPage, OpsModelAdmin, Preview
from qqops.web.panels import Act, Fact, Panel

S = Notice.State
VIEW = "enforcement.view_notice"
LIST = "admin:enforcement_notice_changelist"
TONES = {
    S.PENDING: "info",
    S.SENT: "good",
    S.BLOCKED: "bad",
    S.FAILED: "bad",
    S.NO_WAY: "warn",
    S.WITHDRAWN: "quiet",
}
COUNTED = 10_000  # notices of a decision that its page counts: a list of any length costs the same
SHOWN = 10
MOST = 200  # ticked on one page
WITHOUT_PRIOR = "10.2"


def notice_url(pk: int) -> str:
    return reverse("admin:enforcement_notice_change", args=[pk])


def state_badge(notice: Notice) -> Any:
    return badge(S(notice.state).label, TONES[S(notice.state)])


def fault_text(notice: Notice) -> str:
    return in_words(notice.fault)


def in_words(fault: str) -> str:
    """What is missing, or what the other end said."""
    kind, _colon, what = fault.partition(":")
    if kind == "template":
        letter = dict(Letter.choices).get(what, what)
        return _("No template is in use for the letter “%(letter)s”.") % {"letter": letter}
    if kind == "empty":
        names = _(", ").join(f"{{{one}}}" for one in what.split(","))
        return _("Nothing is known for: %(names)s.") % {"names": names}
    return fault


def decision_link(pk: int) -> Any:
    return link(reverse("admin:enforcement_decision_change", args=[pk]), f"#{pk}")


class NoticeList(KeysetList):
    page = "notices"
    title = gettext_lazy("Notices")
    model = Notice
    tick = "notice"
    columns = (
        Column(gettext_lazy("Notice"), lambda n: f"#{n.pk}"),
        Column(gettext_lazy("State"), state_badge),
        Column(gettext_lazy("Fault"), fault_text),
        Column(gettext_lazy("Number"), lambda n: number_link(n.tenure.number_id)),
        Column(gettext_lazy("Decision"), lambda n: decision_link(n.decision_id)),
        Column(gettext_lazy("Stage"), lambda n: n.get_stage_display()),
        Column(gettext_lazy("Attempts"), lambda n: n.attempts, numeric=True),
        Column(gettext_lazy("Created"), lambda n: when(n.created_at)),
    )
    filters = (Filter(gettext_lazy("State"), "state", tuple((s.value, s.label, Q(state=s.value)) for s in S)),)
    order = ("-id",)
    search_label = gettext_lazy("Decision or number")
    search_help = gettext_lazy("#88 for a decision; a number for what its present holder was sent.")
    empty = gettext_lazy("No notice matches.")

    def queryset(self) -> QuerySet[Notice]:
        return Notice.objects.select_related("tenure")

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        if not text.startswith("#"):
            held = Number.objects.filter(pk=parse(text)).values_list("tenure", flat=True).first()
            return _of_holder(rows, parse(text), held)
        wanted = text.removeprefix("#")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
            raise Invalid(_("Type the number of a decision."))
        return rows.filter(decision=int(wanted))


class NoticePage(ObjectPage):
    """“Show letter”: made again from what was decided, and held against what was sent."""

    page = "notice"
    model = Notice

    def queryset(self) -> QuerySet[Notice]:
        return Notice.objects.select_related("tenure", "template")

    def heading(self, obj: Notice) -> str:
        return _("Notice #%(id)d") % {"id": obj.pk}

    def badges(self, obj: Notice) -> list[Any]:
        return [state_badge(obj)]

    def facts(self, obj: Notice) -> list[Fact]:
        facts = [
            Fact(_("Number"), number_link(obj.tenure.number_id)),
            Fact(_("Tenure"), str(obj.tenure)),
            Fact(_("Decision"), decision_link(obj.decision_id)),
            Fact(_("Stage"), obj.get_stage_display()),
            Fact(_("Created"), when(obj.created_at, exact=True)),
            Fact(_("Attempts"), obj.attempts),
            Fact(_("Next attempt"), when(obj.due_at, exact=True) if obj.state == S.PENDING else ""),
            Fact(_("Fault"), fault_text(obj)),
            Fact(_("Sent by"), obj.get_channel_display() if obj.channel else ""),
            Fact(_("Sent"), when(obj.sent_at, exact=True) if obj.sent_at else ""),
            Fact(_("Letter template"), obj.template.name if obj.template else ""),
            Fact(_("SHA-256 of the letter"), obj.letter_sha256),
        ]
        return [fact for fact in facts if fact.value not in ("", None)]


@admin.register(Notice)
class NoticeAdmin(OpsModelAdmin):
    list_page = NoticeList
    object_page = NoticePage


def _letter(request: HttpRequest, notice: Notice) -> Panel:
    context: dict[str, Any] = {}
    title, problem = _("The letter, as it would be sent now"), ""
    try:
        _template, letter = letter_of(notice)
    except NoTemplate as missing:
        problem = f"template:{missing.args[0]}"
    except Incomplete as missing:
        problem = f"empty:{','.join(missing.names)}"
    else:
        context["letter"] = letter
        if notice.letter_sha256:
            title = _("The letter, as it was sent")
            if letter.sha256 != notice.letter_sha256:
                title = _("The letter, made again: not as it was sent")
                context["problem"] = _(
                    "Its SHA-256 is %(now)s, and that of what was sent is %(then)s: a setting (operator, where to"
                    " object) or a wording of the house has changed since."
                ) % {"now": letter.sha256, "then": notice.letter_sha256}
    if problem:
        context["problem"] = in_words(problem)
    return Panel(title, "enforcement/letter.html", context)


class ResendForm(forms.Form):
    state = forms.ChoiceField(
        label=gettext_lazy("State"), choices=[(s.value, s.label) for s in AGAIN], widget=forms.RadioSelect
    )
    decision = forms.IntegerField(
        label=gettext_lazy("Decision"), required=False, min_value=1, help_text=gettext_lazy("Empty: of all decisions.")
    )
    reason = forms.CharField(label=gettext_lazy("Reason"), widget=forms.Textarea(attrs={"rows": 2}), max_length=2000)

    def __init__(self, *args: Any, named: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if named:
            del self.fields["state"], self.fields["decision"]


class ResendPage(ConfirmPage):
    """Of those that are ticked, or of all in a state."""

    permission = RESEND
    form_class = ResendForm
    title = gettext_lazy("Send notices again")
    proof = True
    nav = LIST
    user: Staff

    def setup(self) -> None:
        given = self.request.GET.getlist("notice")
        if len(given) > MOST or not all(one.isascii() and one.isdigit() and len(one) < 18 for one in given):
            raise Http404
        self.ids = sorted({int(one) for one in given})

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Notices"), reverse(LIST))]

    def form_kwargs(self) -> dict[str, Any]:
        return {"named": bool(self.ids)}

    def which(self, cleaned: dict[str, Any]) -> Which:
        return Which(self.ids, cleaned.get("state", ""), cleaned.get("decision"))

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [
            _("Each is tried anew, with the letter in use now. Those that were sent or withdrawn are left alone.")
        ]
        if cleaned is None:
            return Preview("", "", consequences=happens)
        with recorder.refusals(actor=self.user, facts={"act": "resend_notice"}):
            check_resend(actor=self.user)
        must_say_why(cleaned["reason"])
        no_personal_data(cleaned["reason"])
        n = to_resend(self.which(cleaned)).count()
        facts = [Fact(_("will be tried again"), n)]
        return Preview(
            fingerprint=str(n),
            button=_("Send again"),
            panels=[Panel(_("Figures"), "ops/panel_facts.html", {"facts": facts}, side="preview")],
            consequences=happens,
            blocked=not n,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        n = resend(self.which(cleaned), actor=self.user, reason=cleaned["reason"])
        self.say(_("Notices that are tried again: %(n)d.") % {"n": n})
        return notice_url(self.ids[0]) if len(self.ids) == 1 else reverse(LIST)


def _resend_act(request: HttpRequest, notice: Notice | None) -> Iterable[Act]:
    if request.user.has_perm(RESEND) and (notice is None or notice.state in AGAIN):
        url = reverse("admin:resend_notices")
        yield Act(_("Send again"), f"{url}?{urlencode({'notice': notice.pk})}" if notice else url, key="s")


# What hangs on the pages of decisions, numbers and tenures


def _of_decision(request: HttpRequest, decision: Decision) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    first = Notice.objects.filter(decision=decision)[: COUNTED + 1].values("pk")
    counts = dict(Notice.objects.filter(pk__in=first).order_by().values_list("state").annotate(n=Count("pk")))
    url = reverse(LIST)
    facts = [
        Fact(state.label, link(f"{url}?{urlencode({'q': f'#{decision.pk}', 'state': state.value})}", counts[state]))
        for state in S
        if state in counts
    ]
    if not facts:
        return None
    if sum(counts.values()) > COUNTED:
        facts.append(Fact(_("counted"), _("the first %(n)d only") % {"n": COUNTED}))
    return Panel(_("Notices"), "ops/panel_facts.html", {"facts": facts}, side="right")


def _without_prior_notice(request: HttpRequest, decision: Decision) -> Panel | None:
    """10.2 needs no notice before the act; who agrees to that sees that he does."""
    if not any(ground.basis == WITHOUT_PRIOR for ground in decision.grounds.all()):
        return None
    said = [
        badge(_("without prior notice (10.2)"), "bad"),
        _("Nobody is told before it happens. The initial registrant is told after it, in the same letter."),
    ]
    return Panel(_("Notice"), "ops/panel_list.html", {"items": said})


def _of_holder(rows: QuerySet[Notice], number: int, tenure: int | None) -> QuerySet[Notice]:
    """Through the decisions on this tenure, which have an index; of another holder nothing."""
    if tenure is None:
        return rows.none()
    decided = Target.objects.filter(number=number, tenure=tenure).values("decision_id")
    return rows.filter(decision__in=decided, tenure=tenure)


def _of_number(request: HttpRequest, number: Number | None) -> Iterable[Act]:
    """A link and no more: this page is the busiest of the house, and each statement on it counts."""
    if number is not None and number.tenure_id is not None and request.user.has_perm(VIEW):
        yield Act(_("Notices"), f"{reverse(LIST)}?{urlencode({'q': number.pk})}")


def _of_tenure(request: HttpRequest, tenure: Tenure) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    rows = [
        (
            decision_link(notice.decision_id),
            notice.get_stage_display(),
            state_badge(notice),
            when(notice.sent_at or notice.created_at),
            link(notice_url(notice.pk), _("Show letter")),
        )
        for notice in _of_holder(Notice.objects.all(), tenure.number_id, tenure.pk).order_by("-pk")[:SHOWN]
    ]
    if not rows:
        return None
    head = [_("Decision"), _("Stage"), _("State"), _("Time"), _("Letter")]
    return Panel(_("Notices"), "ops/panel_table.html", {"head": head, "rows": rows})


panels.register("notice", _letter)
panels.toolbar("notice", _resend_act)
panels.toolbar("notices", _resend_act)
panels.register("decision", _without_prior_notice, order=-1)
panels.register("ruling", _without_prior_notice)
panels.register("decision", _of_decision)
panels.toolbar("number", _of_number, order=1)
panels.register("tenure", _of_tenure, order=1)
panels.page("notices/resend/", "resend_notices", ResendPage)
panels.sidebar("enforcement", gettext_lazy("Notices"), LIST, VIEW, order=5)
