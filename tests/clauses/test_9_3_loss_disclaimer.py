"""9.3: loss from a rightful measure is the holder's; the notice says so, and that a wrong one is ours to put right."""

from collections.abc import Callable

import pytest

from accounts.models import Number
from enforcement.letters import placeholders
from enforcement.letters.render import problems
from enforcement.letters.services import load_shipped
from enforcement.letters.shipped import BY_CODE
from enforcement.models import LetterTemplate
from enforcement.policy import Kind, Letter
from qqops.staff.models import Staff
from tests.enforcement.acts import decide, terminated
from tests.enforcement.letters.post import draft, letter

pytestmark = pytest.mark.django_db
Make = Callable[..., Number]
BORNE = ("依规则采取措施所致的损失由您承担（第 9.3 条）", "Loss from a rightful measure is yours to bear (9.3)")
CORRECTED = ("措施有误的，我们负责更正", "a measure that was wrong is ours to put right")


@pytest.fixture(autouse=True)
def templates(setup_actor: Staff, rulebook: object) -> list[LetterTemplate]:
    return load_shipped(actor=setup_actor)


@pytest.mark.parametrize("kind", [Kind.RESTRICT, Kind.FREEZE, Kind.TERMINATE])
def test_9_3_each_measure_tells_who_bears_the_loss_and_that_errors_are_corrected(
    number: Make, officer: Staff, supervisor: Staff, kind: Kind
) -> None:
    one = number()
    report = terminated(one, officer, supervisor) if kind == Kind.TERMINATE else decide(kind, one, officer)
    found = letter(report)
    for text, borne, corrected in zip((found.body_zh, found.body_en), BORNE, CORRECTED, strict=True):
        assert borne in text and corrected in text
        assert ("10.4" in text) == (kind == Kind.TERMINATE)  # what is lost with the right of use itself


def test_9_3_a_termination_cannot_leave_it_out() -> None:
    for code in (Letter.TERMINATE, Letter.PRIOR, Letter.REMINDER):
        assert "loss" in placeholders.MUST[code]
        assert problems(draft(code, body_zh=BY_CODE[code].body_zh.replace("{loss}", "")))


def test_9_3_a_reversal_disclaims_nothing(number: Make, officer: Staff, officer2: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    found = letter(decide(Kind.LIFT, one, officer2, clauses=("11",), in_error=True))
    assert "9.3" not in found.text and "我们深表歉意" in found.body_zh
