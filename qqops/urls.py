from django.contrib import admin
from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from qqops.boot.probes import PROBES

urlpatterns = [
    path("", require_safe(RedirectView.as_view(pattern_name="admin:index")), name="root"),
    *(path(name, probe, name=name) for name, probe in PROBES.items()),  # see ProbesMiddleware
    path("account/", include("qqops.staff.signin.urls")),
    path("admin/", admin.site.urls),
]
