"""The only admin site: its shell, overview page and jump box."""

from collections.abc import Mapping, Sequence
from functools import wraps
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, include, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.i18n import set_language

from qqops.core.errors import Refused
from qqops.staff.signin import recent_auth
from qqops.web import overview, panels
from qqops.web.counts import Count, count_for

JUMPS_TO = ("accounts.view_number", "enforcement.view_decision")


def desk_name() -> str:
    return str(OpsSite.site_header)


class OpsAdminConfig(AdminConfig):
    default_site = "qqops.site.OpsSite"


own_form = require_http_methods(["GET", "HEAD", "POST"])  # Django's form views would take a PUT for a POST


class OpsSite(admin.AdminSite):
    site_header = gettext_lazy("Number desk")
    site_title = gettext_lazy("Number desk")
    index_title = gettext_lazy("Overview")
    site_url = None
    enable_nav_sidebar = True

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register subclasses of OpsModelAdmin and ignore all others.

        Packages register editing pages of their own (groups, jobs), some of which check no permission.
        """
        from qqops.web.pages import OpsModelAdmin

        if admin_class is not None and issubclass(admin_class, OpsModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Redirect unauthenticated requests to the sign-in page.

        Django's own wrapper would resolve the URL name "logout", which this site does not have.
        """
        from django.contrib.auth.views import redirect_to_login  # models cannot be imported when this module loads

        inside = super().admin_view(view, cacheable)

        @wraps(inside)
        def page(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if not self.has_permission(request):
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return inside(request, *args, **kwargs)

        return page

    def get_urls(self) -> list[URLPattern | URLResolver]:
        own: list[URLPattern | URLResolver] = [
            path("", self.admin_view(require_safe(self.index)), name="index"),
            path("login/", require_safe(self.login), name="login"),
            path("password/", self.admin_view(own_form(self.password_change), cacheable=True), name="password_change"),
            path("language/", require_POST(set_language), name="set_language"),
            path("jump/", self.admin_view(own_form(self.jump)), name="jump"),
        ]
        own += [path(route, view.as_view(self), name=name) for route, name, view in panels.pages()]
        for model, model_admin in self._registry.items():
            meta = model._meta
            own.append(path(f"{meta.app_label}/{meta.model_name}/", include(model_admin.urls)))
        own.append(path("<path:url>", self.admin_view(self.catch_all_view)))
        return own

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return the shell's context of every page. One query at most, for the counts of the sidebar."""
        items = panels.items_for(request) if self.has_permission(request) else []
        return self._shell(request, items, _counted(request, items))

    def _shell(self, request: HttpRequest, items: Sequence[panels.Item], found: Mapping[Count, int]) -> dict[str, Any]:
        inside = self.has_permission(request)
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": None,
            "has_permission": inside,
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": True,
            "sections": _sections(items, found) if inside else [],
            "production": settings.PRODUCTION,
            # Hide the jump box from staff who may open none of its destinations.
            "may_jump": inside and any(request.user.has_perm(seen) for seen in JUMPS_TO),
        }

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        staff, items = panels.staff_at(request), panels.items_for(request)
        figures = overview.figures_for(staff)
        found = _counted(request, items, figures)
        hung = list(panels.dashboard_for(request))
        context = {
            **self._shell(request, items, found),
            "title": self.index_title,
            "nav_current": "admin:index",
            "work": overview.work_for(staff),
            "work_shown": overview.SHOWN,
            "counters": [counter for one in figures if (counter := overview.counter(one, found[one.count]))],
            "charts": overview.charts_for(staff),
            "hung": hung,
            **(extra_context or {}),
        }
        request.current_app = self.name
        return TemplateResponse(request, "admin/index.html", context)

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return user.is_authenticated and bool(getattr(user, "may_enter", False))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to allauth's sign-in, which has the rate limits and the second factor."""
        wanted = request.GET.get("next", "")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        query = f"?{urlencode({'next': wanted})}" if wanted else ""
        return HttpResponseRedirect(reverse("account_login") + query)

    def jump(self, request: HttpRequest) -> HttpResponseBase:
        """Redirect from the jump box to the exact match, to a list, or back to the overview with a message.

        The text comes by POST only and no response repeats it: it may be personal data, and URLs and messages are
        stored. A GET is a redirect back after a sign-in.
        """
        text = request.POST.get("q", "").strip()[:100]
        if not text:
            return HttpResponseRedirect(reverse("admin:index"))
        from qqops.staff import limits  # models cannot be imported when this module loads

        try:
            limits.spend("search", panels.staff_at(request))
        except Refused as refused:
            messages.warning(request, str(refused))
            return HttpResponseRedirect(reverse("admin:index"))
        found = panels.jump_to(request, text)
        if isinstance(found, HttpResponseBase):
            return found
        if found is None:
            messages.warning(request, _("Nothing found. Type a number or a decision."))
        return HttpResponseRedirect(found or reverse("admin:index"))

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        from qqops.web.pages.password import PasswordView  # models cannot be imported when this module loads

        if not recent_auth.is_fresh(request):
            return recent_auth.ask(request)
        request.current_app = self.name
        return PasswordView.as_view(extra_context=self.each_context(request) | (extra_context or {}))(request)


def _counted(
    request: HttpRequest, items: Sequence[panels.Item], figures: Sequence[overview.Figure] = ()
) -> dict[Count, int]:
    asked = [one for item in items for one in (item.count, item.overdue) if one]
    return count_for(panels.staff_at(request), [*asked, *(one.count for one in figures)]) if asked or figures else {}


def _sections(items: Sequence[panels.Item], found: Mapping[Count, int]) -> list[tuple[Any, list[dict[str, Any]]]]:
    shown: list[tuple[Any, list[dict[str, Any]]]] = [
        ("", [{"label": _("Overview"), "name": "admin:index", "url": reverse("admin:index"), "count": ""}])
    ]
    for section, members in groupby(items, key=lambda item: item.section):
        links = [
            {
                "label": item.label,
                "name": item.url_name,
                "url": reverse(item.url_name),
                "count": item.count.shown(found[item.count]) if item.count and found[item.count] else "",
                "overdue": bool(item.overdue and found[item.overdue]),
            }
            for item in members
        ]
        if section == "overview":
            shown[0][1].extend(links)
        else:
            shown.append((panels.SECTIONS[section], links))
    return shown
