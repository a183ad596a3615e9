"""When the database is gone in the middle of a page: say what did and did not happen, not just “error”."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string


class OutageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """An act is one transaction: what the database did not confirm did not happen."""
        if isinstance(exception, OperationalError | InterfaceError):
            return HttpResponse(render_to_string("503.html"), status=503)
        return None
