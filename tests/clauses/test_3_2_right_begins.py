"""3.2: the right of use begins when the registration is completed, not at the first login; 8.2(a): for whom."""

import datetime
from collections.abc import Callable

from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.models import LoginFact, Number, NumberRange, Registrant
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, holder, terms, wish


def test_3_2_the_tenure_begins_with_the_completed_registration_without_any_login(
    supply: Callable[..., NumberRange], resources: Staff
) -> None:
    supply(203_164_000, 203_164_999)
    completed = timezone.now() - datetime.timedelta(hours=3)
    done = allocate(
        wish("public", 2, terms=terms(at=completed), holders=[holder(1), holder(2)]), actor=resources, reason=WHY
    )
    for one in done:
        number = Number.objects.select_related("tenure").get(pk=one.number)
        assert number.tenure is not None
        assert (number.lifecycle, number.tenure.started_at) == ("allocated", completed)
        assert not LoginFact.objects.filter(tenure=one.tenure).exists()
        assert Registrant.objects.get(tenure=one.tenure).mobile is not None  # 8.2(a): whoever registered
