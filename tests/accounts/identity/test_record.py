"""What is told of a holder is sealed, kept once, proved, and frozen as the registrant's: 4.1, 8.2(a)."""

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.declarations.services import declare
from accounts.identity.demo import person
from accounts.identity.formats import Field, normalise
from accounts.identity.queries import identities, masked, of_minor, opened, standing
from accounts.models import Identity, IdentityKey, Number, Registrant
from qqops.audit.models import Event
from qqops.audit.verify import checks
from qqops.core.errors import Refused
from qqops.crypto.seal import CannotOpen
from qqops.staff.models import Staff
from tests.identities import ADULT, MINOR, tell

Make = Callable[..., Number]


def whole() -> bool:
    """Inside a test's transaction `verify` cannot take its snapshot; the checks are the same."""
    with connection.cursor() as cursor:
        return list(checks(cursor)) == []


def test_what_is_told_is_sealed_and_masked_and_the_record_holds(number: Make, privacy: Staff) -> None:
    identity = tell(number(), privacy, verified=("document", "mobile"))
    assert opened(identity, Field) == ADULT
    assert masked(identity) == {
        "name": "张**",
        "document": "110***********002X",
        "mobile": "138****5678",
        "email": "z***@example.com",
    }
    assert [item.problem for item in standing(identity.tenure)] == ["", "", "", "", ""]
    event = Event.objects.latest("seq")
    assert (event.verb, event.subject_label) == ("identity.recorded", str(identity.tenure))
    assert event.facts == {"identities": 1, "fields": {"name": 1, "document": 1, "mobile": 1, "email": 1}}
    assert event.rows == {
        "accounts_historicalidentity": 1, "accounts_registrant": 1, "accounts_verification": 2
    }  # fmt: skip
    assert whole()


def test_the_same_told_twice_changes_nothing_and_a_change_leaves_the_registrant(number: Make, privacy: Staff) -> None:
    one = number()
    tell(one, privacy, verified=("mobile",))
    before = Event.objects.count()
    tell(one, privacy)
    assert Event.objects.count() == before
    identity = tell(one, privacy, mobile="+8613700000000", email=None)
    now = opened(identity, Field)
    assert now[Field.MOBILE] == "+8613700000000" and Field.EMAIL not in now
    assert identity.mobile_verified_at is None and identity.email_at is None
    assert opened(Registrant.objects.get(), Field) == ADULT
    assert Identity.history.count() == 2
    assert whole()


def test_nothing_is_recorded_of_ones_own_number(number: Make, privacy: Staff) -> None:
    one = number()
    declare(privacy, [one.pk], "own", actor=privacy)
    with pytest.raises(Refused):
        tell(one, privacy)
    assert not Identity.objects.exists()


def test_what_was_moved_to_another_item_or_tenure_does_not_open(number: Make, privacy: Staff) -> None:
    one, two = tell(number(), privacy), tell(number(), privacy, **MINOR)
    Identity.objects.filter(pk=one.pk).update(name=one.document)
    Identity.objects.filter(pk=two.pk).update(mobile=one.mobile)
    for moved, field in ((one, "name"), (two, "mobile")):
        with pytest.raises(CannotOpen):
            opened(identities().get(pk=moved.pk), (field,))
    key = IdentityKey.objects.get(pk=one.pk)
    IdentityKey.objects.filter(pk=two.pk).update(wrapped=key.wrapped)
    with pytest.raises(CannotOpen):
        opened(identities().get(pk=two.pk), ("name",))


def test_a_minor_is_known_by_the_document(number: Make, privacy: Staff) -> None:
    assert of_minor(tell(number(), privacy, **MINOR))
    assert not of_minor(tell(number(), privacy))


def test_the_people_of_tests_and_demo_are_such_as_the_import_would_take() -> None:
    for one in (ADULT, MINOR, *(person(k)["values"] for k in range(1, 500))):
        for field, value in one.items():
            assert normalise(field, value, "resident") == value
