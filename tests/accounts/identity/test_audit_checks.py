"""What `audit_verify` says of identities that cannot be read, or can be though they were erased."""

from collections.abc import Callable

from django.db import connection

from accounts.models import Identity, IdentityKey
from accounts.retention.erasure import erase
from qqops.staff.models import Staff
from tests.enforcement.acts import broken


def test_a_key_that_went_or_came_back_behind_the_application_is_named(
    identity: Callable[..., Identity], cast: dict[str, Staff]
) -> None:
    one, erased = identity(), identity()
    kept = IdentityKey.objects.get(pk=erased.pk)
    erase([erased.pk], basis="reapplied", actor=Staff.objects.system("system-retention"), reason="")
    assert not IdentityKey.objects.filter(pk=erased.pk).exists() and broken() == []
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM accounts_identitykey WHERE tenure_id = %s", [one.pk])
    kept.save(force_insert=True)  # as a backup of this one table would bring it back
    assert [(b.what, b.table, b.row) for b in broken()] == [
        ("sealing", "accounts_identity", f"tenure {pk}") for pk in (one.pk, erased.pk)
    ]
