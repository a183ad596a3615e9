"""Scenario 7: the police ask for the registration data of three numbers, their logins, and all chats.

Through the web door, by three people: what the house holds and the law gives is granted, the chats are refused in
writing, the file has a hash and a proof that fit it, and the secrecy flag hides all of it from the agents.
"""

import hashlib
import json

import pytest
from django.utils import timezone

from accounts.disclosures.package import verify_proof
from accounts.models import Disclosure, Hold, LoginFact, Release
from qqops.audit.models import Event
from tests.accounts.disclosures.steps import KINDS, LIST, of, page_of, register, release, review, said
from tests.accounts.identity.test_record import whole
from tests.desk import desk  # noqa: F401  # a fixture
from tests.identities import ADULT, MINOR, tell
from tests.pages import preview, text

PEOPLE = ({**ADULT}, {**MINOR}, {"name": "欧阳娜", "mobile": "+8613900001111"})


@pytest.fixture
def three(number, setup_actor):
    numbers = [number() for _n in PEOPLE]
    for one, values in zip(numbers, PEOPLE, strict=True):
        tell(one, setup_actor, **values)
        LoginFact.objects.create(tenure=one.tenure, service="qq", first_at=timezone.now(), last_at=timezone.now())
    return [one.pk for one in numbers]


def test_the_request_is_answered_by_three_people_with_the_least_and_hidden_from_agents(
    desk,  # noqa: F811
    three,
):
    agent, officer, chief = desk("agent"), desk("privacy"), desk("supervisor")

    # Without the stamp or its number the notice is none.
    for gap in ({"retrieval_notice-stamped": None}, {"retrieval_notice-number": ""}):
        shown = preview(agent, f"{KINDS}police/", said(*three, **gap))
        assert "evidence-retrieval notice" in text(shown) and "token" not in shown.context
    assert not Disclosure.objects.exists()
    assert Event.objects.filter(verb="audit.refused").count() == 1

    made = register(agent, *three)
    assert made.receipt in text(agent.get(page_of(made)))
    assert sorted(made.targets.values_list("number", flat=True)) == three
    assert Hold.objects.filter(kind="request", lifted_at=None).count() == 3

    # The review: the chats are not held, and cannot be granted.
    page = officer.get(of("review", made)).content.decode()
    assert "The operator holds no such information" in page
    review(officer, made, secret="on")
    letter = text(chief.get(page_of(made)))
    assert "messages and chats: not held here, and over-broad" in letter

    # Secret: for the agents there is no such request any more, nor any trace of one.
    assert agent.get(page_of(made)).status_code == 404
    assert agent.get(f"{page_of(made)}history/").status_code == 404
    assert made.receipt not in text(agent.get(LIST)) + text(agent.get("/admin/"))

    # The release, by a third person.
    assert release(chief, made).status_code == 302
    handed = Release.objects.get()
    file, proof = (chief.post(of("open", made, what)).content for what in ("file", "proof"))
    answer = json.loads(file)
    assert [one["number"] for one in answer["numbers"]] == three
    for one, values in zip(answer["numbers"], PEOPLE, strict=True):
        assert list(one["information"]) == ["registrant", "logins"]
        assert one["information"]["registrant"]["items"].items() >= values.items()
        assert [login["service"] for login in one["information"]["logins"]] == ["qq"]
    assert [refused["information"]["en"] for refused in answer["refused"]] == ["messages and chats"]

    # Hash and proof fit this file and nothing else.
    assert handed.sha256 == hashlib.sha256(file).hexdigest()
    assert verify_proof(proof.decode(), file) and not verify_proof(proof.decode(), file + b" ")
    assert "京公调证字〔2026〕118号" in proof.decode() and "agent, privacy, supervisor" in proof.decode()

    made.refresh_from_db()
    assert [str(person) for person in (made.maker, made.reviewer, made.closer)] == ["agent", "privacy", "supervisor"]
    assert made.state == "done"
    assert not Hold.objects.filter(lifted_at=None).exists()
    verbs = list(
        Event.objects.filter(subject_id=str(made.pk), subject_type="accounts.disclosure")
        .order_by("seq")
        .values_list("verb", flat=True)
    )
    assert verbs == [
        "disclosure.registered", "disclosure.reviewed", "disclosure.scan_added", "disclosure.released",
        "disclosure.downloaded", "disclosure.downloaded",
    ]  # fmt: skip
    said_on_record = json.dumps(list(Event.objects.values("facts", "reason", "subject_label")), ensure_ascii=False)
    assert not [value for person in PEOPLE for value in person.values() if value in said_on_record]
    assert whole()
