"""Members of staff and their command tokens."""

import datetime
import hashlib
import secrets
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from qqops.audit.history import History
from qqops.errors import Refused

TOKEN_LIFE = datetime.timedelta(hours=12)


class StaffManager(UserManager["Staff"]):
    def create_superuser(self, *args: Any, **kwargs: Any) -> "Staff":
        raise Refused(gettext_noop("There are no superusers: every right comes from a role."))

    def system(self, login: str) -> "Staff":
        """Return a named system actor."""
        return self.get(username=login, is_system=True)


class Staff(AbstractUser):
    """工作人员. Never deleted: the record names them for ever."""

    # Sign-ins belong on the trail; a column that changes at each of them does not belong in the history.
    last_login = None
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(_("name"), max_length=80, blank=True)
    is_system = models.BooleanField(_("system actor"), default=False, editable=False)
    is_demo = models.BooleanField(_("demo login"), default=False, editable=False)  # has no entry in production

    objects: ClassVar[StaffManager] = StaffManager()
    history = History(excluded_fields=["password"])

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        default_permissions = ("view",)
        constraints = (
            models.CheckConstraint(condition=models.Q(is_superuser=False), name="staff_no_superuser"),
            models.CheckConstraint(
                condition=models.Q(is_system=False) | models.Q(is_staff=False, password__startswith="!"),
                name="staff_system_cannot_log_in",
            ),
        )

    def __str__(self) -> str:
        return self.name and f"{self.name} ({self.username})" or self.username

    @property
    def may_enter(self) -> bool:
        return self.is_active and not self.is_system and not (self.is_demo and settings.PRODUCTION)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.username


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
