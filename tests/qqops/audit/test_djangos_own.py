"""Django's own ways to change staff, groups and permissions, and its own log: shut, or on the trail."""

import pytest
from django.conf import settings
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import FieldDoesNotExist
from django.db import DatabaseError, connection, transaction

from qqops.core.commands import Exit
from qqops.staff.models import Staff
from tests.enforcement.acts import head, verbs
from tests.qqops.audit.rows import rows
from tests.terminal import Terminal

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "words",
    [
        ("changepassword",),
        ("changepassword", "officer"),
        ("createsuperuser",),
        ("createsuperuser", "--username", "boss", "--noinput"),
    ],
    ids=" ".join,
)
def test_djangos_commands_on_staff_are_refused_and_say_what_is_in_their_place(
    terminal: Terminal, officer: Staff, words: tuple[str, ...]
) -> None:
    before, password, people = head(), officer.password, Staff.objects.count()
    said = terminal(None, *words)
    assert said.code != Exit.DONE and said.error
    if "--noinput" not in words:
        assert (said.code, "manage.py staff" in said.error) == (Exit.REFUSED, True)
    officer.refresh_from_db()
    assert (head(), officer.password, Staff.objects.count()) == (before, password, people)


def test_there_is_no_superuser_to_be_made() -> None:
    for flag in ("is_superuser", "is_staff"):
        with pytest.raises(FieldDoesNotExist):
            Staff._meta.get_field(flag)
    assert not hasattr(Staff.objects, "create_superuser")
    assert not hasattr(Staff(), "groups") and not hasattr(Staff(), "user_permissions")


def test_staff_are_changed_in_an_act_or_not_at_all(officer: Staff) -> None:
    before = head()
    officer.is_active = False
    with pytest.raises(LookupError), transaction.atomic():
        officer.save()
    with pytest.raises(LookupError), transaction.atomic():
        Staff.objects.create(username="nobody")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Staff.objects.filter(pk=officer.pk)._raw_delete(connection.alias)
    assert (verbs(before), Staff.objects.get(pk=officer.pk).is_active) == ([], True)


@pytest.mark.parametrize("model", [Group, Permission])
def test_groups_and_permissions_are_made_by_migrations_alone(model: type[Group | Permission]) -> None:
    """What a role may do is code (roles.py): theirs gives nobody anything, and the application cannot write there."""
    given = {"name": "boss"} | ({"codename": "all", "content_type_id": 1} if model is Permission else {})
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        model._default_manager.create(**given)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        model._default_manager.update(name="boss")


def test_djangos_own_log_is_written_by_nobody(officer: Staff) -> None:
    """A log beside the trail would be neither whole nor guarded: the application cannot put a line there."""
    for action in (ADDITION, CHANGE, DELETION):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            LogEntry.objects.log_actions(officer.pk, [officer], action, single_object=True)
    granted = rows(
        "SELECT array_agg(privilege_type::text) FROM information_schema.table_privileges"
        " WHERE table_name = 'django_admin_log' AND grantee NOT IN (%s, 'postgres')",
        settings.DATABASES["owner"]["USER"],
    )
    assert granted == [(["SELECT"],)]
