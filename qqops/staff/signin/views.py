"""The sign-in's pages in the house's clothes, the way out, and the page of a first password."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.logout import logout
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth.tokens import default_token_generator
from django.contrib.auth.views import redirect_to_login
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse_lazy
from django.utils.http import urlsafe_base64_decode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST
from django.views.generic.edit import FormView

from qqops.audit.origin import address_of
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.staff.people.services import set_first_password
from qqops.staff.signin import devices, throttle
from qqops.staff.signin import recent_auth as proving
from qqops.staff.signin.forms import WelcomeForm


def at_home(view: Callable[..., Any], *, proof: bool = False) -> Callable[..., Any]:
    """An allauth page with the shell around it; with `proof`, asked for before the page does anything."""

    @require_http_methods(["GET", "HEAD", "POST"])  # Django's form views would take a PUT for a POST
    @wraps(view)
    def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        # Asked for here, also on POST: allauth would keep the form in the session until it is answered.
        if proof and not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if proof and not proving.is_fresh(request):
            return proving.ask(request)
        request.current_app = admin.site.name  # as AdminSite does
        response = view(request, *args, **kwargs)
        if isinstance(response, TemplateResponse):
            shell = admin.site.each_context(request)
            if settings.QQOPS_SECOND_FACTOR and not getattr(request.user, "has_factor", True):
                shell |= {"must_enrol": True, "has_permission": False}  # its links would all lead back here
            response.context_data = shell | (response.context_data or {})
        return response

    return shown


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    logout(request)
    return HttpResponseRedirect(reverse_lazy("account_login"))


class WelcomeView(FormView[WelcomeForm]):
    """Set the first password by the link an approver handed over. A link that is no good says no more than that."""

    template_name = "account/welcome.html"
    form_class = WelcomeForm
    success_url = reverse_lazy("account_login")
    staff: Staff | None = None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if not throttle.hit("welcome", throttle.network(address_of(request))).within:
            return self.render_to_response(
                {"title": _("Too many attempts. Wait five minutes."), "wait": True}, status=429
            )
        self.staff = self._whose(kwargs["uid"], kwargs["token"])
        if self.staff is None:
            return self._dead()
        return sensitive_post_parameters()(super().dispatch)(request, *args, **kwargs)

    def _dead(self) -> HttpResponse:
        return self.render_to_response({"title": _("This link is no good any more"), "dead": True}, status=404)

    @staticmethod
    def _whose(uid: str, token: str, *, people: Any = Staff.objects) -> Staff | None:
        try:
            staff = people.filter(pk=urlsafe_base64_decode(uid).decode()).first()
        except (ValueError, OverflowError):
            return None
        good = staff and staff.may_enter and default_token_generator.check_token(staff, token)
        return staff if good else None

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.staff}

    def get_context_data(self, **more: Any) -> dict[str, Any]:
        return super().get_context_data(**more) | {"title": _("Welcome"), "staff": self.staff}

    def form_valid(self, form: WelcomeForm) -> HttpResponse:
        with transaction.atomic():
            # Again, and now for good: meanwhile the link may have been used, or the person shut out.
            locked = Staff.objects.select_for_update(no_key=True)
            staff = self._whose(self.kwargs["uid"], self.kwargs["token"], people=locked)
            if staff is None:
                return self._dead()
            try:
                set_first_password(staff, form.cleaned_data["new_password1"], form.cleaned_data.get("code", ""))
            except Invalid as error:
                form.add_error("code" if "code" in form.fields else None, str(error))
                return self.form_invalid(form)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        response = super().form_valid(form)
        devices.remember(self.request, response, staff)  # no stranger any more: guesses from outside are not his
        return response
