"""What the sign-in keeps for a while: sessions, counters of attempts, used codes. Not part of the record."""

from typing import Any

from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.staff.models.people import Staff


class StaffSession(AbstractBaseSession):
    """会话. Its key is the digest of the cookie: whoever reads this table cannot take a session over.

    The other columns repeat what the session's data says of itself (signin/sessions.py), so that it can be listed.
    """

    staff = models.ForeignKey(
        Staff, models.CASCADE, verbose_name=_("member of staff"), null=True, related_name="sessions"
    )
    started_at = models.DateTimeField(_("signed in"), null=True)
    seen_at = models.DateTimeField(_("last seen"))
    address = models.GenericIPAddressField(_("address"), null=True)
    browser = models.CharField(_("browser"), max_length=200, blank=True)

    fleeting = True

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        default_permissions = ()

    @classmethod
    def get_session_store_class(cls) -> Any:
        from qqops.staff.sessions.store import SessionStore

        return SessionStore


class Throttle(models.Model):
    """How often something was tried since a moment; see signin/throttle.py."""

    bucket = models.CharField(max_length=120, primary_key=True)
    since = models.DateTimeField(db_index=True)
    hits = models.IntegerField()

    fleeting = True

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.bucket}: {self.hits}"


class CacheEntry(models.Model):
    """The table of Django's database cache, in its shape: one cache for all workers, so that a code used in one of
    them is used in all."""

    cache_key = models.CharField(max_length=255, primary_key=True)
    value = models.TextField()
    expires = models.DateTimeField(db_index=True)

    fleeting = True

    class Meta:
        db_table = "staff_cache"
        default_permissions = ()

    def __str__(self) -> str:
        return self.cache_key
