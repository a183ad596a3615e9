"""What was said, for who hears appeals and has this one not in hand: by a button, in its answer only, on the record."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.utils.translation import gettext_lazy

from appeals.hearing import reading
from appeals.hearing.reading import READ
from appeals.models import Appeal, AppealEvidence
from appeals.pages import OfAppeal
from appeals.queries import appeals, lease_of
from appeals.text import appeal_url, may, said_panels
from qqops.core.errors import Invalid, Refused
from qqops.web import panels
from qqops.web.pages import Page
from qqops.web.panels import Act


class OpenedPage(OfAppeal, Page):
    """Opens by a button and not by a link, so that nothing is opened by looking ahead."""

    template = "appeals/read.html"
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD", "POST")
    proof = True
    consequence: Any
    button: Any

    def allowed(self) -> bool:
        return any(map(self.user.has_perm, READ))

    def open(self) -> HttpResponseBase:
        raise NotImplementedError

    def respond(self) -> HttpResponseBase:
        try:
            if self.request.method == "POST":
                return self.open()
            reading.may_read(self.appeal, self.user)
        except (Invalid, Refused) as error:
            return self.render(problem=str(error), status=403 if isinstance(error, Refused) else 200)
        return self.render()

    def context(self) -> dict[str, Any]:
        return {"back": appeal_url(self.appeal)}


class ReadPage(OpenedPage):
    title = gettext_lazy("Read what was said")
    consequence = gettext_lazy("It is told in confidence, and names people. That you read it is on the record.")
    button = gettext_lazy("Read it")

    def open(self) -> HttpResponseBase:
        return self.render(said=said_panels(reading.read(self.appeal, actor=self.user)))


class FilePage(OpenedPage):
    title = gettext_lazy("Open a file of the appeal")
    consequence = gettext_lazy("It was brought as evidence, and is sealed. That you open it is on the record.")
    button = gettext_lazy("Open it")

    def setup(self) -> None:
        found = AppealEvidence.objects.filter(pk=self.kwargs["pk"], appeal__in=appeals(self.user), size__isnull=False)
        item = found.select_related("appeal").first()
        if item is None:
            raise Http404
        self.item, self.appeal = item, item.appeal

    def open(self) -> HttpResponseBase:
        content = reading.open_file(self.item, actor=self.user)
        name = f"{self.appeal.receipt}-{self.item.pk}"
        return HttpResponse(
            content,
            content_type=self.item.media_type,
            headers={
                "Content-Disposition": content_disposition_header(True, name) or "attachment",
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store, private",
            },
        )


def _read(request: HttpRequest, appeal: Appeal) -> Iterable[Act]:
    user, lease = panels.staff_at(request), lease_of(appeal)
    if (lease is None or lease.staff_id != user.pk) and may(reading.may_read, appeal, user):
        url = reverse("admin:appeals_read", args=[appeal.pk])
        yield Act(ReadPage.title, url, key="l", consequence=ReadPage.consequence)


panels.page("appeals/<int:pk>/said/", "appeals_read", ReadPage)
panels.page("appeals/files/<int:pk>/", "appeals_file", FilePage)
panels.toolbar("appeal", _read, order=1)
