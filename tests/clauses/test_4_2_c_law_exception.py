"""4.2(c): the exception by law: registered with its papers, reviewed, released; least data; the over-broad refused."""

from collections.abc import Callable

import pytest

from accounts.disclosures import services
from accounts.disclosures.package import content_of, verify_proof
from accounts.disclosures.policy import ASKERS, HELD, PAPERS, refusal_of
from accounts.disclosures.services import PapersMissing
from accounts.models import DataClass, Disclosure, Number
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import BROAD, register, release, review
from tests.identities import ADULT, tell

Make = Callable[..., Number]


def test_4_2_c_every_authority_shows_a_paper_with_number_date_and_seal() -> None:
    for code in ("court", "procuratorate", "police", "supervision", "lawyer"):
        papers = [PAPERS[paper] for paper in ASKERS[code].papers]
        assert any(paper.number and paper.dated and paper.stamped for paper in papers), code
    notice = PAPERS["retrieval_notice"]
    assert notice.number and notice.dated and notice.deadline and notice.stamped


def test_4_2_c_missing_paper_and_foreign_authority_are_refused(number: Make, agent: Staff) -> None:
    with pytest.raises(PapersMissing):
        register(agent, number().pk, papers=())
    assert register(agent, asked_by="foreign", papers=(), authority="Court").state == "refused"


def test_4_2_c_what_is_over_broad_cannot_be_granted_and_is_refused_in_writing(
    number: Make, agent: Staff, privacy: Staff
) -> None:
    for code in ASKERS:
        for data_class in set(DataClass.values) - set(HELD):
            assert refusal_of(code, data_class) == "not_held"
    assert refusal_of("lawyer", "logins") == refusal_of("relative", "measures") == "not_allowed"
    made = register(agent, number().pk, wants=("registrant", "contacts"))
    with pytest.raises(Refused):
        review(made, privacy, "registrant", "contacts")
    ruled = review(made, privacy, "registrant")
    assert BROAD in services.letter(ruled, "zh-hans") and BROAD in services.letter(ruled, "en")


def test_4_2_c_the_file_holds_the_least_with_a_hash_and_a_proof(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    made = register(agent, one.pk, wants=tuple(DataClass.values[:3]))
    handed = release(review(made, privacy, "tenure"), supervisor)
    content = content_of(handed)
    assert not [value for value in ADULT.values() if value.encode() in content]
    assert verify_proof(handed.proof, content)
    people = Disclosure.objects.get()
    assert len({people.maker_id, people.reviewer_id, people.closer_id}) == 3
