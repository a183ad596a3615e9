"""Proposals: one form one proposal, an agreement to what was seen, an end in time; what the record proves of them."""

import contextlib
import datetime
import uuid
from collections.abc import Callable
from importlib import import_module

import psycopg
import pytest
import time_machine
from django.utils import timezone

from accounts.declarations.services import declare
from accounts.models import Number, NumberRange, ResourceProposal
from accounts.resources import services as resources
from accounts.resources.policy import BOTH, PROPOSAL_LIFE, Kind
from accounts.resources.proposal_queries import inbox, story_of_proposal
from accounts.resources.services import campaigns, numbers, ranges
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.access.services import revoke
from qqops.staff.models import Staff
from qqops.staff.people.services import give
from tests.cast import make_numbers
from tests.enforcement.acts import broken, head, verbs
from tests.qqops.audit.superuser import superuser
from tests.supply import WHY, carry_out

pytestmark = pytest.mark.django_db
Supply = Callable[..., NumberRange]
SECOND = datetime.timedelta(seconds=1)


@pytest.fixture
def waiting(cast: dict[str, Staff], supply: Supply) -> ResourceProposal:
    """To retire an open range: it needs a supervisor."""
    opened = supply(284_000_000, 284_000_999)
    return resources.propose(ranges.moved(opened, "retired"), actor=cast["resources"], reason=WHY)


def test_the_same_form_is_one_proposal(cast: dict[str, Staff]) -> None:
    key, wanted = uuid.uuid4(), ranges.wanted(284_000_000, 284_000_999, "public", "growth")
    first = resources.propose(wanted, actor=cast["resources"], reason=WHY, form_key=key)
    with pytest.raises(resources.AlreadyProposed) as again:
        resources.propose(wanted, actor=cast["resources"], reason=WHY, form_key=key)
    assert again.value.proposal == first
    assert NumberRange.objects.count() == 1


def test_it_waits_for_who_may_rule_on_it_and_for_nobody_else(cast: dict[str, Staff], waiting: ResourceProposal) -> None:
    found = {login for login, person in cast.items() if waiting in inbox(person)}
    assert found == {"supervisor", "supervisor2"}
    resources.refuse(waiting, actor=cast["supervisor"], reason="not this quarter", content_hash=waiting.content_hash)
    assert not any(inbox(person).exists() for person in cast.values())


def test_who_declared_a_number_of_the_list_neither_rules_on_it_nor_is_asked(cast: dict[str, Staff]) -> None:
    make_numbers([284_917_059], "reserved")
    declare(cast["supervisor"], [284_917_059], "relative", actor=cast["supervisor"])
    wanted = numbers.moved([284_917_059], "pre_release")
    waiting = resources.propose(wanted, actor=cast["resources"], reason=WHY)
    assert not inbox(cast["supervisor"]).exists()
    assert inbox(cast["supervisor2"]).get() == waiting
    with pytest.raises(Refused):
        resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)


def test_after_its_time_it_is_over_at_once_and_the_sweep_says_so(
    cast: dict[str, Staff], waiting: ResourceProposal, expiry_actor: Staff
) -> None:
    with time_machine.travel(timezone.now() + PROPOSAL_LIFE + SECOND):
        with pytest.raises(Invalid, match="has lapsed"):
            resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
        assert not inbox(cast["supervisor"]).exists()
        before = head()
        assert (resources.lapse(actor=expiry_actor), resources.lapse(actor=expiry_actor)) == (1, 0)
        assert verbs(before) == ["resource.lapsed"]
    waiting.refresh_from_db()
    assert waiting.state == State.LAPSED
    assert [event.verb for event in story_of_proposal(waiting)] == ["resource.lapsed", "resource.proposed"]
    assert broken() == []


def test_who_lost_the_role_in_which_he_proposed_has_proposed_nothing(
    cast: dict[str, Staff], waiting: ResourceProposal
) -> None:
    """He is still here, in another role."""
    maker = cast["resources"]
    with recorder.act(
        "staff.joined",
        actor=Staff.objects.system("system-setup"),
        reason="two roles",
        subject=maker,
        facts={"login": "x", "role": "x"},
    ) as act:
        give(maker, "agent", act)
    revoke(maker, "resources", actor=cast["supervisor2"], reason="moved to another team")
    before = head()
    with pytest.raises(Invalid, match="may not make it any more"):
        resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    assert (verbs(before), NumberRange.objects.get().state) == ([], "available")
    done = resources.refuse(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    assert done.state == State.REFUSED
    assert broken() == []


def test_who_declared_a_number_since_he_proposed_has_proposed_nothing(cast: dict[str, Staff]) -> None:
    make_numbers([284_917_059], "reserved")
    wanted = numbers.moved([284_917_059], "pre_release")
    waiting = resources.propose(wanted, actor=cast["resources"], reason=WHY)
    declare(cast["resources"], [284_917_059], "own", actor=cast["resources"])
    with pytest.raises(Invalid, match="may not make it any more"):
        resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    assert Number.objects.get().lifecycle == "reserved"


def test_when_more_people_must_agree_than_were_asked_it_is_made_anew(
    cast: dict[str, Staff], waiting: ResourceProposal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_module("accounts.resources.services.proposals"), "rule_for", lambda case: BOTH)
    with pytest.raises(Invalid, match="More people must agree"):
        resources.approve(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    assert NumberRange.objects.get().state == "available"
    before = head()
    done = resources.refuse(waiting, actor=cast["supervisor"], reason=WHY, content_hash=waiting.content_hash)
    assert (done.state, verbs(before)) == (State.REFUSED, ["resource.refused"])


def named() -> set[tuple[str, str]]:
    return {(b.what, b.row.split(" history")[0]) for b in broken()}


def test_a_proposal_called_applied_without_its_approval_is_named(
    cast: dict[str, Staff], waiting: ResourceProposal
) -> None:
    with recorder.act("resource.approved", actor=cast["supervisor"], reason=WHY, facts={"kind": waiting.kind}) as act:
        waiting.state = State.APPLIED
        waiting.save(update_fields=["state"])
        act.wrote(recorder.history_model(ResourceProposal))
    assert named() == {("approval", f"proposal {waiting.pk}")}


def test_a_range_that_nobody_proposed_or_other_than_was_proposed_is_named(
    cast: dict[str, Staff], waiting: ResourceProposal
) -> None:
    """Written with its history and event, as a programme error would: the trail alone is in order."""
    open_ = NumberRange.objects.get()
    with recorder.act(
        "range.opened", actor=cast["resources"], reason=WHY, facts={"pool": "public", "targets": 10}
    ) as act:
        slipped = NumberRange(
            numbers=(284_100_000, 284_100_010), pool="public", state="available", purpose="x", multiplier=1, offset=0,
            proposal=waiting,
        )  # fmt: skip
        NumberRange.objects.bulk_create([slipped])
        act.history(NumberRange, [slipped.pk], recorder.CREATED)
    assert named() == {("proposal", f"range {slipped.pk}")}
    assert open_.pk != slipped.pk


AGREED = "UPDATE accounts_resourceapproval SET %s WHERE proposal_id = {moved}"
TAMPERED = (
    ("UPDATE accounts_numberrange SET pool = 'premium'", "proposal", "range {range}"),
    ("UPDATE accounts_numberrange SET numbers = int8range(284000000, 284000500)", "proposal", "range {range}"),
    ("UPDATE accounts_resourceproposal SET kind = 'tier' WHERE id = {opened}", "proposal", "range {range}"),
    (AGREED % "content_hash = 'x'", "approval", "proposal {moved}"),
    (AGREED % "agreed = false", "approval", "proposal {moved}"),
    (AGREED % "capacity = 'x'", "approval", "proposal {moved}"),
    ("DELETE FROM accounts_resourceapproval WHERE proposal_id = {moved}", "approval", "proposal {moved}"),
    ("UPDATE accounts_campaign SET quota = quota + 1", "proposal", "campaign {campaign}"),
)


@pytest.mark.django_db(transaction=True)
def test_what_is_changed_behind_the_back_of_the_house_is_named(cast: dict[str, Staff], supply: Supply) -> None:
    opened = supply(284_000_000, 284_000_999)
    moved = ResourceProposal.objects.filter(kind=Kind.RANGE_MOVE).latest("pk")
    now = timezone.now()
    wanted = campaigns.wanted("spring", "youth association", "letter 118", 100, now, now + PROPOSAL_LIFE)
    campaign = carry_out(wanted, cast["resources"], cast["supervisor"]).campaign
    places = {"range": opened.pk, "opened": opened.proposal_id, "moved": moved.pk, "campaign": campaign.pk}
    assert broken() == []
    for sql, what, row in TAMPERED:
        with contextlib.suppress(psycopg.Rollback), superuser() as cursor:
            cursor.execute(sql.format(**places))
            assert cursor.rowcount > 0, sql
            assert (what, row.format(**places)) in {(b.what, b.row) for b in broken(cursor)}, sql
            raise psycopg.Rollback
    assert broken() == []


def test_a_move_that_no_act_of_its_kind_made_is_named(cast: dict[str, Staff], number: Callable[..., Number]) -> None:
    one = number("quarantined")
    with recorder.act(
        "number.protected", actor=cast["supervisor"], reason="not what it says", facts={"numbers": 1}
    ) as act:
        Number.objects.filter(pk=one.pk).update(lifecycle="available")
        act.history(Number, [one.pk])
    assert [(b.what, b.table, b.row.split(" history")[0]) for b in broken()] == [
        ("cause", "accounts_historicalnumber", f"number {one.pk}")
    ]
