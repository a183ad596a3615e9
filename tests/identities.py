"""Identities of the tests: invented people, told by the same act as everybody's."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.identity.demo import person
from accounts.identity.formats import DocumentKind
from accounts.identity.services import Proof, Told, record
from accounts.models import Identity, Number, Tenure
from qqops.staff.models import Staff

ADULT: dict[str, Any] = {
    "name": "张伟民",
    "document": "11010519491231002X",
    "mobile": "+8613812345678",
    "email": "zhang.wm@example.com",
}
MINOR: dict[str, Any] = {"name": "李小明", "document": "110101201501014514", "mobile": "+8613912345670"}


def tell(number: Number | Tenure, actor: Staff, /, *, verified: tuple[str, ...] = (), **values: Any) -> Identity:
    """Record these items of the number's holder (ADULT's when none is named); return the identity."""
    tenure = number if isinstance(number, Tenure) else number.tenure
    assert tenure is not None
    values = values or dict(ADULT)
    kind = values.pop("document_kind", DocumentKind.RESIDENT.value if "document" in values else "")
    proofs = {name: Proof("registry", "population registry", timezone.now(), "CSL 26") for name in verified}
    record([Told(tenure.pk, values, kind, proofs)], actor=actor, reason="as the registration system tells")
    return Identity.objects.select_related("tenure__identity_key", "tenure__registrant").get(pk=tenure.pk)


def tell_many(tenures: list[int], actor: Staff) -> None:
    """Record an invented person for each tenure, by its position."""
    told = [
        Told(pk, one["values"], one["document_kind"])
        for pk, one in ((pk, person(k)) for k, pk in enumerate(tenures, 1))
    ]
    record(told, actor=actor, reason="as the registration system tells")


@pytest.fixture
def identity(number: Callable[..., Number], setup_actor: Staff) -> Callable[..., Identity]:
    """`identity()` is an adult's on a new number; items by name, or `identity(**MINOR)`."""

    def make(**values: Any) -> Identity:
        return tell(number(), setup_actor, **values)

    return make
