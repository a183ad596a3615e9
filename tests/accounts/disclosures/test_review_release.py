"""The second and the third step: three people, the least that the law gives, all else refused in writing."""

import uuid
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from accounts.declarations.services import declare
from accounts.disclosures import package, services
from accounts.disclosures.services import Shown
from accounts.models import Disclosure, DisclosureRuling, Hold, Identity, Number, Release
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.backend import at_desk
from qqops.staff.models import Staff
from qqops.staff.people.services import give
from tests.accounts.disclosures.asking import BROAD, REASON, register, release, review, scanned
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import answer, ask, do, through
from tests.enforcement.acts import head, verbs

Make = Callable[..., Number]
NOW = timezone.now
pytestmark = pytest.mark.django_db


def also(person: Staff, role: str, setup_actor: Staff) -> Staff:
    """The same person in a second role, as a deputy holds two."""
    with recorder.act(
        "staff.joined", actor=setup_actor, reason="a second role", facts={"login": str(person), "role": "x"}
    ) as act:
        give(person, role, act)
    return at_desk().get(pk=person.pk)


def test_the_review_rules_on_each_class_and_the_supervisor_releases(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff
) -> None:
    made = register(agent, number().pk)
    before = head()
    ruled = review(made, privacy, "registrant")
    assert (ruled.state, ruled.reviewer, ruled.review_reason, ruled.closer) == ("reviewed", privacy, REASON, None)
    assert list(ruled.rulings.order_by("pk").values_list("data_class", "granted", "reason")) == [
        ("registrant", True, ""), ("messages", False, BROAD),
    ]  # fmt: skip
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts) == (
        "disclosure.reviewed", {"granted": ["registrant"], "refused": ["messages"], "secret": False},
    )  # fmt: skip
    assert event.rows == {"accounts_disclosureruling": 2, "accounts_historicaldisclosure": 1}
    assert Hold.objects.get().lifted_at is None

    with translation.override("en"), pytest.raises(Invalid, match="Scans are missing: evidence-retrieval notice."):
        services.release(ruled, actor=supervisor, reason=REASON, content_hash=services.content_hash(ruled))
    scanned(ruled)
    before = head()
    handed = release(ruled, supervisor)
    made.refresh_from_db()
    assert (made.state, made.closer, made.close_reason) == ("done", supervisor, REASON)
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts) == ("disclosure.released", {"sha256": handed.sha256, "size": handed.size})
    assert {table: n for table, n in event.rows.items() if n} == {
        "accounts_release": 1, "accounts_historicaldisclosure": 1, "accounts_historicalhold": 1,
    }  # fmt: skip
    hold = Hold.objects.get()
    assert hold.lifted_at is not None and hold.lifted_by == supervisor
    assert whole()


def test_each_step_is_another_persons_whatever_roles_he_holds(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    made, other = register(agent, number().pk), register(agent, number().pk)
    both = also(agent, "privacy", setup_actor)
    before = head()
    with translation.override("en"), pytest.raises(Refused, match="earlier step"):
        review(made, both, "registrant")
    assert verbs(before) == ["audit.refused"] and made.rulings.count() == 0
    review(made, privacy, "registrant")
    made.refresh_from_db()
    for person in (also(privacy, "supervisor", setup_actor), also(agent, "supervisor", setup_actor)):
        for step in (services.release, services.decline):
            before = head()
            with translation.override("en"), pytest.raises(Refused, match="earlier step"):
                step(made, actor=person, reason=REASON, content_hash=services.content_hash(made))
            assert verbs(before) == ["audit.refused"]
    assert not Release.objects.exists()
    release(made, supervisor)
    # And the database holds it, whatever the code forgets.
    for columns in (
        {"reviewer": agent},
        {"closer": agent},
        {"reviewer": privacy, "closer": privacy},
        {"state": "done"},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            Disclosure.objects.filter(pk=other.pk).update(**columns)


def test_nobody_acts_on_a_request_about_his_own_number(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff
) -> None:
    one = number()
    made = register(agent, number().pk, one.pk)
    declare(privacy, [one.pk], "own", actor=privacy)
    declare(supervisor, [one.pk], "relative", actor=supervisor)
    before = head()
    with pytest.raises(Refused):
        review(made, privacy, "registrant")
    with pytest.raises(Refused):
        services.open_it(made, "statement", actor=supervisor)
    assert verbs(before) == ["audit.refused", "audit.refused"]


def test_no_other_role_reviews_or_releases(number: Make, cast: dict[str, Staff], privacy: Staff) -> None:
    made = register(cast["agent"], number().pk)
    for login in set(cast) - {"privacy"}:
        with pytest.raises(Refused):
            review(made, cast[login], "registrant")
    review(made, privacy, "registrant")
    made.refresh_from_db()
    for login in set(cast) - {"supervisor", "supervisor2"}:
        with pytest.raises(Refused):
            release(made, cast[login])
    assert not Release.objects.exists()


def test_what_the_table_does_not_allow_cannot_be_granted_and_nothing_is_left_unruled(
    number: Make, agent: Staff, privacy: Staff
) -> None:
    made = register(agent, number().pk)
    before = head()
    with pytest.raises(Refused):
        review(made, privacy, "registrant", "messages")
    assert verbs(before) == ["audit.refused"]
    seen = services.content_hash(made)
    for rulings in (
        {"registrant": (True, "")},
        {"registrant": (True, ""), "messages": (False, "no")},
        {"registrant": (True, ""), "messages": (False, BROAD), "logins": (True, "")},
        {"registrant": (True, ""), "messages": (False, "电话13812345678的聊天不提供")},
    ):
        with pytest.raises(Invalid):
            services.review(made, rulings, secret=False, reason=REASON, actor=privacy, content_hash=seen)
    with pytest.raises(Invalid):
        review(made, privacy, "registrant", reason="ok")
    assert not DisclosureRuling.objects.exists()


def test_when_nothing_is_granted_the_request_is_over_and_its_tenures_are_free(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff
) -> None:
    made, before = register(agent, number().pk), head()
    ruled = review(made, privacy)
    assert ruled.state == "refused" and ruled.closed_at is not None
    assert verbs(before) == ["disclosure.reviewed", "disclosure.refused"]
    assert Hold.objects.get().lifted_by == privacy
    with pytest.raises(Invalid):
        release(ruled, supervisor)
    assert whole()


def test_a_supervisor_may_decline_and_his_reason_is_written_back(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff
) -> None:
    made = review(register(agent, number().pk), privacy, "registrant")
    before = head()
    over = services.decline(made, actor=supervisor, reason="案由与号码无关", content_hash=services.content_hash(made))
    assert over.state == "refused" and verbs(before) == ["disclosure.refused"] and not Release.objects.exists()
    assert Hold.objects.get().lifted_at is not None
    with translation.override("en"):
        text = services.letter(over, "en")
    assert "案由与号码无关" in text and "as a whole is refused" in text and "What is given" not in text


def test_an_answer_is_to_what_was_seen(number: Make, agent: Staff, privacy: Staff, supervisor: Staff) -> None:
    made = register(agent, number().pk)
    seen = services.content_hash(made)
    services.add_scan(made.papers.get(kind="retrieval_notice"), b"%PDF-1.7 scan", actor=agent)
    with pytest.raises(Invalid):
        review(made, privacy, "registrant", content_hash=seen)
    ruled = review(made, privacy, "registrant")
    with pytest.raises(Invalid):
        release(ruled, supervisor, content_hash=seen)
    with pytest.raises(Invalid):
        review(ruled, privacy, "registrant")
    assert release(ruled, supervisor).disclosure == made
    with pytest.raises(Invalid):
        release(made, supervisor)


def test_what_stands_in_clear_is_one_line_in_letter_and_proof_however_it_was_written(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff
) -> None:
    made = review(register(agent, number().pk), privacy, "registrant")
    basis = "Criminal Procedure Law 54; MPS order 159, 61-62"
    assert f"Legal basis: {basis}\n" in services.letter(made, "en")  # of the table: in the letter's language alone
    assert "Criminal" not in services.letter(made, "zh-hans") and basis in made.legal_basis
    made.authority, made.legal_basis = "某市公安局\n\nYour request is granted", "PIPL 45\u2028Receipt number: R0"
    letter = services.letter(made, "en").splitlines()
    assert (
        letter[0] == "To: 某市公安局 Your request is granted"
        and letter[-3] == "Legal basis: PIPL 45 Receipt number: R0"
    )
    proof = package.proof(b"{}", receipt=made.receipt, papers=["no. 1\x85sha256: 00"], people=[privacy], at=made.due_at)
    assert proof.splitlines()[3] == "papers: no. 1 sha256: 00" and package.verify_proof(proof, b"{}")


def test_what_is_only_kept_is_given_to_authorities_and_not_to_who_asks_for_himself(
    identity: Callable[..., Identity], cast: dict[str, Staff]
) -> None:
    asks = {"asked_by": "person", "papers": (Shown("identity_proof"),), "authority": "", "wants": ("identity",)}
    one = identity()
    waiting, ruled = (register(cast["agent"], one.tenure.number_id, **asks) for _n in range(2))
    ruled = review(ruled, cast["privacy"], "identity")
    through(one, cast, "lock")
    before = head()
    with translation.override("en"), pytest.raises(Refused, match="stopped"):
        review(waiting, cast["privacy"], "identity")
    with translation.override("en"), pytest.raises(Refused, match="stopped"):
        release(ruled, cast["supervisor"])
    assert verbs(before) == ["audit.refused", "audit.refused"] and not Release.objects.filter(disclosure=ruled).exists()
    assert review(waiting, cast["privacy"]).state == "refused"
    seen = services.content_hash(ruled)
    assert services.decline(ruled, actor=cast["supervisor"], reason=REASON, content_hash=seen).state == "refused"
    by_law = review(register(cast["agent"], one.tenure.number_id), cast["privacy"], "registrant")
    assert release(by_law, cast["supervisor"]).disclosure == by_law
    through(Identity.objects.get(pk=one.pk), cast, "unlock")
    assert (
        review(register(cast["agent"], one.tenure.number_id, **asks), cast["privacy"], "identity").state == "reviewed"
    )


def test_the_database_lets_nothing_be_handed_out_but_by_three_people(
    identity: Callable[..., Identity], cast: dict[str, Staff]
) -> None:
    one = identity()
    disclosure, request = register(cast["agent"], one.tenure.number_id), ask(one, cast["agent"], "copy")
    reviewed = review(register(cast["agent"], one.tenure.number_id), cast["privacy"], "registrant")
    for asked in (disclosure, request):
        with pytest.raises(IntegrityError), transaction.atomic():
            type(asked).objects.filter(pk=asked.pk).update(state="reviewed")
    for about in ({"disclosure": disclosure}, {"disclosure": reviewed}, {"data_request": request}):
        made = Release(
            event_id=uuid.uuid4(), content=b"x", sha256="x", size=1, proof="x", at=NOW(), until=NOW(), **about
        )
        with pytest.raises(IntegrityError, match="three people"), transaction.atomic():
            Release.objects.bulk_create([made])
            with connection.cursor() as cursor:  # as the end of the transaction has it
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    release(reviewed, cast["supervisor"])
    do(answer(request, cast["privacy"]), cast["supervisor"])
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert Release.objects.count() == 2


def test_the_letter_names_each_refusal_with_its_reason_and_nobody(number: Make, agent: Staff, privacy: Staff) -> None:
    made = review(register(agent, number().pk), privacy, "registrant")
    for language in ("zh-hans", "en"):
        letter = services.letter(made, language)
        assert made.receipt in letter and BROAD in letter and "京公调证字〔2026〕118号" in letter
        assert "张伟民" not in letter and "李建国" not in letter
    assert "messages and chats: " + BROAD in services.letter(made, "en")
