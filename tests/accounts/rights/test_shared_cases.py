"""A case about several tenures: its papers and its file stay for whichever of them something keeps."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.disclosures import services as disclosures
from accounts.models import DataRequestKey, Disclosure, DisclosureKey, Erasure, Hold, Identity, ReleaseKey
from accounts.retention.erasure import erase
from accounts.retention.holds import lift, place
from accounts.retention.purge import due, purge
from accounts.rights.queries import certificate, files_left
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import STATEMENT, last_year, register, release, review
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, through

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def handed_out(cast: Cast, *about: Identity) -> Disclosure:
    """A disclosure about these, released."""
    made = register(cast["agent"], *(one.tenure.number_id for one in about), period=last_year())
    release(review(made, cast["privacy"], "registrant"), cast["supervisor"])
    return made


def test_erasing_one_leaves_the_papers_and_the_file_of_a_request_that_is_about_another_too(
    former: Make, cast: Cast, retention: Staff
) -> None:
    one, other = former(), former()
    shared, alone = handed_out(cast, one, other), handed_out(cast, one)
    done = erase([one.pk], basis="retention", actor=retention, reason="")
    assert (done.erased, done.cleared) == (1, {"identity": 1, "releases": 1, "disclosures": 1})
    assert set(DisclosureKey.objects.values_list("pk", flat=True)) == {shared.pk}
    assert set(ReleaseKey.objects.values_list("release__disclosure", flat=True)) == {shared.pk}
    assert disclosures.open_it(shared, "statement", actor=cast["privacy"]).statement == STATEMENT
    with pytest.raises(Invalid):
        disclosures.open_it(alone, "statement", actor=cast["privacy"])
    found = Erasure.objects.get()
    assert found.cleared == {"identity": 1, "releases": 1, "disclosures": 1}
    assert found.kept == ["registers", "record", "disclosures", "releases"]
    assert [made.disclosure for made in files_left(found, cast["privacy"])] == [shared]
    for language in ("zh-hans", "en"):  # that letter goes to the person, who may not learn of the request
        assert shared.receipt not in certificate(found, language)
    assert "statements and scans" not in certificate(found, "en") and "also concerns others" in certificate(found, "en")
    assert due() == purge(actor=retention) == {}
    with time_machine.travel(timezone.now() + 31 * DAY):
        assert due() == purge(actor=retention) == {"releases": 1}
        assert not files_left(found, cast["privacy"])
    with time_machine.travel(timezone.now() + 3 * 366 * DAY):
        assert purge(actor=retention) == {"identity": 1}  # the other's, and with it what was about both
        assert not DisclosureKey.objects.exists()
    assert whole()


def test_a_file_goes_when_the_last_of_those_whom_it_is_about_is_erased(
    former: Make, cast: Cast, retention: Staff
) -> None:
    one, other = former(), former()
    shared = handed_out(cast, one, other)
    for person, left in ((one, True), (other, False)):
        assert through(person, cast).outcome == "granted"
        assert ReleaseKey.objects.filter(release__disclosure=shared).exists() == left
    with pytest.raises(Invalid, match="was erased"):
        disclosures.open_it(Disclosure.objects.get(pk=shared.pk), "file", actor=cast["privacy"])


def test_a_file_that_a_later_hold_keeps_goes_by_the_sweep_when_it_is_lifted(
    former: Make, cast: Cast, retention: Staff
) -> None:
    one, other = former(), former()
    handed_out(cast, one, other)
    erase([one.pk], basis="retention", actor=retention, reason="")
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    erase([other.pk], basis="retention", actor=retention, reason="")
    assert due() == purge(actor=retention) == {"kept": 2} and ReleaseKey.objects.exists()
    lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
    assert due() == purge(actor=retention) == {"releases": 1, "disclosures": 1}
    assert not ReleaseKey.objects.exists() and not DisclosureKey.objects.exists()
    assert whole()


def test_what_is_asked_about_one_who_was_erased_before_lasts_its_own_time(
    former: Make, cast: Cast, retention: Staff
) -> None:
    one = former()
    erase([one.pk], basis="retention", actor=retention, reason="")
    later = handed_out(cast, one)
    assert due() == purge(actor=retention) == {}
    assert disclosures.open_it(later, "statement", actor=cast["privacy"]).statement == STATEMENT


def test_the_keys_of_what_is_held_outlast_their_own_time(identity: Make, cast: Cast, retention: Staff) -> None:
    one, other = identity(), identity()
    shared = handed_out(cast, one, other)
    copy = through(one, cast, "copy")
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    with time_machine.travel(timezone.now() + 3 * 366 * DAY):
        assert due() == purge(actor=retention) == {"kept": 4}
        assert DisclosureKey.objects.get().pk == shared.pk and DataRequestKey.objects.get().pk == copy.pk
        assert ReleaseKey.objects.count() == 2
        lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
        assert due() == purge(actor=retention) == {"data_requests": 1, "disclosures": 1, "releases": 2}
    assert whole()
