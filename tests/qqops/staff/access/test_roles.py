"""Which roles exclude each other, by the database too, and that the table of roles names what exists."""

import datetime
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from qqops.core.errors import Invalid
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.exclusion_sql import slots
from qqops.staff.models import Holding, Staff
from qqops.staff.policy import EXCLUSIVE, NOT_IN_EMERGENCY, ROLES
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.acts import WHY, agree, grant, held, now_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)


def test_every_pair_that_excludes_each_other_is_refused_and_every_other_is_not(outsider: Staff) -> None:
    exclusive = {frozenset(pair) for pair in EXCLUSIVE}
    assert {frozenset(("reviewer", "officer")), frozenset(("supervisor", "resources"))} <= exclusive
    for one, other in itertools.product(ROLES, repeat=2):
        with transaction.atomic():
            held(outsider, one)
            if one == other or frozenset((one, other)) in exclusive:
                with pytest.raises(IntegrityError, match="holding_exclusive"), transaction.atomic():
                    held(outsider, other)
            else:
                held(outsider, other)
            transaction.set_rollback(True)


def test_one_after_the_other_excludes_nothing(outsider: Staff) -> None:
    now = timezone.now()
    held(outsider, "officer", since=now - DAY, until=now)
    held(outsider, "reviewer", since=now)
    with pytest.raises(IntegrityError, match="holding_exclusive"), transaction.atomic():
        held(outsider, "auditor", since=now - 2 * DAY, until=now - HOUR)  # not behind the past either


def test_the_database_agrees_with_the_table_of_roles(db: None) -> None:
    """roles.py changed? The database learns it by a migration that replaces `staff_role_slots`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT role, staff_role_slots(role) FROM unnest(%s::text[]) role", [list(ROLES)])
        assert dict(cursor.fetchall()) == slots()


@pytest.mark.django_db(transaction=True)
def test_two_roles_that_exclude_each_other_given_at_once_are_one(
    outsider: Staff, sysadmin: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    for first, second in (("officer", "reviewer"), ("auditor", "agent"), ("sysadmin", "privacy")):
        asked = [request_role(outsider, role, actor=sysadmin, reason=WHY) for role in (first, second)]
        found = together(lambda a=asked: agree(a[0], supervisor), lambda a=asked: agree(a[1], supervisor2))  # type: ignore[misc]
        assert sorted(type(f).__name__ for f in found) == ["Refused", "Ruled"], found
        (role,) = now_of(outsider).roles
        access.revoke(outsider, role, actor=sysadmin, reason="again from the start")

    def raw(role: str) -> Callable[[], Any]:
        def write() -> Any:
            try:
                return held(outsider, role)
            except DatabaseError as error:  # excluded, or one of two that waited for each other
                return Invalid(str(error))

        return write

    for pair in EXCLUSIVE[:6]:
        together(*map(raw, pair))
        live = Holding.objects.live().filter(staff=outsider)
        assert live.count() <= 1
        live.update(until=timezone.now())


def test_a_role_held_is_only_ever_shortened(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    holding = grant(agent, "privacy", sysadmin, supervisor, timezone.now() + HOUR)
    for until in (None, holding.until + HOUR, holding.until + datetime.timedelta(microseconds=1)):  # type: ignore[operator]
        with pytest.raises(IntegrityError, match="only be shortened"), transaction.atomic():
            Holding.objects.filter(pk=holding.pk).update(until=until)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(role="supervisor")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).delete()
    with pytest.raises(IntegrityError, match="holding_in_order"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(until=holding.since - HOUR)
    assert Holding.objects.filter(pk=holding.pk).update(until=timezone.now()) == 1


def test_every_right_in_the_table_exists_and_every_right_of_the_staff_app_is_somebodys() -> None:
    known = set()
    for model in apps.get_models():
        meta = model._meta
        known |= {f"{meta.app_label}.{action}_{meta.model_name}" for action in meta.default_permissions}
        known |= {f"{meta.app_label}.{codename}" for codename, _name in meta.permissions}
    given = {permission for permissions in ROLES.values() for permission in permissions}
    assert given <= known, given - known
    ours = [
        m._meta
        for m in apps.get_models()
        if m._meta.app_label in ("staff", "alerts", "accounts", "enforcement", "appeals")
    ]
    declared = {f"{meta.app_label}.{codename}" for meta in ours for codename, _name in meta.permissions}
    assert declared <= given, declared - given


def test_every_right_in_the_table_is_asked_for_somewhere() -> None:
    source = "".join(
        path.read_text()
        for package in ("qqops", "accounts", "enforcement", "appeals")
        for path in (settings.BASE_DIR / package).rglob("*.py")
        if path != settings.BASE_DIR / "qqops/staff/policy.py" and "migrations" not in path.parts
    )
    given = {permission for permissions in ROLES.values() for permission in permissions}
    pages = {f"{model._meta.app_label}.view_{model._meta.model_name}" for model in admin.site._registry}
    unasked = {right for right in given - pages if f'"{right}"' not in source}
    assert unasked == set() and given >= NOT_IN_EMERGENCY


def test_rights_come_from_roles_held_now_and_from_nothing_else(officer: Staff, outsider: Staff) -> None:
    assert not hasattr(officer, "is_superuser") and not hasattr(officer, "groups")
    assert officer.has_perm("enforcement.make_freeze") and not officer.has_perm("audit.view_event")
    assert officer.has_perms(["enforcement.make_freeze"]) and officer.has_module_perms("enforcement")
    assert not outsider.has_module_perms("enforcement") and not outsider.may_enter
    officer.is_active = False
    assert not officer.has_perm("enforcement.make_freeze") and not officer.may_enter
