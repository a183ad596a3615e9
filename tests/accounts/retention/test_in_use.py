"""A number in use has a holder who is known (Cybersecurity Law 24): his information is not deleted while he has it."""

from collections.abc import Callable

import pytest

from accounts.models import DataRequest, Erasure, Identity
from accounts.retention.erasure import erase
from accounts.retention.holds import lift, place
from accounts.rights.answer import refusal
from accounts.rights.queries import letter
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import register
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, answer, ask, do, end, through
from tests.enforcement.acts import DAY
from tests.enforcement.acts import decide as decided

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db


def test_a_deletion_is_refused_with_the_laws_reason_and_granted_when_the_number_is_given_up(
    identity: Make, cast: Cast, retention: Staff
) -> None:
    one = identity()
    request = ask(one, cast["agent"])
    for outcome in ("granted", "locked"):
        with pytest.raises(Invalid, match="The number is in use"):
            answer(request, cast["privacy"], outcome)
    done = answer(request, cast["privacy"], "refused", refusal(request))
    assert (done.state, Identity.objects.get(pk=one.pk).locked_at) == ("refused", None)
    assert "It may be cancelled first" in letter(done, "en")
    assert erase([one.pk], basis="retention", actor=retention, reason="").kept == 1 and not Erasure.objects.exists()
    end(one, retention)
    again = ask(one, cast["agent"])
    assert refusal(again) == ""
    assert do(answer(again, cast["privacy"]), cast["supervisor"]).outcome == "granted"
    assert Erasure.objects.get().data_request == again and whole()


def test_what_else_keeps_it_has_it_locked_and_a_secret_changes_nothing_of_the_answer(
    identity: Make, cast: Cast
) -> None:
    frozen, secret = identity(), identity()
    decided(Kind.FREEZE, frozen.tenure.number, cast["officer"], duration=3 * DAY)
    assert through(frozen, cast).outcome == "locked"
    register(cast["agent"], secret.tenure.number_id, secret=True)
    request = ask(secret, cast["agent"])
    assert "in use" in refusal(request)
    with pytest.raises(Invalid, match="The number is in use"):
        answer(request, cast["privacy"], "locked")


def test_what_was_to_be_locked_is_not_when_only_the_number_in_use_is_left(identity: Make, cast: Cast) -> None:
    one = identity()
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    request = answer(ask(one, cast["agent"]), cast["privacy"])
    lift(one.tenure.holds.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
    with pytest.raises(Invalid, match="The number is in use"):
        do(request, cast["supervisor"])
    assert DataRequest.objects.get(pk=request.pk).state == "reviewed"
    assert Identity.objects.get(pk=one.pk).locked_at is None
