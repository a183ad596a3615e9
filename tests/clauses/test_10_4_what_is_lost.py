"""10.4: with the end of the right of use what was kept under the number is lost: said before, certified after."""

from collections.abc import Callable
from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Number, PurgeCertificate, Tenure
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import cancelled, ended, later, purged, state, terminate
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import text

__all__ = ["desk"]
Make = Callable[..., Number]


def test_10_4_what_will_be_lost_is_said_before_it_is(desk: Callable[[str], Client], number: Make) -> None:
    page = text(desk("agent").get(f"{reverse('admin:cancel')}?number={number().pk}"))
    assert "what was kept under the number is lost" in page and "its use at partners" in page


def test_10_4_there_is_a_grace_before_the_purge_and_a_certificate_after_it(number: Make) -> None:
    one = number()
    terminate([one.pk])
    with later(days=29):
        assert purged() == {} and state(one.pk) == "terminated"
    with later(days=31):
        assert purged() == {"purged": 1}
    certificate = PurgeCertificate.objects.get(tenure__number=one.pk)
    assert certificate.cleared == {"right_of_use": 1} and set(certificate.kept) == {"record", "registers"}
    assert broken() == []


def test_10_4_a_cancellation_has_no_grace_and_takes_the_identity_with_it(
    identity: Callable[..., Any], agent: Staff
) -> None:
    tenure = identity().tenure
    cancelled([tenure.number_id], agent)
    with later(days=15.1):
        assert ended() == {"cancelled": 1}
    assert PurgeCertificate.objects.get(tenure=tenure).cleared == {"right_of_use": 1, "identity": 1}


def test_10_4_the_certificate_stands_on_the_page_of_the_tenure_that_ended(
    desk: Callable[[str], Client], identity: Callable[..., Any]
) -> None:
    tenure: Tenure = identity().tenure
    terminate([tenure.number_id])
    with later(days=31):
        purged()
    page = text(desk("supervisor").get(reverse("admin:accounts_tenure_change", args=[tenure.pk])))
    for part in ("Purge certificate", "right of use", "identity information and initial registrant", "PIPL 19"):
        assert part in page, part
