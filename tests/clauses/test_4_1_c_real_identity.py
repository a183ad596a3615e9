"""4.1(c): where the law asks for real identity, it is verified: how, with what result, on which legal ground."""

from collections.abc import Callable

import pytest

from accounts.allocation.services import allocate
from accounts.identity.queries import identities, standing
from accounts.identity.verification import verify
from accounts.models import Number, NumberRange, Tenure, Verification
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, holder, wish
from tests.identities import tell


def found(pk: int, problem: str) -> list[str]:
    return [item.field for item in standing(identities().get(pk=pk).tenure) if item.problem == problem]


def test_4_1_c_document_and_mobile_are_unverified_until_a_match_and_again_after_a_change(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    one = number()
    identity = tell(one, setup_actor)
    assert found(identity.pk, "unverified") == ["document", "mobile"]
    for field, method in (("document", "registry"), ("mobile", "carrier")):
        verify(
            identity, field, method=method, result="match", source="核验平台", basis="网络安全法第二十六条", actor=agent
        )
    assert found(identity.pk, "unverified") == []
    verify(identity, "document", method="registry", result="mismatch", source="核验平台", actor=agent)
    tell(one, setup_actor, mobile="+8613700000000")
    assert (found(identity.pk, "unverified"), found(identity.pk, "wrong")) == (["mobile"], ["document"])
    assert list(Verification.objects.order_by("pk").values_list("field", "method", "result", "basis")) == [
        ("document", "registry", "match", "网络安全法第二十六条"),
        ("mobile", "carrier", "match", "网络安全法第二十六条"),
        ("document", "registry", "mismatch", ""),
    ]


def test_4_1_c_what_did_not_match_counts_as_wrong_needed_or_not_until_it_is_given_anew_or_matches(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    one = number()
    identity = tell(one, setup_actor, verified=("document", "mobile"))
    assert [item.problem for item in standing(identity.tenure)] == ["", "", "", "", ""]

    def compare(field: str, result: str) -> None:
        now = identities().get(pk=identity.pk)
        verify(now, field, method="registry", result=result, source="核验平台", actor=agent)

    for field in ("name", "mobile", "email"):  # one that needs no verification, one that does, one not needed at all
        compare(field, "mismatch")
    compare("name", "unverifiable")  # which says nothing new
    assert found(identity.pk, "wrong") == ["name", "mobile", "email"]
    compare("name", "match")
    tell(one, setup_actor, mobile="+8613700000000")
    tell(one, setup_actor, email=None)
    assert (found(identity.pk, "wrong"), found(identity.pk, "unverified")) == ([], ["mobile"])


def test_4_1_c_no_registration_is_completed_without_a_verified_identity_where_the_law_wants_one(
    supply: Callable[..., NumberRange], resources: Staff, english: None
) -> None:
    supply(203_164_000, 203_164_999)
    supply(203_165_000, 203_165_999, "internal")
    for holders, why in (
        ([], "lacks: name, document, mobile"),
        ([holder(1, "mobile")], "Not verified: document"),
        ([holder(1, "document")], "Not verified: mobile"),
    ):
        with pytest.raises(Invalid, match=why):
            allocate(wish("public", holders=holders), actor=resources, reason=WHY)
    assert not Tenure.objects.exists() and not Number.objects.exists()
    (one,) = allocate(wish("public", holders=[holder()]), actor=resources, reason=WHY)
    tenure = Tenure.objects.get(pk=one.tenure)
    assert [item.problem for item in standing(tenure)] == ["", "", "", "", ""]
    assert list(Verification.objects.values_list("field", "method", "result").order_by("field")) == [
        ("document", "upstream", "match"),
        ("mobile", "upstream", "match"),
    ]
    allocate(wish("internal"), actor=resources, reason=WHY)  # what the operator uses itself has no holder
