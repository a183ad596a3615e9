"""Evidence files on the staff web: brought with the form of an act, listed with what rests on them, opened."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from enforcement.cases.queries import citable, openable, readable
from enforcement.evidence import media, services
from enforcement.evidence.services import ADD, OPEN
from enforcement.models import Decision, Evidence, EvidenceFile
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.templatetags.ops import link, when
from qqops.web import panels
from qqops.web.pages import ConfirmPage, Page
from qqops.web.panels import Fact, Panel


class BringsFiles(ConfirmPage):
    """An act that rests on evidence: a file is taken in as soon as it is sent, and goes through the steps as its id.

    So it needs no script, is not lost when another field was wrong, and is bound by the token like every field.
    """

    user: Staff
    wrong_files: Sequence[str] = ()

    def respond(self) -> HttpResponseBase:
        if self.request.method == "POST" and self.user.has_perm(ADD):
            self.take_files_in()
        return super().respond()

    def take_files_in(self) -> None:
        given, wrong = self.request.POST.copy(), []
        for sent in self.request.FILES.getlist("upload"):
            try:
                taken = services.take_in(sent.name or "", sent.read(), actor=self.user)
            except Invalid as error:
                wrong.append(f"{sent.name}: {error}")
                continue
            if str(taken.pk) not in given.getlist("evidence_files"):
                given.appendlist("evidence_files", str(taken.pk))
        self.request.POST, self.wrong_files = given, wrong  # type: ignore[assignment]  # it is bound by its content

    def files_kwargs(self, case: int | None = None) -> dict[str, Any]:
        """For a `FilesForm`: the files to tick are those that were sent with it, and those of the case it acts in."""
        sent = [
            int(pk)
            for pk in self.request.POST.getlist("evidence_files")
            if pk.isascii() and pk.isdigit() and len(pk) < 18
        ]
        wanted = Q(pk__in=sent) | (Q(of_cases__case=case) if case else Q())
        found = citable(self.user, case).filter(wanted).distinct().order_by("pk") if sent or case else []
        return {
            "known_files": [(str(one.pk), self.file_in_words(one)) for one in found],
            "wrong_files": self.wrong_files,
            "brings_files": self.user.has_perm(ADD),
        }

    def file_in_words(self, file: EvidenceFile) -> str:
        """With its name for who brought it: to anybody else that is a part of what he would open."""
        name = services.name_of(file) if file.taken_by_id == self.user.pk else media.in_words(file.media_type)
        return f"#{file.pk} {name} · {filesizeformat(file.size)} · SHA-256 {file.sha256}"


class OpenPage(Page):
    """Opens by a button and not by a link, so that nothing is opened by looking ahead."""

    template = "enforcement/evidence_open.html"
    permission = OPEN
    methods = ("GET", "HEAD", "POST")
    proof = True
    nav = "admin:enforcement_decision_changelist"
    user: Staff

    def allowed(self) -> bool:
        """Whoever has no part in it is not even asked for a second factor; what is not there is 404 for all others."""
        if not super().allowed():
            return False
        self.found = readable().filter(pk=self.kwargs["pk"]).first()
        return self.found is None or openable(self.user).filter(pk=self.found.pk).exists()

    def setup(self) -> None:
        if self.found is None:
            raise Http404
        self.file: EvidenceFile = self.found

    def heading_title(self) -> str:
        return _("Evidence file %(file)s") % {"file": self.file}

    def context(self) -> dict[str, Any]:
        return {
            "facts": [
                Fact(_("Type"), media.in_words(self.file.media_type)),
                Fact(_("File size"), filesizeformat(self.file.size)),
                Fact(_("SHA-256"), self.file.sha256),
                Fact(_("Taken in by"), self.file.taken_by),
                Fact(_("Taken in"), when(self.file.at, exact=True)),
            ]
        }

    def respond(self) -> HttpResponseBase:
        try:
            if self.request.method != "POST":
                services.check_open(self.file, actor=self.user)
                return self.render()
            opened = services.open_file(self.file, actor=self.user)
        except Refused as error:
            return self.render(problem=str(error), status=403)
        return HttpResponse(
            opened.content,
            content_type=opened.media_type,
            headers={
                "Content-Disposition": content_disposition_header(True, opened.name) or "attachment",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store, private",
            },
        )


def files_table(user: Staff, files: Iterable[EvidenceFile]) -> Panel | None:
    """Each with its link for who may open it."""
    found = list(files)
    if not found:
        return None
    may_open: set[int] = set()
    if user.has_perm(OPEN):
        may_open = set(openable(user).filter(pk__in=[one.pk for one in found]).values_list("pk", flat=True))
    rows = [
        (
            link(reverse("admin:open_evidence", args=[one.pk]), str(one)) if one.pk in may_open else str(one),
            media.in_words(one.media_type),
            filesizeformat(one.size),
            one.sha256,
            one.taken_by,
        )
        for one in found
    ]
    head = [_("File"), _("Type"), _("File size"), _("SHA-256"), _("Taken in by")]
    return Panel(_("Evidence files"), "ops/panel_table.html", {"head": head, "rows": rows})


def files_panel(request: HttpRequest, decision: Decision) -> Panel | None:
    cited = Evidence.objects.filter(decision=decision).exclude(file=None)
    in_case = Q(of_cases__case=decision.case_id) if decision.case_id else Q()
    found = EvidenceFile.objects.filter(Q(pk__in=cited.values("file")) | in_case).select_related("taken_by")
    return files_table(panels.staff_at(request), found.defer("name", "content").distinct().order_by("pk"))


panels.page("evidence/<int:pk>/", "open_evidence", OpenPage)
panels.register("decision", files_panel)
