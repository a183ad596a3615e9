"""12.6: a letter cites the clause by its number and version, its text, never by its heading; 12.2: the Rules first."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from accounts.rulebook import services
from accounts.rulebook.parser import ParsedClause
from enforcement.letters.services import load_shipped
from enforcement.models import LetterTemplate
from enforcement.policy import Kind
from qqops.staff.models import Staff
from tests.enforcement.acts import decide
from tests.enforcement.letters.post import letter

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]


@pytest.fixture(autouse=True)
def templates(setup_actor: Staff, rulebook: object) -> list[LetterTemplate]:
    return load_shipped(actor=setup_actor)


def test_12_6_number_version_and_text_of_each_clause_stand_in_the_letter(number: Make, officer: Staff) -> None:
    decision = decide(Kind.FREEZE, number(), officer, clauses=("8.2", "10.1")).decision
    found = letter(decision)
    for ground in decision.grounds.select_related("clause__version"):
        clause = ground.clause
        assert clause is not None
        assert f"第 {clause.number} 条（版本 {clause.version.version}）：{clause.text}" in found.body_zh
        assert f"clause {clause.number} (version {clause.version.version}): {clause.text_en}" in found.body_en


def test_12_6_a_heading_never_does(number: Make, officer: Staff, resources: Staff) -> None:
    clause = ParsedClause("10.1", "可限制、冻结或终止。", heading="某标题")
    services.publish(
        "qq-number-rules", "QQ号码规则", "2024", services.effective("2024-01-01"), [clause],
        actor=resources, reason="法务通知", ticket="", source_sha256="0" * 64,
    )  # fmt: skip
    decision = decide(Kind.FREEZE, number(), officer).decision
    cited = decision.grounds.get().clause
    assert cited is not None
    assert (cited.heading, cited.version.version) == ("某标题", "2024")
    found = letter(decision)
    assert "《QQ号码规则》第 10.1 条（版本 2024）：可限制、冻结或终止。" in found.body_zh and "某标题" not in found.text


def test_12_2_the_rules_are_cited_before_law(number: Make, officer: Staff) -> None:
    law = {"clauses": ("law", "10.1"), "citation": "反电信网络诈骗法第三十一条"}
    found = letter(decide(Kind.RESTRICT, number(), officer, **law))
    assert found.body_zh.index("第 10.1 条") < found.body_zh.index("反电信网络诈骗法第三十一条")
