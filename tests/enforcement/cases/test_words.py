"""What a case says in words lies sealed: read where the case is read, and nowhere else; gone with its key."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client

from accounts.models import Number
from enforcement.cases import services as cases
from enforcement.cases.policy import CaseKind
from enforcement.cases.sealed_text import Words
from enforcement.models import Case, CaseKey
from qqops.core.errors import Invalid
from qqops.crypto.seal import CannotOpen
from qqops.staff.models import Staff
from tests.desk import desk
from tests.enforcement.acts import broken, head
from tests.enforcement.cases.opening import REASON, opened
from tests.enforcement.evidence.files import take_in
from tests.pages import text

__all__ = ["desk"]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
Make = Callable[..., Number]
WHAT, SHOWN, CAME = "old Mr. Raven sold it", "a note in his hand", "Mrs. Raven has it back"


@pytest.fixture
def case(agent: Staff, officer: Staff, number: Make) -> Case:
    case = opened(CaseKind.THEFT, agent, number().pk, what=f" {WHAT} ", evidence=(SHOWN, " "))
    return cases.add_evidence(case, ["and another"], [take_in(officer).pk], actor=officer, reason=REASON)


def test_nothing_of_it_lies_in_clear_in_any_row(agent: Staff, officer: Staff, number: Make) -> None:
    before = head()
    case = opened(CaseKind.ADVICE, agent, number().pk, what=WHAT, evidence=(SHOWN,))
    case = cases.close(case, CAME, actor=officer, reason="all is decided")
    rows = (
        "SELECT row_to_json(x)::text FROM enforcement_case x",
        "SELECT row_to_json(x)::text FROM enforcement_historicalcase x",
        "SELECT row_to_json(x)::text FROM enforcement_caseevidence x",
        f"SELECT row_to_json(x)::text FROM audit_event x WHERE seq > {before}",
    )
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(rows))
        lying = "\n".join(row for (row,) in cursor.fetchall())
    assert str(case.pk) in lying
    for said in (WHAT, SHOWN, CAME, "Raven"):
        assert said not in lying and said.encode().hex() not in lying
    words = Words(Case.objects.get())
    assert (words.what, words.evidence(), words.conclusion) == (WHAT, [SHOWN], CAME)
    assert broken() == []


def test_it_stands_on_the_page_of_the_case_and_on_no_list_and_in_no_history(
    case: Case, desk: Callable[[str], Client]
) -> None:
    auditor, url = desk("auditor"), f"/admin/enforcement/case/{case.pk}/"
    before, page = head(), text(auditor.get(url))
    assert WHAT in page and SHOWN in page and "and another" in page
    assert head() == before  # as the facts of a decision: who may see it reads it
    listed = text(auditor.get("/admin/enforcement/case/"))
    entry = case.numbers.get()
    assert f"#{case.pk}" in listed and str(entry.number_id) in listed
    for elsewhere in (listed, text(auditor.get(f"{url}history/")), text(auditor.get("/admin/audit/event/"))):
        assert "Raven" not in elsewhere and SHOWN not in elsewhere


def test_a_list_names_the_first_numbers_and_says_that_there_are_more(
    agent: Staff, numbers: Callable[[int], list[int]], desk: Callable[[str], Client]
) -> None:
    first, second, third, fourth = numbers(4)
    opened(CaseKind.CLUSTER, agent, first, second, third)
    assert f"{first}, {second}, {third} " in text(desk("agent").get("/admin/enforcement/case/"))
    opened(CaseKind.CLUSTER, agent, first, second, third, fourth)
    listed = text(desk("agent").get("/admin/enforcement/case/"))
    assert f"{first}, {second}, {third} …" in listed and str(fourth) not in listed


def test_words_moved_to_another_case_or_place_do_not_open_there(case: Case, agent: Staff, number: Make) -> None:
    other = opened(CaseKind.THEFT, agent, number().pk)
    other.what, case.conclusion = case.what, case.what
    for moved in (lambda: Words(other).what, lambda: Words(case).conclusion):
        with pytest.raises(CannotOpen):
            moved()


def test_with_its_key_all_it_says_is_gone_and_the_rest_stays(
    case: Case, officer: Staff, desk: Callable[[str], Client]
) -> None:
    CaseKey.objects.filter(pk=case.pk).delete()
    words = Words(case)
    assert (words.what, words.conclusion, words.evidence()) == ("", "", [])
    page = text(desk("officer").get(f"/admin/enforcement/case/{case.pk}/"))
    assert "It cannot be read any more." in page and "account theft" in page and WHAT not in page
    before = head()
    with pytest.raises(Invalid, match="open another one. Nothing was done"):
        cases.add_evidence(case, ["more of it"], actor=officer, reason=REASON)
    assert head() == before and broken() == []
