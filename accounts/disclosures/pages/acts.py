"""The pages of the three steps of a disclosure, and of what is opened: scans, statement, released file."""

import uuid
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.disclosures import services
from accounts.disclosures.pages.forms import RegisterForm, ReviewForm, ScanForm
from accounts.disclosures.pages.register import (
    LIST,
    disclosure_url,
    facts_of,
    letters_panel,
    numbers_panel,
    papers_panel,
    rulings_panel,
)
from accounts.disclosures.policy import ASKERS, PAPERS
from accounts.disclosures.queries import disclosures
from accounts.disclosures.services.opening import FILE, PROOF, STATEMENT
from accounts.disclosures.services.register import attempted
from accounts.models import AskedBy, DataClass, Disclosure, DisclosurePaper
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.templatetags.ops import badge, digits, link
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Page, Preview, RulingPage
from qqops.web.panels import Act, Panel


class OfOne:
    """A page about one request: 404 for who may not see it, as if there were none."""

    disclosure: Disclosure
    request: HttpRequest
    user: Staff
    kwargs: dict[str, Any]
    nav = LIST

    def setup(self) -> None:
        found = disclosures(self.user).filter(pk=self.kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.disclosure = found

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Disclosure register"), reverse(LIST)), (self.disclosure.receipt, disclosure_url(self.disclosure))]


class KindsPage(Page):
    """Who asks: the table of askers, each leading to its own form."""

    title = gettext_lazy("Register a disclosure request")
    permission = services.REGISTER
    template = "accounts/disclosure_kinds.html"
    nav = LIST

    def crumbs(self) -> list[tuple[Any, str]]:
        return [(_("Disclosure register"), reverse(LIST))]

    def context(self) -> dict[str, Any]:
        rows = [
            (
                link(reverse("admin:disclosure_register", args=[code]), AskedBy(code).label),
                [PAPERS[paper].label for paper in asker.papers],
                [DataClass(one).label for one in asker.may_have] or badge(_("nothing: always refused"), "bad"),
                asker.basis_here,
            )
            for code, asker in ASKERS.items()
        ]
        head = [_("Who asks"), _("Papers"), _("What may be given"), _("Legal basis")]
        lede = _(
            "Who asks decides which papers are needed and what may be given at all. Who is not listed here has no way"
            " in: without consent nothing is told (4.2)."
        )
        return {"lede": lede, "list": [Panel(_("Who asks"), "ops/panel_table.html", {"head": head, "rows": rows})]}


class RegisterPage(ConfirmPage):
    permission = services.REGISTER
    proof = True
    nav = LIST
    user: Staff

    def setup(self) -> None:
        if self.kwargs["kind"] not in ASKERS:
            raise Http404
        self.kind: str = self.kwargs["kind"]

    def heading_title(self) -> str:
        return _("Register a request: %(kind)s") % {"kind": AskedBy(self.kind).label}

    def crumbs(self) -> list[tuple[Any, str]]:
        register = (_("Register a disclosure request"), reverse("admin:disclosure_kinds"))
        return [(_("Disclosure register"), reverse(LIST)), register]

    def form(self, data: Any = None) -> forms.BaseForm:
        return RegisterForm(data, kind=self.kind)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        asker = ASKERS[self.kind]
        happens = [_("The privacy officer reviews it, then a supervisor rules: three people. Nothing is given before.")]
        if asker.refused:
            happens = [_("It is refused as it is registered, with a letter: no data are looked at (PIPL 41).")]
        if cleaned is None:
            return Preview("", "", consequences=happens)
        asked = RegisterForm.asked(self.kind, cleaned)
        with recorder.refusals(actor=self.user, **attempted(asked)):
            targets = services.check_register(asked, actor=self.user)
        rows = [
            (digits(number), tenure.seq if tenure else badge(_("nobody held it then"), "quiet"))
            for number, tenure in targets
        ]
        table = {"head": [_("Number"), _("Tenure")], "rows": rows, "empty": _("None.")}
        return Preview(
            fingerprint=str([(number, tenure and tenure.pk) for number, tenure in targets]),
            button=_("Register and refuse") if asker.refused else _("Register"),
            panels=[Panel(_("Tenures that the period falls into"), "ops/panel_table.html", table)],
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        made = services.register(RegisterForm.asked(self.kind, cleaned, form_key=uuid.UUID(nonce)), actor=self.user)
        self.say(_("Registered. Receipt number: %(receipt)s") % {"receipt": made.receipt})
        return self.seen(made)

    def earlier(self, nonce: str) -> str:
        first = Disclosure.objects.filter(form_key=nonce, maker=self.user).first()
        return self.seen(first) if first else ""

    def seen(self, made: Disclosure) -> str:
        """One that is secret is out of his sight from now on."""
        return disclosure_url(made) if disclosures(self.user).filter(pk=made.pk).exists() else reverse(LIST)


class ReviewPage(OfOne, ConfirmPage):
    permission = services.REVIEW
    proof = True
    nav = LIST

    def heading_title(self) -> str:
        return _("Review: %(receipt)s") % {"receipt": self.disclosure.receipt}

    def form(self, data: Any = None) -> forms.BaseForm:
        return ReviewForm(data, disclosure=self.disclosure)

    def preview(self, cleaned: dict[str, Any] | None) -> Preview:
        papers = papers_panel(self.request, self.disclosure, beside=True)
        shown = [numbers_panel(self.request, self.disclosure), papers]
        happens = [_("What you refuse is refused in writing, each with its reason.")]
        if cleaned is None:
            services.check_review(self.disclosure, actor=self.user)
            return Preview("", "", panels=shown, consequences=happens)
        rulings = ReviewForm.rulings(self.disclosure, cleaned)
        with recorder.refusals(actor=self.user, subject=self.disclosure, facts={"act": "disclosure.review"}):
            services.check_review(self.disclosure, actor=self.user)
            services.check_rulings(self.disclosure, rulings)
        must_say_why(cleaned["reason"])
        if any(granted for granted, _reason in rulings.values()):
            happens.append(_("A supervisor who had no part in it so far releases it, or declines."))
        else:
            happens.append(_("Nothing is granted: the request is over, and refused in writing."))
        if cleaned["secret"]:
            happens.append(_("It is secret: support agents do not see it, not even the one who registered it."))
        self.seen_hash = services.content_hash(self.disclosure)
        return Preview(
            fingerprint=self.seen_hash,
            button=_("Confirm the review"),
            panels=shown,
            consequences=happens,
        )

    def enact(self, cleaned: dict[str, Any], *, nonce: str) -> str:
        services.review(
            self.disclosure,
            ReviewForm.rulings(self.disclosure, cleaned),
            secret=cleaned["secret"],
            reason=cleaned["reason"],
            actor=self.user,
            content_hash=self.seen_hash,
        )
        self.say(_("Reviewed."))
        return disclosure_url(self.disclosure)


class ReleasePage(OfOne, RulingPage):
    permission = services.RELEASE
    case_title = gettext_lazy("The request")
    nav = LIST

    def heading_title(self) -> str:
        return _("Release or decline: %(receipt)s") % {"receipt": self.disclosure.receipt}

    def content_hash(self) -> str:
        return services.content_hash(self.disclosure)

    def barred(self) -> None:
        services.check_release(self.disclosure, actor=self.user)

    def rule(self, *, agree: bool, **ruling: Any) -> str:
        if agree:
            services.release(self.disclosure, actor=self.user, **ruling)
            self.say(_("Released. The file can be downloaded for 30 days."))
        else:
            services.decline(self.disclosure, actor=self.user, **ruling)
            self.say(_("Declined. Hand over the letter."))
        return disclosure_url(self.disclosure)

    def context(self) -> dict[str, Any]:
        shown = [panel(self.request, self.disclosure) for panel in (numbers_panel, papers_panel, rulings_panel)]
        return {
            "facts": facts_of(self.disclosure),
            "consequences": [
                _("If you agree, the file of what was granted is built, sealed and signed; nothing else is in it."),
                _("If you refuse, nothing is given, and your reason is written back."),
            ],
            "left": [panel for panel in shown if panel],
            "right": [letters_panel(self.request, self.disclosure)],
        }


class ScanPage(OfOne, Page):
    template = "accounts/disclosure_scan.html"
    methods = ("GET", "HEAD", "POST")
    proof = True
    nav = LIST
    paper: DisclosurePaper

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, (services.REGISTER, services.REVIEW)))

    def setup(self) -> None:
        super().setup()
        found = self.disclosure.papers.filter(kind=self.kwargs["paper"]).first()
        if found is None:
            raise Http404
        self.paper = found
        self.paper.disclosure = self.disclosure

    def heading_title(self) -> str:
        return _("Scan: %(paper)s") % {"paper": PAPERS[self.paper.kind].label}

    def respond(self) -> HttpResponseBase:
        form = ScanForm(self.request.POST, self.request.FILES) if self.request.method == "POST" else ScanForm()
        try:
            if not form.is_bound:
                services.check_scan(self.paper, actor=self.user)
            elif form.is_valid():
                services.add_scan(self.paper, form.cleaned_data["scan"].read(), actor=self.user)
                self.say(_("The scan was added and sealed."))
                return HttpResponseRedirect(disclosure_url(self.disclosure))
        except Refused as error:
            return self.render(problem=str(error), status=403)
        except Invalid as error:
            if not form.is_bound:
                return self.render(problem=str(error))
            form.add_error("scan", str(error))
        return self.render(form=form)


class OpenPage(OfOne, Page):
    """Opens by a button and not by a link, so that nothing is opened by looking ahead."""

    template = "accounts/disclosure_open.html"
    methods = ("GET", "HEAD", "POST")
    proof = True
    nav = LIST

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, (services.REVIEW, services.RELEASE)))

    def heading_title(self) -> str:
        return _("Open a sealed part of %(receipt)s") % {"receipt": self.disclosure.receipt}

    def respond(self) -> HttpResponseBase:
        what = self.kwargs["what"]
        if what not in (STATEMENT, FILE, PROOF, *PAPERS):
            raise Http404
        try:
            if self.request.method != "POST":
                services.check_open(self.disclosure, actor=self.user)
                return self.render()
            opened = services.open_it(self.disclosure, what, actor=self.user)
        except (Invalid, Refused) as error:
            return self.render(problem=str(error), status=403 if isinstance(error, Refused) else 200)
        if what == STATEMENT:
            return self.render(opened=opened)
        return HttpResponse(
            opened.content,
            content_type=opened.media_type,
            headers={
                "Content-Disposition": f'attachment; filename="{opened.name}"',
                "Cache-Control": "no-store, private",
            },
        )


def _may(check: Any, *args: Any, actor: Staff) -> bool:
    try:
        check(*args, actor=actor)
    except (Refused, Invalid):
        return False
    return True


def _acts(request: HttpRequest, disclosure: Disclosure | None) -> list[Act]:
    if disclosure is None:
        return []
    user, acts = panels.staff_at(request), []
    if _may(services.check_review, disclosure, actor=user):
        acts.append(Act(_("Review it"), _url("review", disclosure), key="e", primary=True))
    if _may(services.check_release, disclosure, actor=user):
        acts.append(Act(_("Release or decline"), _url("release", disclosure), key="e", primary=True))
    for paper in disclosure.papers.order_by("pk"):
        paper.disclosure = disclosure
        if _may(services.check_scan, paper, actor=user):
            label = _("Add a scan: %(paper)s") % {"paper": PAPERS[paper.kind].label}
            acts.append(Act(label, _url("scan", disclosure, paper.kind)))
    return [*acts, *_openings(disclosure, user)]


def _openings(disclosure: Disclosure, user: Staff) -> list[Act]:
    if not _may(services.check_open, disclosure, actor=user):
        return []
    acts = [Act(_("Open the statement"), _url("open", disclosure, STATEMENT), key="o")]
    for kind in disclosure.papers.exclude(scan=None).order_by("pk").values_list("kind", flat=True):
        label = _("Open the scan: %(paper)s") % {"paper": PAPERS[kind].label}
        acts.append(Act(label, _url("open", disclosure, kind)))
    if disclosure.state == Disclosure.State.DONE:
        acts.append(Act(_("Download the file"), _url("open", disclosure, FILE), key="d"))
        acts.append(Act(_("Download the proof"), _url("open", disclosure, PROOF)))
    return acts


def _url(act: str, disclosure: Disclosure, *more: str) -> str:
    return reverse(f"admin:disclosure_{act}", args=[disclosure.pk, *more])


panels.page("disclosures/register/", "disclosure_kinds", KindsPage)
panels.page("disclosures/register/<slug:kind>/", "disclosure_register", RegisterPage)
panels.page("disclosures/<int:pk>/review/", "disclosure_review", ReviewPage)
panels.page("disclosures/<int:pk>/release/", "disclosure_release", ReleasePage)
panels.page("disclosures/<int:pk>/scan/<slug:paper>/", "disclosure_scan", ScanPage)
panels.page("disclosures/<int:pk>/open/<slug:what>/", "disclosure_open", OpenPage)
panels.toolbar("disclosure", _acts)
panels.sidebar("work", gettext_lazy("Register a disclosure"), "admin:disclosure_kinds", services.REGISTER, order=6)
