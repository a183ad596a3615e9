"""Middleware that logs one line for each request: method, path, status, duration and the key of the staff member."""

import logging
import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.encoding import escape_uri_path

from qqops.boot.logs import without_links
from qqops.boot.probes import PROBES

log = logging.getLogger("qqops.access")  # the name that settings and docs/running.md give it


class AccessMiddleware:
    """Log each request without names, addresses, query string and form data. A successful probe is logged at DEBUG."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        begun = time.perf_counter()
        response = self.get_response(request)
        probe_ok = request.path_info[1:] in PROBES and response.status_code == 200
        # The path is user input: escape it to ASCII without line breaks.
        path = without_links(escape_uri_path(request.path))
        fields = {"method": request.method, "path": path, "status": response.status_code}
        fields["duration_ms"] = round((time.perf_counter() - begun) * 1000)
        # Django sets _cached_user once it has loaded the user. `request.user` could query a database that is down.
        if staff := getattr(getattr(request, "_cached_user", None), "pk", None):
            fields["staff"] = staff
        level = logging.DEBUG if probe_ok else logging.INFO
        log.log(level, "%s %s %d", request.method, path, response.status_code, extra=fields)
        return response
