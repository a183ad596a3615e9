"""Permissions come from roles alone, and arrive with the person in one query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, Value
from django.db.models.functions import Concat

from qqops.staff.models import Staff


def with_permissions() -> Any:
    held = Permission.objects.filter(group__user=OuterRef("pk")).values_list(
        Concat(F("content_type__app_label"), Value("."), F("codename")), flat=True
    )
    return Staff.objects.annotate(held=ArraySubquery(held))


class RoleBackend(ModelBackend):
    def get_user(self, user_id: int) -> Staff | None:
        user: Staff | None = with_permissions().filter(pk=user_id).first()
        if user is None or not user.may_enter:
            return None
        user._perm_cache = set(user.held)  # type: ignore[attr-defined]
        return user

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.may_enter)

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if not hasattr(user_obj, "_perm_cache"):
            fresh = with_permissions().get(pk=user_obj.pk)
            user_obj._perm_cache = set(fresh.held)
        cached: set[str] = user_obj._perm_cache
        return cached

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return perm in self.get_all_permissions(user_obj, obj)
