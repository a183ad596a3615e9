"""Middleware that answers with 503 when the database or the sealing keys are not available."""

import logging
from collections.abc import Callable

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from qqops.crypto import keys
from qqops.crypto.seal import CannotOpen

log = logging.getLogger(__name__)


class OutageMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            keys.ready()  # the database may have been down at start: check again until the keys are known to fit
        except (OperationalError, InterfaceError, keys.UnfitKeys) as error:
            return self.answer(error)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Answer with 503. An act is one transaction, so nothing was done unless the database confirmed it."""
        if isinstance(exception, OperationalError | InterfaceError | CannotOpen):
            return self.answer(exception)
        return None

    def answer(self, error: Exception) -> HttpResponse:
        if isinstance(error, CannotOpen | keys.UnfitKeys):
            log.error("Sealed information cannot be opened: %s", error)  # the message names a key at most
            return HttpResponse(render_to_string("503_sealed.html"), status=503)
        return HttpResponse(render_to_string("503.html"), status=503)
