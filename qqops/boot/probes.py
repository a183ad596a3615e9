"""Probes: /healthz says that the process is alive, /readyz that it can serve requests. See docs/running.md.

ProbesMiddleware answers them before the middleware that needs a host name, an allowed address, a session or a
database, so that a fault in one of these does not look like a dead process.
"""

import time
from collections.abc import Callable
from threading import Lock

from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.db.migrations.loader import MigrationLoader
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_safe

from qqops.audit import partitions
from qqops.boot import translations
from qqops.crypto import keys

HELD = 1.0  # seconds for which a result is reused


class Readiness:
    """The last result of the readiness checks. At most one thread checks at a time, and the others do not wait."""

    def __init__(self) -> None:
        self._looking = Lock()
        self._found: dict[str, str] = {}
        self._until = 0.0

    def now(self) -> dict[str, str]:
        """Return “ok” or the fault of each check. The result is empty until the first check has ended."""
        if time.monotonic() >= self._until and self._looking.acquire(blocking=False):
            try:
                self._found = self.look()
                self._until = time.monotonic() + HELD
            finally:
                self._looking.release()
        return self._found

    def look(self) -> dict[str, str]:
        found = {"catalogue": "ok" if translations.compiled() else "not compiled"}
        try:
            for name, fine, otherwise in (
                ("migrations", self._migrated, "not applied"),
                ("keys", _keys_fit, "do not fit"),
                ("months", _this_month_is_there, "missing"),
            ):
                found[name] = "ok" if fine() else otherwise
        except (OperationalError, InterfaceError):
            return found | {"database": "not reached"}
        return found | {"database": "ok"}

    def _migrated(self) -> bool:
        """Return True if all migrations of this process are applied. Ignore newer ones, applied by an upgrade."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT app, name FROM django_migrations")
                return self._newest <= set(cursor.fetchall())
        except ProgrammingError:  # no table of migrations yet
            return False

    @cached_property
    def _newest(self) -> set[tuple[str, str]]:
        """The last migration of each app in the source code."""
        return set(MigrationLoader(None).graph.leaf_nodes())


def _keys_fit() -> bool:
    try:
        keys.ready()
    except (keys.UnfitKeys, ProgrammingError):
        return False
    return True


def _this_month_is_there() -> bool:
    """Return True if every partitioned table covers the present moment.

    Without its partition, events go to the default partition. An alert reports early that few months lie ahead.
    """
    try:
        return all(one.until and one.until > timezone.now() for one in partitions.state())
    except ProgrammingError:
        return False


readiness = Readiness()


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return JsonResponse({"alive": True})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    found = readiness.now()
    ready = set(found.values()) == {"ok"}
    return JsonResponse({"ready": ready, **found}, status=200 if ready else 503)


PROBES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"healthz": healthz, "readyz": readyz}


class ProbesMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return PROBES.get(request.path_info[1:], self.get_response)(request)
