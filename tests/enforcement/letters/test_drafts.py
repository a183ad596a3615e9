"""What a template may say: bare known names in braces, everything that its letter must tell, and no promise."""

import pytest

from enforcement.letters import placeholders
from enforcement.letters.example import example
from enforcement.letters.render import Incomplete, problems
from enforcement.letters.shipped import SHIPPED
from enforcement.policy import Letter
from tests.enforcement.letters.post import draft, with_more

pytestmark = pytest.mark.usefixtures("english")


def test_there_is_a_text_for_each_letter_and_nothing_is_wrong_with_it() -> None:
    assert [one.code for one in SHIPPED] == Letter.values
    assert {one.code: problems(one) for one in SHIPPED} == dict.fromkeys(Letter.values, [])


@pytest.mark.parametrize("letter", list(Letter))
@pytest.mark.django_db
def test_an_example_of_each_can_be_shown_in_both_languages(letter: Letter) -> None:
    shown = example(draft(letter), letter)
    assert "{" not in shown.subject + shown.text and "10000" in shown.body_zh and "10000" in shown.body_en


@pytest.mark.parametrize("name", ["holder", "x", "number_", "reclaim_on", "loss2"])
def test_an_unknown_name_is_refused_and_the_known_ones_are_told(name: str) -> None:
    (found,) = problems(with_more(f"{{{name}}}"))
    assert found.startswith(f"“{{{name}}}” is no placeholder that may stand here. These may: {{number}}, {{measure}}, ")


@pytest.mark.parametrize(
    "trick",
    [
        "{number.__class__}", "{0}", "{}", "{number!r}", "{number:>99}", "{number[0]}", "{ number }", "{NUMBER}",
        "{{number}}", "{number", "number}", "{ｎumber}", "{settings.SECRET_KEY}",
    ],
)  # fmt: skip
def test_nothing_but_a_bare_name_stands_in_braces(trick: str) -> None:
    assert problems(with_more(trick)) != []


@pytest.mark.parametrize("letter", list(Letter))
def test_each_letter_must_say_what_its_holder_is_owed(letter: Letter) -> None:
    for name in placeholders.MUST[letter]:
        for body in ("body_zh", "body_en"):
            text = getattr(draft(letter), body).replace(f"{{{name}}}", "")
            (found,) = problems(draft(letter, **{body: text}))
            assert found.endswith(f"must have {{{name}}}.")


def test_the_owed_are_as_the_clauses_say() -> None:
    measures = (Letter.RESTRICT, Letter.FREEZE, Letter.TERMINATE, Letter.PRIOR, Letter.REMINDER)
    owed = {letter: set(placeholders.MUST[letter]) for letter in Letter}
    assert all({"clauses", "operator"} <= names for names in owed.values())
    assert all({"facts", "how_found", "appeal", "jurisdiction"} <= owed[letter] for letter in measures)
    assert {letter for letter in Letter if "loss" in owed[letter]} == {"terminate", "prior", "reminder"}
    assert all(owed[letter] <= set(placeholders.known_to(letter)) for letter in Letter)


@pytest.mark.parametrize("promise", ["We guarantee it.", "It is GUARANTEED.", "我们保证恢复。"])
def test_no_letter_promises_an_outcome(promise: str) -> None:
    (found,) = problems(with_more(promise))
    assert found.startswith("No letter promises an outcome (7)")


@pytest.mark.parametrize("subject", ["", "two\nlines", "x" * 121, "of {number}", "{facts}", "bell\x07"])
def test_a_subject_is_one_line_and_names_nobody(subject: str) -> None:
    assert problems(draft(subject_en=subject)) != []


def test_a_body_has_an_end_and_no_control_characters() -> None:
    for text in ("x" * 10_001, "one\x1ftwo"):
        (found,) = problems(with_more(text))
        assert found == "A text has at most 10000 characters, none of them a control character."


@pytest.mark.django_db
def test_what_is_filled_in_is_not_read_again(settings: object) -> None:
    settings.QQOPS_OPERATOR = "{number} {facts}"  # type: ignore[attr-defined]
    shown = example(draft(body_en="{operator}"), Letter.UNDO)
    assert shown.body_en == "{number} {facts}"


@pytest.mark.django_db
def test_what_the_house_does_not_say_is_named(settings: object) -> None:
    settings.QQOPS_APPEAL_CONTACT = settings.QQOPS_OPERATOR = ""  # type: ignore[attr-defined]
    with pytest.raises(Incomplete) as missing:
        example(draft(), Letter.UNDO)
    assert missing.value.names == ("appeal", "operator")
