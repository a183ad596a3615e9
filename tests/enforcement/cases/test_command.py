"""`manage.py cases`: what the web does with a case, from a terminal."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.models import Number
from enforcement.cases.good_faith import doubt_faith
from enforcement.cases.policy import CaseKind
from enforcement.cases.sealed_text import Words
from enforcement.models import Case, CaseNumber
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.cases.opening import opened
from tests.enforcement.evidence.files import PNG, take_in
from tests.terminal import Terminal

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]
Make = Callable[..., Number]
SAY = ("--reason", "told at the desk")


def acts(after: int) -> list[str]:
    return [verb for verb in verbs(after) if verb != "staff.token_issued"]  # the terminal's


def test_a_theft_from_its_opening_to_its_end(
    number: Make, agent: Staff, officer: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    stolen, second, third, paper = number(), number(), number(), take_in(officer, PNG)
    more = tmp_path / "more.csv"
    more.write_text(f"number\n{third.pk}\n")
    before = head()
    open_it = (
        "cases", "open", "--kind", "theft", "--what", "a password was guessed", "--number", stolen.pk,
        "--detail", "reported_on=2026-11-02", "--evidence", "call record 7", *SAY,
    )  # fmt: skip
    assert terminal("agent", *open_it).code == 4 and not Case.objects.exists()
    said = terminal("agent", *open_it, "--apply", "--json")
    assert said.code == 0
    assert (said.json["what"], said.json["evidence"], said.json["count"]) == (
        "a password was guessed", ["call record 7"], 1,
    )  # fmt: skip
    case = Case.objects.get()
    steps: list[tuple[str, int, tuple[object, ...]]] = [
        ("agent", 0, ("evidence", case.pk, "--evidence", "the log")),
        ("officer", 0, ("evidence", case.pk, "--evidence-file", paper.pk)),
        ("officer", 0, ("numbers", case.pk, "--number", second.pk, "--numbers", more)),
        ("officer", 0, ("details", case.pk, "--detail", "reported_on=2026-11-03")),
        ("officer", 6, ("cause", case.pk, "--cause", "operator")),
        ("supervisor", 0, ("refuse", case.pk)),
        ("officer", 6, ("cause", case.pk, "--cause", "other")),
        ("supervisor", 0, ("agree", case.pk)),
        ("officer", 0, ("close", case.pk, "--conclusion", "nothing of ours")),
    ]
    for login, code, step in steps:
        at = head()
        assert terminal(login, "cases", *step, *SAY).code == 4, step
        assert acts(at) == [], step  # a dry run leaves no trace
        assert terminal(login, "cases", *step, *SAY, "--apply").code == code, step
    assert acts(before) == [
        "case.opened", "case.evidence_added", "case.evidence_added", "case.numbers_added", "case.amended",
        "case.cause_proposed", "case.cause_refused", "case.cause_proposed", "case.cause_agreed", "case.closed",
    ]  # fmt: skip
    shown = terminal("auditor", "cases", "show", case.pk, *SAY).out
    for words in (
        "closed", "account theft", "a password was guessed", "day of the report: 2026-11-03", str(third.pk), "the log",
        f"#{paper.pk} SHA-256 {paper.sha256}", "root cause: not ours, agreed to by", "nothing of ours",
    ):  # fmt: skip
        assert words in shown, words
    assert Words(Case.objects.get()).conclusion == "nothing of ours"
    assert broken() == []


def test_a_list_says_nothing_in_words(number: Make, agent: Staff, terminal: Terminal) -> None:
    one = number()
    case = opened(CaseKind.ADVICE, agent, one.pk)
    shown = terminal("auditor", "cases", "list", "--state", "open", "--kind", "advice", *SAY)
    assert f"#{case.pk}  open  security advice given" in shown.out and "chat groups" not in shown.out
    (listed,) = terminal("auditor", "cases", "list", "--json", *SAY).json["cases"]
    assert (listed["case"], listed["kind"], listed["numbers"]) == (case.pk, "advice", [one.pk])
    assert "what" not in listed and "details" not in listed and "conclusion" not in listed
    assert terminal("auditor", "cases", "list", "--state", "closed", *SAY).out == ""


def test_a_list_as_json_says_where_a_case_names_more_numbers_than_it_gives(
    number: Make, agent: Staff, terminal: Terminal
) -> None:
    ids = [number().pk for _n in range(4)]
    opened(CaseKind.CLUSTER, agent, *ids[:3])
    opened(CaseKind.CLUSTER, agent, *ids)
    listed = terminal("auditor", "cases", "list", "--json", *SAY).json["cases"]
    assert [(one["numbers"], one["more"]) for one in listed] == [(ids[:3], True), (ids[:3], False)]


def test_details_that_are_not_named_stay_as_they_are(number: Make, agent: Staff, terminal: Terminal) -> None:
    case = opened(CaseKind.CLUSTER, agent, number().pk)
    step = ("cases", "details", case.pk, "--detail", "sampled=50", "--detail", "wrong=2", "--detail", "rate=", *SAY)
    assert terminal("officer", *step, "--apply").code == 0
    said = Case.objects.get().details
    assert said == {"cluster": "c-17", "devices": 3, "detected_by": "rule r-8", "sampled": 50, "wrong": 2}


@pytest.mark.parametrize(
    ("login", "code", "step", "sentence"),
    [
        ("officer", 2, ("evidence", "1"), "There is no case #1"),
        ("officer", 2, ("evidence",), "Say which case"),
        ("officer", 2, ("evidence", "ID"), "Name the evidence, or bring a file"),
        ("officer", 2, ("evidence", "ID", "--evidence", "call 13800138000"), "Leave personal data out"),
        ("officer", 2, ("numbers", "ID"), "Name the number concerned"),
        ("officer", 2, ("numbers", "ID", "--number", "finder:88880001"), "names nobody as “reported it”"),
        ("officer", 2, ("numbers", "ID", "--number", "boss:88880001"), "Unknown party: boss"),
        ("officer", 2, ("details", "ID", "--detail", "cause"), "Give each detail as NAME=VALUE"),
        ("officer", 2, ("details", "ID", "--detail", "colour=red"), "has no “colour”"),
        ("officer", 2, ("cause", "ID"), "Say whose cause it was"),
        ("supervisor", 2, ("agree", "ID"), "No root cause is proposed"),
        ("officer", 2, ("close", "ID", "--conclusion", "done"), "closes with a root cause"),
        ("agent", 5, ("numbers", "ID", "--number", "88880001"), "Your role may not work on cases"),
        ("officer", 5, ("agree", "ID"), "Your role may not agree to a root cause"),
        ("resources", 5, ("list",), "Your role may not read cases"),
    ],
)
def test_what_is_refused_is_refused_in_a_dry_run_too_and_changes_nothing(
    number: Make, agent: Staff, terminal: Terminal, login: str, code: int, step: tuple[str, ...], sentence: str
) -> None:
    one = number()
    case = opened(CaseKind.THEFT, agent, one.pk)
    words = [str(case.pk) if word == "ID" else word for word in step]
    for more in ((), ("--apply",)):
        said = terminal(login, "cases", *words, *SAY, *more)
        assert said.code == code and sentence in said.error, said
    case.refresh_from_db()
    assert (case.state, case.root_cause, CaseNumber.objects.filter(case=case).count()) == ("open", "", 1)


def test_what_two_people_decide_on_is_not_said_anew_with_the_details(
    number: Make, agent: Staff, officer: Staff, terminal: Terminal
) -> None:
    case = opened(CaseKind.FINDER, agent, number().pk)
    doubt_faith(case, actor=officer, reason="a login from his device before")
    doubted = Case.objects.get().details
    assert terminal("officer", "cases", "details", case.pk, "--detail", "heard=desk", *SAY, "--apply").code == 0
    assert Case.objects.get().details == doubted | {"heard": "desk"}
    back = terminal("officer", "cases", "details", case.pk, "--detail", "good_faith=no", *SAY, "--apply")
    assert back.code == 2 and "taken back by two people" in back.error


def test_a_finders_good_faith_is_doubted_by_one_and_ruled_on_by_another(
    number: Make, agent: Staff, terminal: Terminal
) -> None:
    case = opened(CaseKind.FINDER, agent, number().pk)
    before = head()
    assert terminal("agent", "cases", "doubt", case.pk, *SAY, "--apply").code == 5
    assert terminal("officer", "cases", "doubt", case.pk, *SAY).code == 4
    assert terminal("officer", "cases", "doubt", case.pk, *SAY, "--apply").code == 6
    assert terminal("officer", "cases", "agree", case.pk, *SAY, "--apply").code == 5
    assert terminal("supervisor", "cases", "agree", case.pk, *SAY).code == 4
    assert terminal("supervisor", "cases", "agree", case.pk, *SAY, "--apply").code == 0
    assert Case.objects.get().details["good_faith"] is False
    assert [v for v in acts(before) if v != "audit.refused"] == ["case.faith_doubted", "case.faith_withdrawn"]
