"""A minor's item is seen only after another person has agreed to exactly that: domain.md §9, SoD 9 and 14."""

import datetime
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from accounts.declarations.services import declare
from accounts.identity.queries import concerns_minor, key_of
from accounts.identity.sealing import seal_items
from accounts.models import Identity, Number, Reveal, RevealApproval, RevealRequest
from accounts.reveals.minors import AlreadyAsked, approve, ask, refuse
from accounts.reveals.services import NeedsApproval, reveal, shown
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.recorder import CHANGED
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.accounts.reveals.test_reveal import anew, frozen, grant, restricted, wanted
from tests.enforcement.acts import head, verbs
from tests.enforcement.runs.test_races import together
from tests.identities import ADULT, MINOR, tell

Make = Callable[..., Identity]
SEEN = "the guardian must be reached today"


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def child(identity: Make, rulebook: Any) -> Identity:
    return identity(**MINOR)


def yes(request: RevealRequest, actor: Staff) -> RevealRequest:
    return approve(request, actor=actor, reason=SEEN, content_hash=request.content_hash)


def test_an_officer_asks_the_privacy_officer_agrees_and_it_is_seen_once(
    child: Identity, officer: Staff, privacy: Staff
) -> None:
    decision, before = frozen(child, officer), head()
    with pytest.raises(NeedsApproval):
        grant(child, decision, officer)
    request = ask(wanted(child, decision), actor=officer)
    assert (request.state, request.approvers) == ("proposed", ["accounts.approve_reveal"])
    assert request.expires_at == request.proposed_at + datetime.timedelta(hours=24)
    with pytest.raises(NeedsApproval):
        grant(child, decision, officer)
    request = yes(request, privacy)
    granted = grant(child, decision, officer)
    assert (granted.request, granted.flags[-1]) == (request, "minor")
    assert shown(granted, actor=officer) == MINOR["mobile"]
    with pytest.raises(NeedsApproval):  # once
        grant(child, decision, officer)
    assert verbs(before) == [
        "audit.refused", "identity.reveal_asked", "audit.refused", "identity.reveal_approved", "identity.revealed",
        "audit.refused",
    ]  # fmt: skip
    rows = {e.verb: e.rows for e in Event.objects.filter(seq__gt=before)}
    assert rows["identity.reveal_asked"] == {"accounts_historicalrevealrequest": 1}
    assert rows["identity.reveal_approved"] == {
        "accounts_revealapproval": 1, "accounts_historicalrevealrequest": 1
    }  # fmt: skip
    assert rows["identity.revealed"] == {"accounts_reveal": 1, "accounts_historicalrevealrequest": 1}
    assert [h.state for h in RevealRequest.history.order_by("history_id")] == ["proposed", "approved", "applied"]
    answer = RevealApproval.objects.get()
    assert (answer.maker, answer.approver, answer.capacity) == (officer, privacy, "accounts.approve_reveal")
    assert whole()


def test_a_child_is_a_child_whichever_of_the_holders_and_the_registrants_items_says_so(
    number: Callable[..., Number], rulebook: Any, officer: Staff, setup_actor: Staff
) -> None:
    one, two, three = number(), number(), number()
    tell(one, setup_actor, name="李小明", mobile=MINOR["mobile"])  # first told without a document
    told_later = tell(one, setup_actor, document=MINOR["document"])
    tell(two, setup_actor, **MINOR)
    as_registered = tell(two, setup_actor, document=ADULT["document"], name="张伟民")
    grown = tell(three, setup_actor, **ADULT)
    for holder in (told_later, as_registered, grown):
        decision = frozen(holder, officer)
        for whose in ("holder", "registrant"):
            if holder == grown:
                assert "minor" not in grant(holder, decision, officer, "name", whose=whose).flags
                continue
            with pytest.raises(NeedsApproval):
                grant(holder, decision, officer, "name", whose=whose)
    assert Reveal.objects.count() == 2


def test_of_two_births_that_contradict_each_other_the_younger_counts(
    identity: Make, rulebook: Any, officer: Staff, setup_actor: Staff
) -> None:
    one = identity(**MINOR)
    key = key_of(one.tenure)
    assert key is not None
    with recorder.act(
        "identity.recorded", actor=setup_actor, reason="as a file of long ago had it", facts={"identities": 1}
    ) as act:
        sealed = seal_items(key, one.pk, {"born": "1980-01-01"})
        Identity.objects.filter(pk=one.pk).update(**sealed, born_at=timezone.now())
        act.history(Identity, [one.pk], CHANGED)
    with pytest.raises(NeedsApproval):
        grant(anew(one), frozen(one, officer), officer)


def test_what_a_page_has_read_long_ago_is_not_what_is_judged(
    child: Identity, officer: Staff, privacy: Staff, setup_actor: Staff
) -> None:
    decision = frozen(child, officer)
    yes(ask(wanted(child, decision), actor=officer), privacy)
    assert concerns_minor(child.tenure)  # whatever it holds is in hand
    tell(child.tenure, setup_actor, mobile="+8613900000003")
    with pytest.raises(NeedsApproval):  # another mobile than that which was agreed to
        grant(child, decision, officer)
    assert not Reveal.objects.exists()
    yes(ask(wanted(child, decision), actor=officer), privacy)
    assert shown(grant(child, decision, officer), actor=officer) == "+8613900000003"


def test_what_was_agreed_is_that_item_that_case_and_that_person(
    child: Identity, officer: Staff, officer2: Staff, privacy: Staff
) -> None:
    decision, other = frozen(child, officer), restricted(child, officer2)
    yes(ask(wanted(child, decision), actor=officer), privacy)
    for field, case, actor, more in (
        ("name", decision, officer, {}),
        ("mobile", decision, officer, {"whose": "registrant"}),
        ("mobile", other, officer2, {}),
        ("mobile", decision, privacy, {}),
    ):
        with pytest.raises(NeedsApproval):
            grant(child, case, actor, field, **more)
    assert not Reveal.objects.exists()
    assert grant(child, decision, officer).request is not None


def test_nobody_agrees_to_his_own_and_what_the_privacy_officer_asks_a_supervisor_answers(
    child: Identity, officer: Staff, privacy: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    decision = frozen(child, officer)
    request = ask(wanted(child, decision), actor=privacy)
    assert request.approvers == ["accounts.approve_privacy_reveal"]
    with pytest.raises(Refused, match="You made this request"):
        yes(request, privacy)
    theirs = ask(wanted(child, decision), actor=supervisor)
    assert theirs.approvers == ["accounts.approve_reveal"]
    for actor in (supervisor2, officer):
        with pytest.raises(Refused, match="may not rule"):
            yes(theirs, actor)
    declare(supervisor2, [child.tenure.number_id], "relative", actor=supervisor2)
    with pytest.raises(Refused, match="declared"):
        yes(request, supervisor2)
    yes(request, supervisor)
    assert shown(grant(child, decision, privacy), actor=privacy) == MINOR["mobile"]
    with pytest.raises(IntegrityError, match="not_the_maker"), transaction.atomic():
        RevealApproval.objects.create(
            proposal=theirs, maker=supervisor, approver=supervisor, capacity="accounts.approve_reveal", agreed=True,
            reason=SEEN, content_hash=theirs.content_hash, at=timezone.now(), event_id=uuid.uuid4(),
        )  # fmt: skip
    with pytest.raises(IntegrityError, match="maker_id_is_the_parents"), transaction.atomic():
        RevealApproval.objects.create(
            proposal=theirs, maker=officer, approver=supervisor, capacity="accounts.approve_reveal", agreed=True,
            reason=SEEN, content_hash=theirs.content_hash, at=timezone.now(), event_id=uuid.uuid4(),
        )  # fmt: skip
        connection.check_constraints()


def test_a_no_ends_it_and_only_what_waits_is_answered(child: Identity, officer: Staff, privacy: Staff) -> None:
    decision = frozen(child, officer)
    request = ask(wanted(child, decision), actor=officer)
    with pytest.raises(Invalid, match="at least 6"):
        refuse(request, actor=privacy, reason="no", content_hash=request.content_hash)
    with pytest.raises(Invalid, match="not the one you saw"):
        approve(request, actor=privacy, reason=SEEN, content_hash="0" * 64)
    before = head()
    assert refuse(request, actor=privacy, reason=SEEN, content_hash=request.content_hash).state == "refused"
    assert verbs(before) == ["identity.reveal_refused"]
    with pytest.raises(Invalid, match="not waiting"):
        yes(request, privacy)
    with pytest.raises(NeedsApproval):
        grant(child, decision, officer)
    assert whole()


def test_a_request_and_a_word_given_lapse_after_a_day(child: Identity, officer: Staff, privacy: Staff) -> None:
    decision = frozen(child, officer)
    waiting, agreed = (ask(wanted(child, decision, field), actor=officer) for field in ("name", "mobile"))
    yes(agreed, privacy)
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=24, seconds=1)):
        with pytest.raises(Invalid, match="lapsed"):
            yes(waiting, privacy)
        with pytest.raises(NeedsApproval):
            grant(child, decision, officer)
        assert ask(wanted(child, decision), actor=officer).pk > agreed.pk  # anew


def test_when_the_item_changed_nobody_has_agreed_to_that(
    child: Identity, officer: Staff, privacy: Staff, setup_actor: Staff
) -> None:
    decision = frozen(child, officer)
    agreed, waiting = (ask(wanted(child, decision, field), actor=officer) for field in ("mobile", "name"))
    yes(agreed, privacy)
    granted = grant(child, decision, officer)
    again = yes(ask(wanted(child, decision), actor=officer), privacy)
    child = tell(child.tenure, setup_actor, mobile="+8613700000000", name="李大明")
    with pytest.raises(NeedsApproval):
        shown(Reveal.objects.get(pk=granted.pk), actor=officer)
    with pytest.raises(NeedsApproval):
        grant(child, decision, officer)
    before = head()
    assert yes(waiting, privacy).state == "void"
    assert verbs(before) == ["identity.reveal_void"] and not waiting.approvals.exists()
    fresh = ask(wanted(child, decision), actor=officer)
    assert fresh.pk != again.pk and fresh.state == "proposed"
    assert whole()


def test_a_grown_up_found_to_be_a_minor_is_not_shown_any_more(
    identity: Make, rulebook: Any, officer: Staff, setup_actor: Staff
) -> None:
    one = identity()
    granted = grant(one, frozen(one, officer), officer)
    tell(one.tenure, setup_actor, document=MINOR["document"])
    with pytest.raises(NeedsApproval):
        shown(Reveal.objects.get(pk=granted.pk), actor=officer)


def test_what_needs_no_word_or_was_asked_already_is_not_asked(
    child: Identity, identity: Make, officer: Staff, officer2: Staff
) -> None:
    grown = identity()
    decision = frozen(child, officer)
    with pytest.raises(Invalid, match="no approval is needed"):
        ask(wanted(grown, frozen(grown, officer)), actor=officer)
    with pytest.raises(Refused, match="covers this number"):
        ask(wanted(child, decision), actor=officer2)
    first = ask(wanted(child, decision), actor=officer)
    with pytest.raises(AlreadyAsked) as asked:
        ask(wanted(child, decision), actor=officer)
    assert asked.value.request == first and RevealRequest.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_word_given_and_two_forms_at_once_is_one_grant(child: Identity, officer: Staff, privacy: Staff) -> None:
    decision = frozen(child, officer)
    asked = together(*[lambda: ask(wanted(child, decision), actor=officer)] * 2)
    assert sorted(type(f).__name__ for f in asked) == ["AlreadyAsked", "RevealRequest"]
    yes(RevealRequest.objects.get(), privacy)
    found = together(*[lambda: reveal(wanted(child, decision), actor=officer, nonce=uuid.uuid4())] * 3)
    assert sorted(type(f).__name__ for f in found) == ["NeedsApproval", "NeedsApproval", "Reveal"]
    assert list(verify()) == []
