"""A person's rights in his own information (PIPL 44-50): three people, reasons in writing, and a date by which."""

import datetime
import json
from collections.abc import Callable

import pytest
from django.db import IntegrityError, transaction

from accounts.declarations.services import declare
from accounts.disclosures.package import verify_proof
from accounts.disclosures.policy import ASKERS, HELD
from accounts.identity.queries import masked, opened
from accounts.models import DataRequest, DataRequestKey, Erasure, Hold, Identity, Release
from accounts.retention.holds import lift, place
from accounts.rights.answer import content_hash, decide, download, send_back
from accounts.rights.policy import PAPERS, RIGHTS, Paper
from accounts.rights.queries import CLOSED, letter, waiting_for
from accounts.rights.services import read
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures.test_review_release import also
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, answer, ask, do, through
from tests.enforcement.acts import DAY, head, verbs
from tests.enforcement.acts import decide as decided
from tests.identities import ADULT

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db
CANARY = "Chen Xiaojin, 13700001111, says that it is not his"


def test_the_table_of_rights_covers_every_kind_and_every_who() -> None:
    assert set(RIGHTS) == set(DataRequest.Kind.values)
    assert {who for right in RIGHTS.values() for who in right.asked_by} == set(PAPERS)


def test_a_request_is_sealed_has_a_receipt_and_a_date_and_holds_the_tenure(identity: Make, agent: Staff) -> None:
    one = identity()
    before = head()
    request = ask(one, agent, "deletion", statement=CANARY)
    assert request.receipt[9] == "D" and request.due_at - request.registered_at == datetime.timedelta(days=15)
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_label) == ("data_request.registered", request.receipt)
    assert event.facts == {"kind": "deletion", "asked_by": "person", "until": request.due_at.isoformat()}
    assert event.rows == {"accounts_historicaldatarequest": 1, "accounts_historicalhold": 1}
    assert (Hold.objects.get().kind, Hold.objects.get().reference) == ("request", request.receipt)
    request.refresh_from_db()
    assert request.papers_seen == "identity" and b"13700001111" not in bytes(request.statement or b"")
    assert whole()


@pytest.mark.parametrize("who", PAPERS)
def test_each_paper_of_the_table_must_have_been_seen(identity: Make, agent: Staff, who: str) -> None:
    one = identity()
    for missing in PAPERS[who]:
        with pytest.raises(Invalid, match=str(missing.label)):
            ask(one, agent, "copy", who, papers=[paper for paper in PAPERS[who] if paper != missing])
    assert ask(one, agent, "copy", who).papers_seen == ",".join(paper for paper in Paper if paper in PAPERS[who])


def test_what_is_not_in_order_is_not_registered(identity: Make, agent: Staff, officer: Staff) -> None:
    one = identity()
    before = head()
    for kind, more in (
        ("deletion", {"statement": "no"}), ("deletion", {"field": "name", "value": "张三"}),
        ("unlock", {}), ("correction", {}), ("correction", {"field": "mobile", "value": "13812"}), ("forgetting", {}),
    ):  # fmt: skip
        with pytest.raises(Invalid) as error:
            ask(one, agent, kind, **more)
        assert "13812" not in str(error.value) and "张三" not in str(error.value)
    assert verbs(before) == []
    with pytest.raises(Refused):
        ask(one, officer)
    with pytest.raises(Refused):  # the living alone may have processing stopped
        ask(one, agent, "lock", "relative")
    ask(one, agent)
    with pytest.raises(Invalid, match="waits"):
        ask(one, agent)
    declare(agent, [one.tenure.number_id], "relative", actor=agent)
    with pytest.raises(Refused):
        ask(one, agent, "copy")
    assert verbs(before) == [
        "audit.refused", "audit.refused", "data_request.registered", "number.declared", "audit.refused"
    ]  # fmt: skip


def test_three_different_people_take_the_steps(former: Make, cast: Cast) -> None:
    privacy, supervisor = cast["privacy"], cast["supervisor"]
    request = ask(former(), privacy)
    for who in ("privacy", "agent", "supervisor"):
        with pytest.raises(Refused):
            answer(request, cast[who])
    with pytest.raises(Refused):
        do(request, cast["agent"])
    with pytest.raises(Invalid):
        do(request, supervisor)  # nothing is decided yet
    other = ask(former(), cast["agent"])
    assert list(waiting_for(privacy)) == [other] and not waiting_for(supervisor).exists()
    with pytest.raises(Invalid):
        answer(other, privacy, reason="no")
    other = answer(other, privacy)
    assert list(waiting_for(supervisor)) == [other]
    with pytest.raises(Refused):
        do(other, privacy)
    assert do(other, supervisor).state == "done"
    for column in ("reviewer", "closer"):
        with pytest.raises(IntegrityError), transaction.atomic():
            DataRequest.objects.filter(pk=other.pk).update(**{column: cast["agent"]})


def test_who_decided_it_once_does_not_carry_it_out_though_it_was_sent_back(identity: Make, cast: Cast) -> None:
    first, setup = cast["privacy"], Staff.objects.system("system-setup")
    second = also(cast["reviewer"], "privacy", setup)
    first = also(first, "supervisor", setup)
    request = answer(ask(identity(), cast["agent"], "copy"), first)
    seen = content_hash(request)
    request = answer(send_back(request, actor=cast["supervisor"], reason=WHY, content_hash=seen), second)
    assert list(waiting_for(first)) == [] and list(waiting_for(cast["supervisor2"])) == [request]
    before = head()
    with pytest.raises(Refused, match="a third person"):
        do(request, first)
    assert verbs(before) == ["audit.refused"]
    assert do(request, cast["supervisor"]).state == "done"


def test_an_answer_is_to_what_was_seen_and_to_nothing_else(identity: Make, cast: Cast) -> None:
    one = identity()
    request = ask(one, cast["agent"])
    seen = content_hash(request)
    place([one.pk], "legal", "a case", actor=cast["officer"], reason=WHY)
    with pytest.raises(Invalid, match="has changed"):
        decide(request, "granted", actor=cast["privacy"], reason=WHY, content_hash=seen)
    before = head()
    with pytest.raises(Refused, match="kept"):
        answer(request, cast["privacy"], "granted")
    assert verbs(before) == ["audit.refused"]
    assert answer(request, cast["privacy"]).outcome == "locked"


def test_a_refusal_has_its_reasons_in_the_letter_and_ends_the_hold(identity: Make, cast: Cast) -> None:
    request = answer(ask(identity(), cast["agent"]), cast["privacy"], "refused", "the papers are another person's")
    assert (request.state, request.closer, Hold.objects.get().lifted_by) == ("refused", None, cast["privacy"])
    for language in ("zh-hans", "en"):
        text = letter(request, language)
        assert request.receipt in text and "the papers are another person's" in text
    assert "拒绝" in letter(request, "zh-hans") and "was refused" in letter(request, "en")
    assert DataRequestKey.objects.filter(pk=request.pk).exists()  # three years: he may come back to it
    assert whole()


def test_a_granted_deletion_erases_and_leaves_a_certificate(former: Make, cast: Cast) -> None:
    one = former()
    before = head()
    request = through(one, cast)
    assert verbs(before) == [
        "data_request.registered", "data_request.decided", "data_request.carried_out", "identity.erased"
    ]  # fmt: skip
    one.refresh_from_db()
    assert one.erased_at is not None and opened(one, ADULT) == {} and one.document_kind == ""
    found = Erasure.objects.get()
    assert (found.basis, found.data_request, found.tenure) == ("request", request, one.tenure)
    assert found.cleared == {"identity": 1, "data_requests": 1} and found.kept == ["registers", "record"]
    assert not Hold.objects.filter(lifted_at=None).exists()
    with pytest.raises(Invalid):
        read(request, actor=cast["privacy"])
    with pytest.raises(Invalid):
        ask(one, cast["agent"], "copy")
    assert whole()


def test_what_the_law_has_kept_is_locked_and_nothing_of_it_is_shown(identity: Make, cast: Cast) -> None:
    one = identity()
    number = one.tenure.number
    frozen = decided(Kind.FREEZE, number, cast["officer"], duration=3 * DAY)
    assert frozen.decision.state == "applied"
    request = ask(one, cast["agent"])
    with pytest.raises(Refused):
        answer(request, cast["privacy"], "granted")
    before = head()
    done = do(answer(request, cast["privacy"]), cast["supervisor"])
    assert (done.state, done.outcome, verbs(before)) == (
        "done", "locked", ["data_request.decided", "data_request.carried_out"]
    )  # fmt: skip
    one.refresh_from_db()
    assert one.locked_at == done.closed_at and masked(one) == {} and not Erasure.objects.exists()
    assert "article 47" in letter(done, "en")
    assert whole()


def test_what_came_to_keep_it_after_the_decision_sends_it_back(former: Make, cast: Cast) -> None:
    one = former()
    request = answer(ask(one, cast["agent"]), cast["privacy"])
    place([one.pk], "legal", "a case", actor=cast["privacy"], reason=WHY)
    with pytest.raises(Refused, match="send it back"):
        do(request, cast["supervisor"])
    hashed, before = content_hash(DataRequest.objects.get(pk=request.pk)), head()
    back = send_back(request, actor=cast["supervisor"], reason=WHY, content_hash=hashed)
    assert (back.state, back.outcome, back.reviewer, back.review_reason) == ("registered", "", None, "")
    assert verbs(before) == ["data_request.sent_back"]
    lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
    assert do(answer(back, cast["privacy"]), cast["supervisor"]).outcome == "granted"
    assert Erasure.objects.count() == 1 and whole()


def test_a_correction_is_recorded_by_the_act_that_records_everything(identity: Make, cast: Cast) -> None:
    one = identity()
    request = ask(one, cast["agent"], "correction", field="mobile", value="137 0000 1111")
    assert b"1370000" not in bytes(request.value or b"")
    assert read(request, actor=cast["privacy"]).value == "+8613700001111"
    assert Event.objects.latest("seq").verb == "data_request.read"
    with pytest.raises(Refused):
        read(request, actor=cast["agent"])
    do(answer(request, cast["privacy"]), cast["supervisor"])
    one = Identity.objects.select_related("tenure__identity_key", "tenure__registrant").get(pk=one.pk)
    assert opened(one, ("mobile",)) == {"mobile": "+8613700001111"}
    assert opened(one.tenure.registrant, ("mobile",)) == {"mobile": ADULT["mobile"]}  # 8.2(a)
    assert whole()


def test_a_copy_is_one_file_with_a_proof_and_taking_it_out_is_on_the_record(identity: Make, cast: Cast) -> None:
    request = through(identity(), cast, "copy")
    content = download(request, actor=cast["privacy"])
    told = json.loads(content)
    assert told["numbers"][0]["information"]["identity"]["items"]["mobile"] == ADULT["mobile"]
    made = Release.objects.get()
    assert verify_proof(made.proof, content) and not verify_proof(made.proof, content + b" ")
    event = Event.objects.latest("seq")
    assert (event.verb, event.facts) == ("data_request.downloaded", {"sha256": made.sha256})
    with pytest.raises(Refused):
        download(request, actor=cast["agent"])
    assert ADULT["name"].encode() not in bytes(made.content)
    assert whole()


def test_processing_is_stopped_and_goes_on_again(identity: Make, cast: Cast) -> None:
    one = identity()
    through(one, cast, "lock")
    one.refresh_from_db()
    assert one.locked_at is not None and masked(one) == {}
    for kind in ("lock", "correction"):
        with pytest.raises((Invalid, Refused)):
            ask(Identity.objects.get(pk=one.pk), cast["agent"], kind, field="", value="")
    through(Identity.objects.get(pk=one.pk), cast, "unlock")
    one.refresh_from_db()
    assert one.locked_at is None and masked(one)["name"] == "张**"
    assert set(DataRequest.objects.values_list("state", flat=True)) <= set(CLOSED)
    assert whole()


def test_a_relative_has_the_copy_that_the_table_lets_him_have(identity: Make, cast: Cast) -> None:
    for who, expected in (("person", HELD), ("relative", ASKERS["relative"].may_have)):
        request = through(identity(), cast, "copy", who)
        (number,) = json.loads(download(request, actor=cast["privacy"]))["numbers"]
        assert set(number["information"]) == set(expected)
    assert set(ASKERS["relative"].may_have) < set(HELD)
