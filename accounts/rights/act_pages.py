"""The pages that register, decide and carry out a data request, and open its sealed parts."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity.formats import DocumentKind, Field
from accounts.identity.masks import mask
from accounts.identity.pages import identity_url
from accounts.identity.queries import identities
from accounts.models import AskedBy, DataRequest, Identity, Tenure
from accounts.rights import answer as answers
from accounts.rights import services
from accounts.rights.pages import LIST, facts_of, keepers_panel, law_of, request_url
from accounts.rights.policy import PAPERS, RIGHTS, Paper
from accounts.rights.queries import data_requests, keepers
from accounts.rights.services import Asked
from qqops.approvals.pages import RulingForm
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Page, Preview, RulingPage
from qqops.web.panels import Act, Fact, Panel

Kind, Outcome = DataRequest.Kind, DataRequest.Outcome
HAPPENS = {
    Kind.COPY: gettext_lazy(
        "What is held of this person, as far as whoever asks may have it, goes into one file with a proof, for 30 days."
    ),
    Kind.CORRECTION: gettext_lazy("The item is recorded with the value given; the initial registrant's stays."),
    Kind.DELETION: gettext_lazy(
        "The key is destroyed: no copy can ever be read again, nor any in the history or in backups."
    ),
    Kind.LOCK: gettext_lazy("From then on the information is only stored and secured, and not shown even masked."),
    Kind.UNLOCK: gettext_lazy("From then on the information is processed as before."),
}
LOCKED = gettext_lazy("It is kept by law: it is locked and not deleted, and deleted when nothing keeps it any longer.")


class RegisterForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("Right"), choices=Kind.choices, widget=forms.RadioSelect)
    asked_by = forms.ChoiceField(
        label=gettext_lazy("Asked by"),
        choices=[(code, AskedBy(code).label) for code in PAPERS],
        widget=forms.RadioSelect,
        initial="person",
    )
    papers = forms.MultipleChoiceField(
        label=gettext_lazy("Papers seen"), choices=Paper.choices, widget=forms.CheckboxSelectMultiple
    )
    statement = forms.CharField(
        label=gettext_lazy("Statement"),
        widget=forms.Textarea(attrs={"rows": 4, "autocomplete": "off"}),
        max_length=services.STATEMENT_MAX,
        help_text=gettext_lazy("Who asks, how to reach them, and what they say. It is sealed."),
    )
    field = forms.ChoiceField(
        label=gettext_lazy("Item to be corrected"),
        required=False,
        choices=[("", gettext_lazy("none")), *Field.choices],
        help_text=gettext_lazy("For a correction only."),
    )
    value = forms.CharField(
        label=gettext_lazy("Correct value"),
        required=False,
        max_length=400,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    document_kind = forms.ChoiceField(
        label=gettext_lazy("Kind of document"),
        required=False,
        choices=[("", gettext_lazy("none")), *DocumentKind.choices],
        help_text=gettext_lazy("For the correction of a document only."),
    )
    ticket = forms.CharField(label=gettext_lazy("Ticket"), required=False, max_length=80)


class RegisterPage(ConfirmPage):
    permission = services.REGISTER
    proof = True
    form_class = RegisterForm
    nav = LIST

    def setup(self) -> None:
        found = identities().filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.tenure: Tenure = found.tenure

    def heading_title(self) -> str:
        return _("Register a data request about %(number)s") % {"number": self.tenure.number_id}

    def crumbs(self) -> list[tuple[Any, str]]:
        return [
            (_("Identity information"), reverse("admin:accounts_identity_changelist")),
            (str(self.tenure), identity_url(self.tenure.pk)),
        ]

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        happens = [
            _("The privacy officer decides within 15 days, then a supervisor carries it out: three people."),
            _("Until then nothing of this tenure is erased."),
        ]
        if cleaned is None:
            services.may_register(self.tenure, actor=self.user)
            head = [_("Right"), _("Who may ask"), _("Law")]
            rows = [
                (Kind(code).label, [AskedBy(who).label for who in right.asked_by], law_of(code))
                for code, right in RIGHTS.items()
            ]
            papers = [(AskedBy(who).label, [paper.label for paper in needed]) for who, needed in PAPERS.items()]
            shown = [
                Panel(_("Rights"), "ops/panel_table.html", {"head": head, "rows": rows}),
                Panel(_("Papers"), "ops/panel_table.html", {"head": [_("Who asks"), _("Papers")], "rows": papers}),
            ]
            return Preview("", "", consequences=happens, panels=shown)
        tried = {"act": "register_datarequest", "kind": cleaned["kind"], "asked_by": cleaned["asked_by"]}
        with recorder.refusals(actor=self.user, subject=self.tenure, facts=tried):
            services.check_register(self.tenure, _asked(cleaned), actor=self.user)
        return Preview(
            fingerprint=str(self.tenure.pk), button=_("Register"), consequences=[*happens, HAPPENS[cleaned["kind"]]]
        )

    def summary(self, form: forms.BaseForm) -> list[Fact]:
        """Return the summary without personal data: the value is masked, the statement replaced by its length."""
        cleaned = form.cleaned_data
        value = cleaned["value"]
        masked = mask(cleaned["field"], value, cleaned["document_kind"]) if value else ""
        hidden = {
            form["statement"].label: _("%(n)d characters") % {"n": len(cleaned["statement"])},
            form["value"].label: masked,
        }
        return [fact._replace(value=hidden.get(fact.label, fact.value)) for fact in super().summary(form)]

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        made = services.register(self.tenure, _asked(cleaned), actor=self.user, ticket=cleaned["ticket"])
        self.say(_("Registered. Receipt number: %(receipt)s") % {"receipt": made.receipt})
        return request_url(made)

    def earlier(self, nonce: str) -> str:
        """Return the URL of the request that an earlier click registered: the same request cannot wait twice."""
        posted = self.request.POST
        asked = Asked(posted.get("kind", ""), "", (), "", field=posted.get("field", ""))
        first = services.waiting_one(self.tenure, asked)
        return request_url(first) if first and first.maker_id == self.user.pk else ""


def _asked(cleaned: dict[str, Any]) -> Asked:
    return Asked(**{name: value for name, value in cleaned.items() if name != "ticket"})


class OfOne:
    """A page about one request."""

    request: HttpRequest
    user: Staff
    kwargs: dict[str, Any]
    nav = LIST

    def setup(self) -> None:
        found = data_requests(self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.asked: DataRequest = found

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Data requests"), reverse(LIST)), (self.asked.receipt, request_url(self.asked))]

    def content_hash(self) -> str:
        return answers.content_hash(self.asked)

    def shown(self, *consequences: Any) -> dict[str, Any]:
        return {
            "facts": facts_of(self.asked),
            "left": list(filter(None, [keepers_panel(self.request, self.asked)])),
            "consequences": consequences,
        }


class DecidePage(OfOne, RulingPage):
    permission = services.DECIDE
    case_title = gettext_lazy("The request")
    nav = LIST

    def heading_title(self) -> str:
        return _("Decide: %(receipt)s") % {"receipt": self.asked.receipt}

    def barred(self) -> None:
        answers.may_decide(self.asked, actor=self.user)

    def start(self) -> RulingForm:
        form = super().start()
        form.initial["reason"] = answers.refusal(self.asked)
        return form

    def rule(self, *, agree: bool, reason: str, content_hash: str) -> str:
        outcome = answers.agreed(self.asked) if agree else Outcome.REFUSED
        answers.decide(self.asked, outcome, actor=self.user, reason=reason, content_hash=content_hash)
        self.say(
            _("Decided. Read the letter.") if outcome == Outcome.REFUSED else _("Decided: a supervisor comes next.")
        )
        return request_url(self.asked)

    def context(self) -> dict[str, Any]:
        if waits := answers.not_yet(self.asked):
            return self.shown(_(waits), _("If you refuse, the request is over, and refused in writing."))
        return self.shown(
            _(
                "Your reason is written to the person who asked: leave out what that person may not know, and every"
                " personal value."
            ),
            _("If you agree, and a supervisor carries it out, this follows."),
            LOCKED if keepers(self.asked) else HAPPENS[Kind(self.asked.kind)],
            _("If you refuse, the request is over, and refused in writing."),
        )


class CarryOutPage(OfOne, RulingPage):
    permission = services.CARRY_OUT
    case_title = gettext_lazy("The request")
    nav = LIST

    def heading_title(self) -> str:
        return _("Carry out or send back: %(receipt)s") % {"receipt": self.asked.receipt}

    def barred(self) -> None:
        answers.may_carry_out(self.asked, actor=self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        if agree:
            answers.carry_out(self.asked, actor=self.user, **ruling)
            self.say(_("Carried out. Send the letter."))
        else:
            answers.send_back(self.asked, actor=self.user, **ruling)
            self.say(_("Sent back: it is to be decided anew."))
        return request_url(self.asked)

    def context(self) -> dict[str, Any]:
        if waits := answers.not_yet(self.asked):
            return self.shown(_(waits))
        locked = self.asked.outcome == Outcome.LOCKED
        return self.shown(
            _("If you agree, it is carried out at once."),
            LOCKED if locked else HAPPENS[Kind(self.asked.kind)],
            _("If you refuse, it goes back to the privacy officer, to be decided anew."),
        )


class OpenPage(OfOne, Page):
    """A page that opens a sealed part on POST only, so that prefetching a link opens nothing."""

    template = "accounts/right_open.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    proof = True
    consequence: Any = ""
    button: Any = ""

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, (services.DECIDE, services.CARRY_OUT)))

    def check(self) -> None:
        raise NotImplementedError

    def open(self) -> HttpResponseBase:
        raise NotImplementedError

    def respond(self) -> HttpResponseBase:
        try:
            if self.request.method == "POST":
                return self.open()
            self.check()
        except (Invalid, Refused) as error:
            return self.render(problem=str(error), status=403 if isinstance(error, Refused) else 200)
        return self.render()

    def context(self) -> dict[str, Any]:
        return {"back": request_url(self.asked)}


class StatementPage(OpenPage):
    consequence = gettext_lazy("It names people. That you read it is on the record.")
    button = gettext_lazy("Read the statement")

    def heading_title(self) -> str:
        return _("Statement: %(receipt)s") % {"receipt": self.asked.receipt}

    def check(self) -> None:
        services.may_read(self.asked, actor=self.user)

    def open(self) -> HttpResponseBase:
        said = services.read(self.asked, actor=self.user)
        facts = [Fact(_("Statement"), said.statement)]
        if said.value:
            facts.append(Fact(Field(self.asked.field).label, said.value))
        if said.document_kind:
            facts.append(Fact(_("Kind of document"), DocumentKind(said.document_kind).label))
        return self.render(said=True, facts=facts)


class CopyPage(OpenPage):
    consequence = gettext_lazy("It holds all that is known of the person, in clear. That you take it is on the record.")
    button = gettext_lazy("Download the copy")

    def heading_title(self) -> str:
        return _("Copy: %(receipt)s") % {"receipt": self.asked.receipt}

    def check(self) -> None:
        answers.may_download(self.asked, actor=self.user)

    def open(self) -> HttpResponseBase:
        return HttpResponse(
            answers.download(self.asked, actor=self.user),
            content_type="application/json",
            headers={
                "Content-Disposition": f'attachment; filename="{self.asked.receipt}.json"',
                "Cache-Control": "no-store, private",
            },
        )


def _may(check: Any, asked: Any, actor: Staff) -> bool:
    try:
        check(asked, actor=actor)
    except (Refused, Invalid):
        return False
    return True


def _register_act(request: HttpRequest, identity: Identity | None) -> Iterable[Act]:
    if identity is not None and _may(services.may_register, identity.tenure, panels.staff_at(request)):
        yield Act(_("Register a data request"), reverse("admin:data_request", args=[identity.pk]), key="r")


def _step_acts(request: HttpRequest, asked: DataRequest | None) -> Iterable[Act]:
    if asked is None:
        return
    for check, name, label, key in (
        (answers.may_decide, "data_request_decide", _("Decide the request"), "d"),
        (answers.may_carry_out, "data_request_carry_out", _("Carry out or send back"), "d"),
        (services.may_read, "data_request_statement", _("Read the statement"), "o"),
        (answers.may_download, "data_request_copy", _("Download the copy"), "c"),
    ):
        if _may(check, asked, panels.staff_at(request)):
            yield Act(label, reverse(f"admin:{name}", args=[asked.pk]), key=key, primary=key == "d")


panels.page("identity/<int:pk>/data-request/", "data_request", RegisterPage)
panels.page("data-requests/<int:pk>/decide/", "data_request_decide", DecidePage)
panels.page("data-requests/<int:pk>/carry-out/", "data_request_carry_out", CarryOutPage)
panels.page("data-requests/<int:pk>/statement/", "data_request_statement", StatementPage)
panels.page("data-requests/<int:pk>/copy/", "data_request_copy", CopyPage)
panels.toolbar("identity", _register_act, order=4)
panels.toolbar("datarequest", _step_acts)
