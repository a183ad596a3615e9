"""4.1(c): where the law asks for real identity, it is verified: how, with what result, on which legal ground."""

from collections.abc import Callable

from accounts.models import Number, Verification
from accounts.queries.identity import identities, standing
from accounts.services.verify import verify
from qqops.staff.models import Staff
from tests.identities import tell


def unverified(pk: int) -> list[str]:
    return [item.field for item in standing(identities().get(pk=pk).tenure) if item.problem == "unverified"]


def test_4_1_c_document_and_mobile_are_unverified_until_a_match_and_again_after_a_mismatch_or_a_change(
    number: Callable[..., Number], setup_actor: Staff, agent: Staff
) -> None:
    one = number()
    identity = tell(one, setup_actor)
    assert unverified(identity.pk) == ["document", "mobile"]
    for field, method in (("document", "registry"), ("mobile", "carrier")):
        verify(
            identity, field, method=method, result="match", source="核验平台", basis="网络安全法第二十六条", actor=agent
        )
    assert unverified(identity.pk) == []
    verify(identity, "document", method="registry", result="mismatch", source="核验平台", actor=agent)
    tell(one, setup_actor, mobile="+8613700000000")
    assert unverified(identity.pk) == ["document", "mobile"]
    assert list(Verification.objects.order_by("pk").values_list("field", "method", "result", "basis")) == [
        ("document", "registry", "match", "网络安全法第二十六条"),
        ("mobile", "carrier", "match", "网络安全法第二十六条"),
        ("document", "registry", "mismatch", ""),
    ]
