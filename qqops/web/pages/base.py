"""One page of the staff web: who may see it, how it is asked for, what stands around it."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.signin import recent_auth as proof

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
    from django_stubs_ext import StrOrPromise

Crumb = tuple["StrOrPromise", str]


STALE = _("Your second factor is needed again (it was given more than 15 minutes ago). Nothing was done.")


class Page:
    """A page for one request. Permission is asked before anything is looked up: 403 comes before 404."""

    title: "StrOrPromise" = ""
    permission: str = ""
    template: str = ""
    methods: ClassVar[tuple[str, ...]] = ("GET", "HEAD")
    nav: str = ""  # URL name of the sidebar item that this page belongs to
    proof: ClassVar[bool] = False  # asks for the second factor first, unless it was given lately (recent_auth)

    def __init__(self, site: "AdminSite", request: HttpRequest, **kwargs: Any) -> None:
        self.site = site
        self.request = request
        self.user: Any = request.user
        self.kwargs = kwargs

    @classmethod
    def as_view(cls, site: "AdminSite", **fixed: Any) -> Callable[..., HttpResponseBase]:
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            request.current_app = site.name
            return cls(site, request, **fixed, **kwargs).answer()

        return site.admin_view(view)

    def answer(self) -> HttpResponseBase:
        if self.request.method not in self.methods:
            told = render_to_string("405.html") if self.request.method in ("GET", "POST") else ""
            return HttpResponseNotAllowed(self.methods, told)
        if not self.allowed():
            self.deny()
        self.setup()
        if self.proof and not proof.is_fresh(self.request):
            return self.unproven()
        return self.respond()

    def unproven(self) -> HttpResponseBase:
        """Ask for the second factor, and lead back here. What was sent is not kept: nothing is done with it."""
        if self.request.method == "POST":
            self.say(STALE, messages.WARNING)
        return proof.ask(self.request)

    def deny(self) -> NoReturn:
        """403; who sends a form to a page that is not his has tried to act, and that is on the record (DESIGN §5)."""
        try:
            if self.request.method == "POST":
                with recorder.refusals(actor=self.user, facts={"page": self.request.path}):
                    raise Refused(gettext_noop("Your role does not include this page."))
        except Refused as refused:
            raise PermissionDenied from refused
        raise PermissionDenied

    def allowed(self) -> bool:
        return not self.permission or self.user.has_perm(self.permission)

    def setup(self) -> None:
        """Look up what the page is about; raise Http404 when there is no such thing."""

    def respond(self) -> HttpResponseBase:
        return self.render()

    def heading_title(self) -> "StrOrPromise":
        return self.title

    def crumbs(self) -> list[Crumb]:
        return []

    def context(self) -> dict[str, Any]:
        return {}

    def render(self, *, status: int = 200, **extra: Any) -> HttpResponse:
        context = {
            **self.site.each_context(self.request),
            "title": self.heading_title(),
            "crumbs": self.crumbs(),
            "nav_current": self.nav,
            "page": self,
            **self.context(),
            **extra,
        }
        return TemplateResponse(self.request, self.template, context, status=status)

    def say(self, message: str | Promise, level: int = messages.SUCCESS) -> None:
        messages.add_message(self.request, level, str(message))
