"""12.3, 12.4, footer: letters about measures say where the Rules are signed, which law applies, and who we are."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Number
from appeals.messages.sealed_text import Words
from appeals.models import Message
from enforcement.letters import placeholders
from enforcement.letters.render import Incomplete
from enforcement.letters.services import load_shipped
from enforcement.models import LetterTemplate
from enforcement.policy import Kind, Letter
from qqops.staff.models import Staff
from tests.appeals.heard import objection, ruled
from tests.enforcement.acts import decide
from tests.enforcement.letters.post import letter

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]


@pytest.fixture(autouse=True)
def templates(setup_actor: Staff, rulebook: object) -> list[LetterTemplate]:
    return load_shipped(actor=setup_actor)


def test_12_3_12_4_the_place_and_the_law_stand_in_the_letter(number: Make, officer: Staff) -> None:
    found = letter(decide(Kind.FREEZE, number(), officer))
    assert "广东省深圳市南山区" in found.body_zh and "适用中国大陆地区法律" in found.body_zh
    assert "Nanshan District, Shenzhen" in found.body_en and "the law of mainland China applies" in found.body_en


def test_12_3_the_place_is_a_setting_and_without_it_nothing_is_written(
    number: Make, officer: Staff, settings: Any
) -> None:
    report = decide(Kind.FREEZE, number(), officer)
    settings.QQOPS_SIGNED_AT, settings.QQOPS_SIGNED_AT_EN = "甲地", ""
    found = letter(report)
    assert "规则签订地：甲地；" in found.body_zh and "signed at 甲地;" in found.body_en
    settings.QQOPS_SIGNED_AT = ""
    with pytest.raises(Incomplete) as missing:
        letter(report)
    assert missing.value.names == ("jurisdiction",)


def test_12_3_every_letter_about_a_measure_must_have_it() -> None:
    having = {code for code in Letter if "jurisdiction" in placeholders.MUST[code]}
    assert having == {"restrict", "freeze", "terminate", "adjust", "prior", "reminder"}


def test_footer_the_operator_signs_every_letter(number: Make, officer: Staff, settings: Any) -> None:
    settings.QQOPS_OPERATOR = "某运营公司"
    found = letter(decide(Kind.FREEZE, number(), officer))
    assert found.body_zh.splitlines()[-2] == found.body_en.splitlines()[-2] == "某运营公司"
    assert all("operator" in placeholders.MUST[code] for code in Letter)


def test_12_3_12_4_and_footer_stand_in_every_answer_to_an_appeal_too(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, settings: Any
) -> None:
    settings.QQOPS_OPERATOR = "某运营公司"
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    told = [Words(appeal).of_message(message) for message in Message.objects.filter(appeal=appeal)]
    assert len(told) == 2
    for text in told:
        assert "广东省深圳市南山区" in text and "Nanshan District, Shenzhen" in text
        assert "适用中国大陆地区法律" in text and "the law of mainland China applies" in text
        assert text.count("某运营公司") == 2
