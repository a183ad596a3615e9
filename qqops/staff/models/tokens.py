"""Command tokens: how a person is known at a terminal."""

import datetime
import hashlib
import secrets
from typing import Self

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from qqops.staff.models.people import Staff

TOKEN_LIFE = datetime.timedelta(hours=12)


class CommandToken(models.Model):
    """命令令牌: proves to a terminal that the person is the person. Stored hashed, ≤ 12 h, revocable."""

    staff = models.ForeignKey(Staff, models.PROTECT, verbose_name=_("member of staff"), related_name="command_tokens")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    issued_at = models.DateTimeField(_("issued"), default=timezone.now)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True)

    changeable_columns = ("revoked_at",)

    class Meta:
        verbose_name = _("command token")
        verbose_name_plural = _("command tokens")
        default_permissions = ()
        permissions = (("issue_token", "Can issue own command tokens"),)

    def __str__(self) -> str:
        return f"{self.staff} · {self.issued_at:%Y-%m-%d %H:%M}"

    @staticmethod
    def hash(secret: str) -> str:
        # The secret has 256 random bits, so a plain hash cannot be guessed back.
        return hashlib.sha256(secret.encode()).hexdigest()

    @classmethod
    def new(cls, staff: Staff) -> tuple[Self, str]:
        secret = secrets.token_urlsafe(32)
        return cls(staff=staff, digest=cls.hash(secret), expires_at=timezone.now() + TOKEN_LIFE), secret

    @property
    def is_live(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
