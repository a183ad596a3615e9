"""A verification is a row of its own; a match proves the item as it is recorded, a mismatch takes the proof away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from accounts.corrections.services import demand, problems, withdraw
from accounts.declarations.services import declare
from accounts.identity.queries import standing
from accounts.identity.services import Proof, Told, record
from accounts.identity.verification import verify
from accounts.models import CorrectionDemand, Identity, Number, Verification
from accounts.retention.erasure import erase
from qqops.audit.models import Event
from qqops.audit.recorder import CHANGED, act
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.demands import WHY
from tests.enforcement.acts import head, verbs
from tests.identities import ADULT, tell

Make = Callable[..., Identity]
MATCH: dict[str, Any] = {"method": "registry", "result": "match", "source": "人口库", "basis": "网络安全法第二十六条"}


def fresh(identity: Identity) -> Identity:
    return Identity.objects.select_related("tenure").get(pk=identity.pk)


def test_a_match_proves_the_item_closes_what_was_demanded_and_leaves_its_rows(identity: Make, agent: Staff) -> None:
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


@pytest.mark.parametrize(("result", "tells"), [("mismatch", True), ("unverifiable", False)])
def test_a_mismatch_takes_the_proof_away_and_counts_as_wrong_and_not_knowing_leaves_both(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff, result: str, tells: bool
) -> None:
    one = tell(number(), setup_actor, verified=("document",))
    for field in ("document", "name"):  # proved before, and never proved
        before = head()
        verify(fresh(one), field, **MATCH | {"result": result}, actor=agent)
        now = fresh(one)
        assert (bool(getattr(now, f"{field}_mismatch_at")), "wrong" in standings(now)[field]) == (tells, tells)
        assert Event.objects.get(seq__gt=before).rows == {"accounts_verification": 1} | (
            {"accounts_historicalidentity": 1} if tells else {}
        )
        demand_of(now, field, agent)
    assert bool(now.document_verified_at) is not tells and now.name_verified_at is None
    verify(now, "name", **MATCH, actor=agent)
    assert fresh(one).name_mismatch_at is None and fresh(one).name_verified_at
    assert whole()


def standings(identity: Identity) -> dict[str, str]:
    return {item.field.value: item.problem for item in standing(identity.tenure)}


def demand_of(identity: Identity, field: str, actor: Staff) -> None:
    """That it is wrong may be demanded, once, however it is known."""
    assert problems(identity.tenure, field).count("wrong") == 1
    withdraw(demand(identity.tenure, field, "wrong", actor=actor, reason=WHY), actor=actor, reason=WHY)


def test_a_proof_from_before_a_mismatch_does_not_undo_it_and_one_from_after_does(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    n = number()
    one, before = tell(n, setup_actor), timezone.now()
    verify(one, "mobile", **MATCH | {"result": "mismatch"}, actor=agent)
    for at, wrong in ((before, True), (timezone.now(), False)):
        proofs = {"mobile": Proof("carrier", "运营商", at)}
        told = [Told(one.pk, {"mobile": ADULT["mobile"]}, proofs=proofs)]
        done = record(told, actor=setup_actor, reason="as the registration system tells")
        assert (done.same, done.changed) == (int(wrong), int(not wrong))
        assert (fresh(one).mobile_mismatch_at is not None, fresh(one).mobile_verified_at is None) == (wrong, wrong)
    assert whole()


def test_only_what_was_given_and_only_with_a_source_and_without_personal_data(identity: Make, agent: Staff) -> None:
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
    identity: Make, agent: Staff, reviewer: Staff, officer: Staff, setup_actor: Staff
) -> None:
    own, stopped, erased = identity(), identity(), identity()
    declare(agent, [own.tenure.number_id], "own", actor=agent)
    with act("identity.recorded", actor=setup_actor, reason="as a test needs it", facts={"identities": 1}) as given:
        Identity.objects.filter(pk=stopped.pk).update(locked_at=timezone.now())
        given.history(Identity, [stopped.pk], CHANGED)
    erase([erased.pk], basis="reapplied", actor=Staff.objects.system("system-retention"), reason="")
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
