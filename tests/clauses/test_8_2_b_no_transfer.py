"""8.2(b): a number passes to nobody else, but by the operator's licence with its papers and two people."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.holders import correction
from accounts.holders.new_holder import Holder
from accounts.identity.formats import Field
from accounts.identity.queries import masked
from accounts.identity.services import Proof
from accounts.models import HolderCorrection, Number, ResourceProposalKey, RuleVersion, Tenure
from accounts.resources import services as resources
from accounts.resources.services import Wanted
from accounts.retention import holds
from enforcement.policy import Kind as Act
from qqops.approvals.models import State
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import approve, broken, decide
from tests.identities import tell

pytestmark = pytest.mark.usefixtures("english")
WHY = "licence 2026-7 of the operator"
PAPERS = {"licence": "L-2026-7", "before": "D-11", "after": "D-12"}
WANG = {"name": "王小芳", "document": "110101199003071233", "mobile": "+8613912345670"}


def holder(verified: tuple[str, ...] = ("document", "mobile"), **values: str) -> Holder:
    proof = Proof("registry", "population registry", timezone.now())
    return Holder(values or WANG, "resident", dict.fromkeys(verified, proof))


def to_wang(number: Number, papers: dict[str, str] = PAPERS, **more: object) -> Wanted:
    assert number.tenure_id
    return correction.wanted(number.pk, number.tenure_id, papers, holder(**more))  # type: ignore[arg-type]


@pytest.mark.django_db
def test_the_licence_ends_one_tenure_and_begins_another_and_nothing_of_the_first_goes_over(
    cast: dict[str, Staff], rulebook: RuleVersion, number: Callable[..., Number], setup_actor: Staff
) -> None:
    sold = number(paid=True)
    tell(sold, setup_actor)
    proposal = resources.propose(to_wang(sold), actor=cast["privacy"], reason=WHY)
    assert proposal.state == State.PROPOSED
    assert proposal.sealed is not None
    assert "王小芳".encode() not in bytes(proposal.sealed)
    assert Tenure.objects.get(number=sold, ended_at=None).pk == sold.tenure_id

    resources.approve(
        proposal, actor=cast["supervisor"], reason="papers are in order", content_hash=proposal.content_hash
    )
    first, second = Tenure.objects.filter(number=sold).order_by("seq")
    number_now = Number.objects.get(pk=sold.pk)
    assert (first.pk, number_now.tenure_id, number_now.lifecycle) == (sold.tenure_id, second.pk, "in_use")
    assert first.ended_at == second.started_at
    assert (second.seq, second.channel, second.channel_ref, second.paid) == (2, "other", "L-2026-7", True)
    assert masked(second.identity)[Field.NAME] == "王**"
    assert masked(first.identity)[Field.NAME] == "张**"
    assert second.registrant.recorded_at >= second.started_at
    kept = HolderCorrection.objects.get(proposal=proposal)
    assert (kept.before_id, kept.after_id) == (first.pk, second.pk)
    assert not ResourceProposalKey.objects.filter(pk=proposal.pk).exists()
    verbs = list(Event.objects.order_by("-seq").values_list("verb", flat=True)[:3])
    assert sorted(verbs) == ["identity.recorded", "number.holder_corrected", "resource.approved"]
    assert broken() == []


@pytest.mark.django_db
def test_it_takes_two_people_all_papers_and_a_verified_identity(
    cast: dict[str, Staff], rulebook: RuleVersion, number: Callable[..., Number]
) -> None:
    sold = number()
    privacy = cast["privacy"]
    for maker in ("resources", "supervisor", "officer", "agent"):
        with pytest.raises(Refused, match="Your role may not"):
            resources.propose(to_wang(sold), actor=cast[maker], reason=WHY)
    with pytest.raises(Invalid, match="Name the papers"):
        resources.propose(to_wang(sold, {"licence": "L-2026-7"}), actor=privacy, reason=WHY)
    with pytest.raises(Invalid, match="Not verified"):
        resources.propose(to_wang(sold, verified=("mobile",)), actor=privacy, reason=WHY)
    with pytest.raises(Invalid, match="The registration lacks"):
        resources.propose(to_wang(sold, name="王小芳"), actor=privacy, reason=WHY)
    proposal = resources.propose(to_wang(sold), actor=privacy, reason=WHY)
    with pytest.raises(Refused, match="another person"):
        resources.approve(proposal, actor=privacy, reason="in order", content_hash=proposal.content_hash)
    assert Tenure.objects.filter(number=sold).count() == 1


@pytest.mark.django_db
def test_nobody_gets_rid_of_a_measure_or_a_hold_by_another_name(
    cast: dict[str, Staff], rulebook: RuleVersion, numbers: Callable[..., list[int]]
) -> None:
    frozen, held, ended = (Number.objects.get(pk=pk) for pk in (*numbers(2), *numbers(1, "terminated")))
    waiting = resources.propose(to_wang(frozen), actor=cast["privacy"], reason=WHY)
    decide(Act.FREEZE, [frozen.pk], cast["officer"])
    assert held.tenure_id is not None
    holds.place([held.tenure_id], "legal", "(2026) 7", actor=cast["officer"], reason="order of the court")
    for one, why in ((frozen, "measure is in force"), (held, "Something holds"), (ended, "only while the number")):
        with pytest.raises(Invalid, match=why):
            resources.propose(to_wang(one), actor=cast["privacy"], reason=WHY)
    with pytest.raises(Invalid, match="measure is in force"):
        resources.approve(
            waiting, actor=cast["supervisor"], reason="papers are in order", content_hash=waiting.content_hash
        )
    assert Tenure.objects.filter(number=frozen).count() == 1


@pytest.mark.django_db
def test_nobody_escapes_a_decision_that_waits_by_another_name(
    cast: dict[str, Staff], rulebook: RuleVersion, number: Callable[..., Number]
) -> None:
    one = number()
    before = resources.propose(to_wang(one), actor=cast["privacy"], reason=WHY)
    report = decide(Act.TERMINATE, one, cast["officer"])
    with pytest.raises(Invalid, match="Something holds"):
        resources.propose(to_wang(one), actor=cast["privacy"], reason=WHY)
    with pytest.raises(Invalid, match="Something holds"):
        resources.approve(
            before, actor=cast["supervisor2"], reason="papers are in order", content_hash=before.content_hash
        )
    assert approve(report, cast["supervisor"]).applied == 1
    one.refresh_from_db()
    assert one.lifecycle == "terminated"
    assert broken() == []
