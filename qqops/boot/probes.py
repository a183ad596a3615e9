"""For machines: does this process answer (/healthz), and can it serve people (/readyz)? docs/running.md says who asks.

Answered before everything that needs a name, an address, a session or a database, so that a fault in one of these is
not taken for a dead process.
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

HELD = 1.0  # seconds for which an answer is given again


class Readiness:
    """What was found last. However many ask, one of them looks, and nobody waits for him."""

    def __init__(self) -> None:
        self._looking = Lock()
        self._found: dict[str, str] = {}
        self._until = 0.0

    def now(self) -> dict[str, str]:
        """Each thing that serving needs, and “ok” or what is wrong with it; empty before anybody has looked."""
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
        """A database that is further on than this process is none of its faults: an upgrade is under way."""
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT app, name FROM django_migrations")
                return self._newest <= set(cursor.fetchall())
        except ProgrammingError:  # not even begun
            return False

    @cached_property
    def _newest(self) -> set[tuple[str, str]]:
        """The last migration of each app, as it lies on the disk."""
        return set(MigrationLoader(None).graph.leaf_nodes())


def _keys_fit() -> bool:
    try:
        keys.ready()
    except (keys.UnfitKeys, ProgrammingError):
        return False
    return True


def _this_month_is_there() -> bool:
    """Without its table what is done lies outside all months. That few lie ahead is told by an alert, in good time."""
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
