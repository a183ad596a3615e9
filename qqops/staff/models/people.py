"""Members of staff. What each may do follows from the roles held at the moment (access.py), never from this row."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from qqops.audit.history import UNTOLD, History
from qqops.staff.policy import NOT_IN_EMERGENCY, ROLES


class StaffManager(BaseUserManager["Staff"]):
    def system(self, login: str) -> "Staff":
        """Return a named system actor."""
        return self.get(username=login, is_system=True)


class Staff(AbstractBaseUser):
    """工作人员. Never deleted: the record names them for ever."""

    last_login = None  # sign-ins belong on the trail; a column that changes at each of them not in the history
    username = models.CharField(_("login"), max_length=60, unique=True, validators=[UnicodeUsernameValidator()])
    name = models.CharField(_("name"), max_length=80, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_system = models.BooleanField(_("system actor"), default=False, editable=False)
    is_demo = models.BooleanField(_("demo login"), default=False, editable=False)  # has no entry in production
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    USERNAME_FIELD = "username"

    objects: ClassVar[StaffManager] = StaffManager()
    history = History(excluded_fields=UNTOLD["staff_staff"])

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("staff")
        default_permissions = ("view",)
        permissions = (
            ("request_access", "Can propose whom to let in, and to which role"),
            ("approve_access", "Can approve access"),
            ("end_access", "Can revoke roles, end sessions and deactivate staff"),
            ("unlock", "Can unlock a sign-in"),
            ("break_glass", "Can take a role for an hour in an emergency"),
            ("review_break_glass", "Can review emergency access"),
            ("view_access_report", "Can see who has what and when it was last used"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(is_system=False) | models.Q(password__startswith="!"),
                name="staff_system_cannot_log_in",
            ),
        )

    def __str__(self) -> str:
        return self.name and f"{self.name} ({self.username})" or self.username

    @cached_property
    def _held(self) -> dict[str, bool]:
        """Role → taken in an emergency; they come with the person where `backend.at_desk` brought him."""
        told = getattr(self, "held_roles", None)
        if told is None:
            return dict(self.holdings.live().values_list("role", "glass"))
        return {role: role in self.glass_roles for role in told}  # type: ignore[attr-defined]  # comes with held_roles

    @property
    def roles(self) -> frozenset[str]:
        """The roles held now."""
        return frozenset(self._held)

    @cached_property
    def permissions(self) -> frozenset[str]:
        return frozenset(
            permission
            for role, glass in self._held.items()
            for permission in ROLES.get(role, ())
            if not (glass and permission in NOT_IN_EMERGENCY)
        )

    @property
    def may_enter(self) -> bool:
        """No role, no entry: whoever is between two roles has nothing to do here."""
        return self.is_active and not self.is_system and not (self.is_demo and settings.PRODUCTION) and bool(self.roles)

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """There are no superusers: every right comes from a role held now (roles.py)."""
        return self.is_active and permission in self.permissions

    def has_perms(self, permissions: Iterable[str], obj: Any = None) -> bool:
        return all(map(self.has_perm, permissions))

    def has_module_perms(self, app_label: str) -> bool:
        return any(permission.startswith(f"{app_label}.") for permission in self.permissions)

    def check_password(self, raw_password: str | None) -> bool:
        """As Django's. A better hash of the same password is no act: it leaves no history, and never undoes one."""

        def rehash(password: str) -> None:
            before, self.password = self.password, make_password(password)
            type(self).objects.filter(pk=self.pk, password=before).update(password=self.password)

        return check_password(raw_password, self.password, rehash)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.username
