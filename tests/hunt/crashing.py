"""The house's addresses, and some more that fail while they hold a person's values in hand."""

from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path

from accounts.identity.formats import Field
from accounts.identity.queries import opened
from accounts.models import Identity
from qqops import urls
from qqops.crypto.seal import CannotOpen
from tests.story.canary import ADULT

FAULTS: dict[str, type[Exception]] = {
    "400": BadRequest,
    "suspicious": SuspiciousOperation,
    "403": PermissionDenied,
    "404": Http404,
    "500": RuntimeError,
    "503": OperationalError,
    "sealed": CannotOpen,
}


def fail(request: HttpRequest, fault: str, pk: int) -> HttpResponse:
    identity = Identity.objects.select_related("tenure__identity_key").get(pk=pk)
    values: dict[Any, str] = opened(identity, Field)
    assert values["mobile"] == ADULT["mobile"]
    raise FAULTS[fault]("something went wrong")


urlpatterns = [*urls.urlpatterns, path("fail/<str:fault>/<int:pk>/", fail)]
handler400, handler403, handler404, handler500 = (
    getattr(urls, name, f"django.views.defaults.{default}")
    for name, default in (
        ("handler400", "bad_request"), ("handler403", "permission_denied"), ("handler404", "page_not_found"),
        ("handler500", "server_error"),
    )
)  # fmt: skip
