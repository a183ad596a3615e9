"""A line of the log for each request: who asked for what, what he got, how long it took."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from qqops.boot.logs import without_links
from qqops.boot.probes import PROBES

log = logging.getLogger("qqops.access")  # the name that settings and docs/running.md give it


class AccessMiddleware:
    """No name, no address, nothing of the query or the form. A probe that is well is not worth a line."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        well = request.path_info[1:] in PROBES and response.status_code == 200
        # What somebody typed, so it is written as it went over the wire: ASCII, no line breaks.
        path = without_links(escape_uri_path(request.path))
        told = {"method": request.method, "path": path, "status": response.status_code}
        told["duration_ms"] = round((time.perf_counter() - begun) * 1000)
        # Set by Django once somebody is known; to ask `request.user` could mean a query, of a database that is away.
        if staff := getattr(getattr(request, "_cached_user", None), "pk", None):
            told["staff"] = staff
        level = logging.DEBUG if well else logging.INFO
        log.log(level, "%s %s %d", request.method, path, response.status_code, extra=told)
        return response
