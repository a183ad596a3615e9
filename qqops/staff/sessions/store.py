"""Where sessions live (SESSION_ENGINE), and how long: 30 minutes idle, 12 hours in all.

Django's database sessions with two changes: the row's key is a digest of the cookie, and the row says whose it is,
so that it can be listed and ended.
"""

import datetime
import hashlib
import time
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends import db
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.utils import timezone

from qqops.audit.origin import address_of

IDLE = datetime.timedelta(minutes=30)
HALFWAY = datetime.timedelta(minutes=15)  # for the steps of a sign-in that is not complete yet
TOUCH = datetime.timedelta(minutes=1)  # how exactly idleness is measured: one write a minute at most
ENTERED = "entered"  # the session's own account of its beginning


def absolute() -> datetime.timedelta:
    return datetime.timedelta(seconds=settings.SESSION_COOKIE_AGE)


def enter(request: HttpRequest) -> None:
    """Write into a session that was just signed in: since when, from where, by which browser."""
    request.session[ENTERED] = {
        "at": time.time(),
        "address": address_of(request),
        "browser": "".join(filter(str.isprintable, request.META.get("HTTP_USER_AGENT", "")))[:200],
    }


class SessionStore(db.SessionStore):
    model: Any
    row: Any = None  # as read from the database

    @classmethod
    def get_model_class(cls) -> Any:
        from qqops.staff.models import StaffSession

        return StaffSession

    @staticmethod
    def row_key(session_key: str | None) -> str:
        return hashlib.sha256((session_key or "").encode()).hexdigest()[:40]

    def _get_session_from_db(self) -> Any:
        try:
            self.row = self.model.objects.get(
                session_key=self.row_key(self.session_key), expire_date__gt=timezone.now()
            )
        except (self.model.DoesNotExist, SuspiciousOperation):
            self._session_key = None
            return None
        return self.row

    def exists(self, session_key: str | None) -> bool:
        return bool(self.model.objects.filter(session_key=self.row_key(session_key)).exists())

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self.session_key:
            self.model.objects.filter(session_key=self.row_key(key)).delete()

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        now = timezone.now()
        entered = data.get(ENTERED) or {}
        started = datetime.datetime.fromtimestamp(entered["at"], datetime.UTC) if entered else None
        return self.model(
            session_key=self.row_key(self._get_or_create_session_key()),  # type: ignore[attr-defined]  # not in its stubs
            session_data=self.encode(data),
            expire_date=min(now + IDLE, started + absolute()) if started else now + HALFWAY,
            staff_id=data.get(SESSION_KEY),
            started_at=started,
            seen_at=now,
            address=entered.get("address"),
            browser=entered.get("browser", ""),
        )

    def touch(self) -> None:
        """Count the idle time anew, at most once a minute."""
        row, now = self.row, timezone.now()
        if row is None or row.started_at is None or now - row.seen_at < TOUCH:
            return
        self.model.objects.filter(pk=row.pk).update(
            seen_at=now, expire_date=min(now + IDLE, row.started_at + absolute())
        )
