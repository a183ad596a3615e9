"""What leaves the house: only what was granted, under a hash and a proof that fit this file and no other."""

import datetime
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.disclosures import package
from accounts.disclosures.package import content_of, verify_proof
from accounts.disclosures.services import Shown
from accounts.models import Identity, IdentityKey, LoginFact, Number, Release, ReleaseKey
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import BROAD, NOTICE, last_year, register, release, review
from tests.enforcement.acts import decide
from tests.identities import ADULT, tell

Make = Callable[..., Number]
ALL = ("registrant", "identity", "tenure", "logins", "measures")


@pytest.fixture
def handed(number: Make, agent: Staff, privacy: Staff, supervisor: Staff, setup_actor: Staff) -> Callable[..., Release]:
    """`handed(number, granted…, wants=…)`: through all three steps."""

    def through(one: Number, *granted: str, **more: Any) -> Release:
        made = register(agent, one.pk, **({"period": last_year()} | more))
        return release(review(made, privacy, *granted), supervisor)

    return through


def document(made: Release) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content_of(made))
    return found


def test_the_file_holds_what_was_granted_and_nothing_else(
    number: Make, handed: Callable[..., Release], setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor, verified=("mobile",))
    tell(one, setup_actor, mobile="+8613700000000")
    made = handed(one, "registrant", wants=("registrant", "identity", "messages"))
    found = document(made)
    (answer,) = found["numbers"]
    assert (answer["number"], answer["held"], list(answer["information"])) == (one.pk, True, ["registrant"])
    items = answer["information"]["registrant"]["items"]
    assert {name: items[name] for name in ADULT} == ADULT  # as first told
    assert b"13700000000" not in content_of(made)
    assert [refused["information"]["en"] for refused in found["refused"]] == [
        "current identity information", "messages and chats",
    ]  # fmt: skip
    assert {refused["reason"] for refused in found["refused"]} == {BROAD}
    assert (found["authority"], found["papers"][0]["number"]) == ("某市公安局", NOTICE)


def test_each_class_is_what_the_house_knows_in_the_period(
    number: Make, handed: Callable[..., Release], setup_actor: Staff, officer: Staff
) -> None:
    one, now = number(), timezone.now()
    tell(one, setup_actor)
    long_ago, lately = now - datetime.timedelta(days=390), now - datetime.timedelta(days=2)
    assert one.tenure is not None
    LoginFact.objects.create(tenure=one.tenure, service="qq", first_at=long_ago, last_at=lately)
    LoginFact.objects.create(tenure=one.tenure, service="mail", first_at=long_ago, last_at=long_ago)
    decide(Kind.FREEZE, one, officer)
    made = handed(one, *ALL, wants=ALL)
    information = document(made)["numbers"][0]["information"]
    assert list(information) == list(ALL)
    assert information["identity"]["items"]["mobile"] == ADULT["mobile"]
    assert information["tenure"]["channel"]["en"] == "software client"
    # The first login lies before the period, and to mail nobody logged in during it.
    assert [(row["service"], sorted(row)) for row in information["logins"]] == [("qq", ["last_at", "service"])]
    (measure,) = information["measures"]
    assert (measure["measure"]["en"], measure["grounds"], measure["ended_at"]) == ("freeze", ["10.1"], None)
    earlier = last_year()
    before = type(earlier)(earlier.start, timezone.localdate() - datetime.timedelta(days=30))
    again = handed(one, "measures", "logins", wants=("measures", "logins"), period=before)
    assert document(again)["numbers"][0]["information"] == {"logins": [], "measures": []}


def test_of_a_number_nobody_held_and_of_an_erased_identity_it_says_so(
    number: Make, handed: Callable[..., Release], setup_actor: Staff
) -> None:
    nobody = Number(pk=987_654_321)
    assert document(handed(nobody, "registrant"))["numbers"] == [{"number": 987_654_321, "held": False}]
    one = number()
    identity = tell(one, setup_actor)
    with recorder.act("demo.built", actor=setup_actor, reason="erased for a test", facts={"numbers": 1}) as act:
        identity.erased_at = timezone.now()
        identity.save(update_fields=["erased_at"])
        IdentityKey.objects.filter(pk=identity.pk).delete()
        act.wrote(recorder.history_model(Identity))
    information = document(handed(one, "registrant", "identity", wants=("registrant", "identity")))["numbers"][0]
    assert information["information"]["registrant"]["items"] == {}
    assert list(information["information"]["identity"]) == ["erased_at"]


def test_the_proof_fits_this_file_and_no_other_and_no_other_house(
    number: Make, handed: Callable[..., Release], setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    made = handed(one, "registrant")
    content = content_of(made)
    assert made.sha256 == hashlib.sha256(content).hexdigest() and made.size == len(content)
    for part in (f"sha256: {made.sha256}", "agent, privacy, supervisor", NOTICE, "深圳市腾讯计算机系统有限公司"):
        assert part in made.proof, part
    assert verify_proof(made.proof, content) and verify_proof(made.proof.replace("\n", "\r\n"), content)
    assert not verify_proof(made.proof, content + b" ")
    for forged in (
        made.proof.replace("privacy", "officer"),
        made.proof.replace(made.sha256, hashlib.sha256(b"other").hexdigest()),
        made.proof.rsplit("signature", 1)[0],
        made.proof[:-10] + "AAAAAAAAA\n",
        "",
        "signature: ",
        "signature: é",
    ):
        assert not verify_proof(forged, content), forged


def test_the_file_is_sealed_under_its_own_key_and_ends_with_its_time(
    number: Make, handed: Callable[..., Release], setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    made, other = handed(one, "registrant"), handed(number(), "registrant")
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM accounts_release")
        stored = b"".join(bytes(row[0]) for row in cursor.fetchall())
    assert "张伟民".encode() not in stored
    with pytest.raises(Exception, match="sealed for something else"):
        other.key.in_hand().open(bytes(made.content), f"release:{made.pk}")
    made.until = timezone.now()
    with pytest.raises(Invalid):
        content_of(made)
    ReleaseKey.objects.filter(pk=other.pk).delete()
    with pytest.raises(Invalid):
        content_of(Release.objects.get(pk=other.pk))


def test_a_class_has_one_provider() -> None:
    with pytest.raises(ValueError, match="registrant"):
        package.provide("registrant", lambda tenure, period: None)


def test_for_a_person_who_asks_the_papers_stand_in_the_file_without_a_number(
    number: Make, handed: Callable[..., Release], setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    asks = {"wants": ("identity",), "asked_by": "person", "papers": (Shown("identity_proof"),), "authority": ""}
    made = handed(one, "identity", **asks)
    (paper,) = document(made)["papers"]
    assert (paper["paper"]["en"], paper["number"], paper["date"]) == ("the asker's proof of identity", "", None)
    assert "papers: \n" in made.proof
