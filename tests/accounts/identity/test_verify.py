"""A verification is a row of its own; a match proves the item as it is recorded, a mismatch takes the proof away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import CorrectionDemand, Identity, Number, Verification
from accounts.services.correct import demand
from accounts.services.declared import declare
from accounts.services.verify import verify
from qqops.audit.models import Event
from qqops.audit.pen import CHANGED, act
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.demands import WHY
from tests.enforcement.acts import head, verbs
from tests.identities import tell

Told = Callable[..., Identity]
MATCH: dict[str, Any] = {"method": "registry", "result": "match", "source": "人口库", "basis": "网络安全法第二十六条"}


def fresh(identity: Identity) -> Identity:
    return Identity.objects.select_related("tenure").get(pk=identity.pk)


def test_a_match_proves_the_item_closes_what_was_demanded_and_leaves_its_rows(identity: Told, agent: Staff) -> None:
    one = identity()
    demand(one.tenure, "document", "unverified", actor=agent, reason=WHY)
    other = demand(one.tenure, "mobile", "unverified", actor=agent, reason=WHY)
    before = head()
    verify(one, "document", **MATCH, actor=agent, ticket="T-3")
    now = fresh(one)
    assert now.document_verified_at and now.mobile_verified_at is None
    row = Verification.objects.get()
    assert (row.field, row.method, row.result, row.source, row.basis, row.staff) == (
        "document", "registry", "match", "人口库", "网络安全法第二十六条", agent,
    )  # fmt: skip
    closed = CorrectionDemand.objects.get(field="document")
    assert (closed.closed, CorrectionDemand.objects.get(closed_at=None)) == ("met", other)
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_label, event.ticket) == ("identity.verified", str(one.tenure), "T-3")
    assert event.facts == {"field": "document", "method": "registry", "result": "match"}
    assert event.rows == {
        "accounts_verification": 1, "accounts_historicalidentity": 1, "accounts_historicalcorrectiondemand": 1,
    }  # fmt: skip
    assert whole()


@pytest.mark.parametrize(("result", "stays"), [("mismatch", False), ("unverifiable", True)])
def test_a_mismatch_takes_the_proof_away_and_not_knowing_leaves_it(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff, result: str, stays: bool
) -> None:
    one = tell(number(), setup_actor, verified=("document",))
    before = head()
    verify(one, "document", **MATCH | {"result": result}, actor=agent)
    assert bool(fresh(one).document_verified_at) is stays
    assert Event.objects.get(seq__gt=before).rows == {"accounts_verification": 1} | (
        {} if stays else {"accounts_historicalidentity": 1}
    )
    again = head()
    verify(fresh(one), "document", **MATCH | {"result": result}, actor=agent)  # nothing left to take away
    assert Event.objects.get(seq__gt=again).rows == {"accounts_verification": 1}
    assert whole()


def test_only_what_was_given_and_only_with_a_source_and_without_personal_data(identity: Told, agent: Staff) -> None:
    one, before = identity(mobile="+8613812345678"), head()
    with pytest.raises(Invalid):
        verify(one, "document", **MATCH, actor=agent)
    for wrong in ({"source": " "}, {"method": "guess"}, {"result": "perhaps"}, {"source": "by 13812345678"},
                  {"basis": "a.b@example.com"}):  # fmt: skip
        with pytest.raises(Invalid):
            verify(one, "mobile", **MATCH | wrong, actor=agent)
    with pytest.raises(Invalid):
        verify(one, "shoe_size", **MATCH, actor=agent)
    assert verbs(before) == [] and not Verification.objects.exists()
    verify(one, "mobile", **MATCH, actor=agent)


def test_what_was_told_anew_meanwhile_is_not_what_was_verified(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    n = number()
    seen = tell(n, setup_actor)
    tell(n, setup_actor, mobile="+8613700000000")
    with pytest.raises(Invalid):
        verify(seen, "mobile", **MATCH, actor=agent)
    assert fresh(seen).mobile_verified_at is None
    verify(fresh(seen), "mobile", **MATCH, actor=agent)
    assert fresh(seen).mobile_verified_at


def test_not_without_the_right_nor_ones_own_nor_what_is_erased_or_stopped(
    identity: Told, agent: Staff, reviewer: Staff, officer: Staff, setup_actor: Staff
) -> None:
    own, stopped, erased = identity(), identity(), identity()
    declare(agent, [own.tenure.number_id], "own", actor=agent)
    for one, name in ((stopped, "locked_at"), (erased, "erased_at")):
        with act("identity.recorded", actor=setup_actor, reason="as a test needs it") as given:
            Identity.objects.filter(pk=one.pk).update(**{name: timezone.now()})
            given.history(Identity, [one.pk], CHANGED)
    before = head()
    tries = [(own, officer), (own, agent), (fresh(stopped), agent), (fresh(erased), agent)]
    for one, actor in tries:
        with pytest.raises(Refused):
            verify(one, "mobile", **MATCH, actor=actor)
    assert verbs(before) == ["audit.refused"] * 4 and not Verification.objects.exists()
    refusal = Event.objects.get(seq=before + 1)
    assert refusal.facts["act"] == "identity.verify" and refusal.facts["field"] == "mobile"
    verify(own, "mobile", **MATCH, actor=reviewer)
    assert whole()
