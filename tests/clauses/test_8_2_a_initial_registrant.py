"""8.2(a): a number belongs to its initial registrant's tenure; whatever is told later, that record stays."""

from collections.abc import Callable

import pytest
from django.db import DatabaseError, transaction

from accounts.identity.formats import Field
from accounts.identity.queries import opened
from accounts.models import Number, Registrant
from qqops.staff.models import Staff
from tests.identities import ADULT, MINOR, tell


def test_8_2_a_who_registered_stays_recorded_whoever_is_told_of_later(
    number: Callable[..., Number], setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    later = tell(one, setup_actor, **MINOR, email=None)
    assert opened(later, Field) == MINOR
    assert opened(later.tenure.registrant, Field) == ADULT
    assert Registrant.objects.count() == 1


def test_8_2_a_the_database_lets_nobody_rewrite_or_remove_it(number: Callable[..., Number], setup_actor: Staff) -> None:
    tell(number(), setup_actor)
    with pytest.raises(DatabaseError), transaction.atomic():
        Registrant.objects.update(document_kind="passport")
    with pytest.raises(DatabaseError), transaction.atomic():
        Registrant.objects.all()._raw_delete("default")
    assert Registrant.objects.get().document_kind == "resident"
