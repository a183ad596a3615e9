"""Reveal one item for one case: the form, the page that shows it for ten minutes, and the act beside each item."""

import uuid
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity.formats import Field
from accounts.identity.pages import identity_url
from accounts.identity.queries import Standing, concerns_minor, identities, identity_of, masked, registrant_of
from accounts.models import Identity, Reveal
from accounts.numbers.pages import number_link
from accounts.reveals import case_kinds, services
from accounts.reveals import minors as asking
from accounts.reveals.pages.text import asked_facts, form_url, request_state, shown_url, until_fact
from accounts.reveals.queries import asked_by, reveal_by_id, tally
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.signin import recent_auth as proof
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.pages.confirm import TOKEN_LIFE
from qqops.web.panels import Act, Fact, Panel

SALT = "qqops.accounts.reveal"
NAV = "admin:accounts_identity_changelist"


class RevealForm(forms.Form):
    purpose = forms.ChoiceField(label=gettext_lazy("Purpose"), widget=forms.RadioSelect)
    case_kind = forms.ChoiceField(label=gettext_lazy("Kind of case"), widget=forms.RadioSelect)
    case_ref = forms.CharField(
        label=gettext_lazy("Case"), max_length=40, help_text=gettext_lazy("Its number, or its receipt number.")
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=2000,
        help_text=gettext_lazy("Why this item is needed for this case. No personal data."),
    )
    token = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, user: Staff, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        purposes = services.purposes_of(user)
        kinds = [kind for kind in case_kinds.kinds() if set(kind.purposes) & {p.value for p in purposes}]
        self._offer("purpose", [(p.value, p.label) for p in purposes])
        self._offer("case_kind", [(kind.code, kind.label) for kind in kinds])

    def _offer(self, name: str, choices: list[tuple[str, Any]]) -> None:
        field: Any = self.fields[name]
        field.choices = choices
        if len(choices) == 1:
            field.initial = choices[0][0]


class RevealFormPage(Page):
    permission = services.REVEAL
    proof = True
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    template = "accounts/reveal.html"
    nav = NAV
    user: Staff

    def setup(self) -> None:
        self.whose, self.field = self.kwargs["whose"], self.kwargs["field"]
        found = identities().select_related("tenure__registrant").filter(pk=self.kwargs["pk"]).first()
        if found is None or self.whose not in Reveal.Whose.values or self.field not in Field.values:
            raise Http404
        self.identity: Identity = found
        self.tenure = found.tenure

    def heading_title(self) -> str:
        return _("Reveal: %(item)s of %(number)s") % {
            "item": Field(self.field).label, "number": self.tenure.number_id
        }  # fmt: skip

    def crumbs(self) -> list[tuple[Any, str]]:
        return [
            (_("Identity information"), reverse(NAV)),
            (str(self.tenure.number_id), identity_url(self.tenure.pk)),
        ]

    def unproven(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return super().unproven()
        return self.fill_in(self.form(self.request.POST), status=403, prove=proof.link(self.request))

    def respond(self) -> HttpResponseBase:
        if self.request.method != "POST":
            return self.fill_in(self.form())
        form = self.form(self.request.POST)
        if not form.is_valid():
            return self.fill_in(form)
        nonce = self.nonce(form.cleaned_data.pop("token"))
        if nonce is None:
            return self.anew()
        wanted = services.Wanted(self.tenure, self.whose, self.field, **form.cleaned_data)
        try:
            if "ask" in self.request.POST:
                return self.ask(wanted)
            granted = services.reveal(wanted, actor=self.user, nonce=nonce)
        except (Invalid, Refused) as error:
            form.add_error(None, str(error))
            return self.fill_in(form, status=403 if isinstance(error, Refused) else 200)
        return HttpResponseRedirect(shown_url(granted))

    def ask(self, wanted: services.Wanted) -> HttpResponseBase:
        try:
            asked = asking.ask(wanted, actor=self.user)
        except asking.AlreadyAsked as already:
            self.say(str(already))
        else:
            self.say(_("Request #%(id)d waits for approval.") % {"id": asked.pk})
        return HttpResponseRedirect(self.request.path)

    def form(self, data: Any = None) -> RevealForm:
        return RevealForm(data, user=self.user, initial={"token": self.token()})

    def anew(self) -> HttpResponseBase:
        """The form was open for too long, or is not this one's: it is shown again with what was filled in."""
        data = self.request.POST.copy()
        data["token"] = self.token()
        form = self.form(data)
        form.add_error(None, _("This form is no longer valid. Nothing was done: read it again and send it once more."))
        return self.fill_in(form, status=409)

    # One form is one grant: what it carries says whose form it is, and for which item.

    @property
    def bound(self) -> list[Any]:
        return [self.user.pk, self.tenure.pk, self.whose, self.field]

    def token(self) -> str:
        return signing.dumps([*self.bound, uuid.uuid4().hex], salt=SALT)

    def nonce(self, token: str) -> uuid.UUID | None:
        try:
            *bound, nonce = signing.loads(token, salt=SALT, max_age=TOKEN_LIFE)
        except signing.BadSignature:
            return None
        return uuid.UUID(nonce) if bound == self.bound else None

    def fill_in(self, form: RevealForm, *, status: int = 200, prove: str = "") -> HttpResponseBase:
        problem, minor, requests = "", False, []
        try:
            items = services.item_of(self.tenure, self.whose, self.field, actor=self.user)
            minor = concerns_minor(self.tenure)
        except (Invalid, Refused) as error:
            problem = "" if str(error) in form.non_field_errors() else str(error)
            status = 403 if isinstance(error, Refused) else status
            return self.render(status=status, form=form, problem=problem, blocked=True)
        if minor:
            requests = [
                (one, request_state(one), asked_facts(one), one.state == State.APPROVED)
                for one in asked_by(self.user, self.tenure, self.whose, self.field)
            ]
        return self.render(
            status=status,
            form=form,
            minor=minor,
            requests=requests,
            prove=prove,
            right=[self.about(masked(items).get(Field(self.field), ""))],
        )

    def about(self, shown: str) -> Panel:
        today = tally(self.user, self.tenure, timezone.now()).today
        facts = [
            Fact(_("Number"), number_link(self.tenure.number_id)),
            Fact(_("Whose information"), Reveal.Whose(self.whose).label),
            Fact(_("Masked"), shown),
            Fact(_("Revealed today"), _("%(n)d of %(quota)d") % {"n": today, "quota": services.daily_quota()}),
        ]
        return Panel(_("The item"), "ops/panel_facts.html", {"facts": facts})


class ShownPage(Page):
    """One value in clear, for whom it was granted to, until the ten minutes are over."""

    permission = services.REVEAL
    proof = True
    template = "accounts/reveal_shown.html"
    nav = "admin:my_reveals"
    user: Staff

    def setup(self) -> None:
        found = reveal_by_id(self.kwargs["pk"])
        if found is None:
            raise Http404
        self.granted: Reveal = found

    def heading_title(self) -> str:
        granted = self.granted
        return _("Revealed: %(item)s of %(number)s") % {
            "item": granted.get_field_display(), "number": granted.tenure.number_id
        }  # fmt: skip

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("My reveals"), reverse("admin:my_reveals"))]

    def respond(self) -> HttpResponseBase:
        granted = self.granted
        ways: dict[str, Any] = {"again": form_url(granted), "identity": identity_url(granted.tenure_id)}
        try:
            value = services.shown(granted, actor=self.user)
        except (Invalid, Refused) as error:
            return self.render(status=403, problem=str(error), **ways)
        facts = [until_fact(granted), Fact(_("Number"), number_link(granted.tenure.number_id)), *asked_facts(granted)]
        return self.render(value=value, facts=facts, left=[self.others()], **ways)

    def others(self) -> Panel:
        """What else is known, masked as ever."""
        tenure = self.granted.tenure
        items = identity_of(tenure) if self.granted.whose == Reveal.Whose.HOLDER else registrant_of(tenure)
        shown = masked(items) if items else {}
        facts = [Fact(field.label, value) for field, value in shown.items() if field != self.granted.field]
        return Panel(_("Other items, masked"), "ops/panel_facts.html", {"facts": facts})


def _reveal(request: HttpRequest, row: tuple[Identity, str, Standing]) -> Act | None:
    """Chosen without a query per item; the page judges again."""
    identity, whose, item = row
    staff = panels.staff_at(request)
    barred = identity.erased_at or (identity.locked_at and not staff.has_perm(services.THOUGH_LOCKED))
    if item.given_at is None or barred or not staff.has_perm(services.REVEAL):
        return None
    return Act(_("Reveal"), reverse("admin:reveal", args=[identity.pk, whose, item.field.value]))


panels.page("identity/<int:pk>/reveal/<str:whose>/<str:field>/", "reveal", RevealFormPage)
panels.page("reveals/<int:pk>/", "reveal_shown", ShownPage)
panels.row_act("identity_item", _reveal)
