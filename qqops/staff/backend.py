"""The authentication backend. It loads a staff member with roles, second factor and emergency access in one query."""

import datetime
from functools import cache
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.backends import ModelBackend
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils import timezone

from qqops.staff.models import Holding, Staff


def factors() -> QuerySet[Authenticator]:
    """Return the second factors. Recovery codes replace a factor, and are not counted as one."""
    found: QuerySet[Authenticator] = Authenticator.objects.exclude(type=Authenticator.Type.RECOVERY_CODES)
    return found


def at_desk() -> QuerySet[Staff]:
    """Return staff with their roles, emergency access and whether they have a second factor."""
    held = Holding.objects.live().filter(staff=OuterRef("pk")).values("role")
    glass = Holding.objects.live().filter(staff=OuterRef("pk"), glass=True)
    return Staff.objects.annotate(
        held_roles=ArraySubquery(held),
        glass_roles=ArraySubquery(glass.values("role")),
        glass_until=Subquery(glass.values("until")[:1]),
        has_factor=Exists(factors().filter(user=OuterRef("pk"))),
    )


def _this_one(pk: int) -> Staff | None:
    """Return `at_desk` for one key. Every request runs this, so the SQL is compiled only once."""
    sql, params = _statement()
    now = timezone.now()
    filled = [now if isinstance(one, datetime.datetime) else one for one in params[:-1]]
    return next(iter(Staff.objects.raw(sql, [*filled, pk])), None)


@cache
def _statement() -> tuple[str, tuple[Any, ...]]:
    sql, params = at_desk().filter(pk=0).query.sql_with_params()
    assert params[-1] == 0, "the key comes last"
    return sql, params


class RoleBackend(ModelBackend):
    def get_user(self, user_id: int) -> Staff | None:
        staff = _this_one(user_id)
        return staff if staff and staff.may_enter else None

    def user_can_authenticate(self, user: Any) -> bool:
        return bool(user.may_enter)
