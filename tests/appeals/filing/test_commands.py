"""`manage.py appeals file`: the portal's file, each appeal once; and `appeals show`, what may be told of one."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings

from accounts.imports.columns import Row
from accounts.models import Hold, Number
from appeals.filing import portal_file
from appeals.filing import services as filing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, AppealKey, Message, PortalFiling
from appeals.queue import services as queue
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core import receipts
from qqops.core.commands import Exit
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.imports.files import csv_of, jsonl_of, put, xlsx_of
from tests.appeals.heard import STATEMENT, filed, objection, ruled
from tests.enforcement.acts import broken, decide, head, verbs
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
File = Callable[..., Any]
pytestmark = pytest.mark.usefixtures("english")
HEADING = ("portal_id", "number", "kind", "decision", "ground", "statement", "contact", "agreement", "past_passwords")
CHINESE = ("申诉编号", "号码", "申诉类型", "决定", "申诉理由", "申诉内容", "联系方式", "协议版本", "历史密码")
SECRETS = (STATEMENT, "13800000001", "wei@example.com")


def line(portal: str, number: object, kind: str = "recovery", **more: str) -> tuple[str, ...]:
    ground = {"recovery": "stolen", "objection": "facts", "enquiry": "help"}.get(kind, "stolen")
    agreement = "" if kind == "enquiry" else "2026-01"
    given = {"portal_id": portal, "number": str(number), "kind": kind, "ground": ground, "statement": STATEMENT,
             "contact": "138-0000-0001", "agreement": agreement} | more  # fmt: skip
    return tuple(given.get(name, "") for name in HEADING)


@pytest.fixture
def file(terminal: Terminal, tmp_path: Path, rulebook: object) -> File:
    def run(lines: Sequence[tuple[str, ...]] | bytes, *words: str) -> Any:
        content = lines if isinstance(lines, bytes) else csv_of(lines, HEADING)
        return terminal(None, "appeals", "file", put(tmp_path, content), "--json", *words)

    return run


def on_register() -> dict[str, str]:
    return dict(PortalFiling.objects.values_list("portal", "appeal__receipt"))


def test_a_file_is_filed_once_and_a_second_run_finds_it_known(
    file: File, numbers: Many, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    lines = [line(f"P-{n}", n, past_passwords="3 / 5") for n in numbers(3)]
    before = head()
    dry = file(lines)
    assert (dry.code, dry.json["new"], dry.json["kinds"], dry.json["receipts"]) == (
        Exit.DRY_RUN, 3, {"recovery": 3}, {},
    )  # fmt: skip
    assert verbs(before) == [] and not Appeal.objects.exists()
    done = file(lines, "--apply")
    assert (done.code, done.json["new"], done.json["known"], done.json["stopped"]) == (Exit.DONE, 3, 0, "")
    assert done.json["receipts"] == on_register() and len(on_register()) == 3
    assert verbs(before) == ["appeal.filed", "appeal.filed"]
    event = Event.objects.filter(verb="appeal.filed").earliest("seq")
    assert event.facts == {"n": 2, "sha256": done.json["sha256"], "kinds": {"recovery": 2}, "declined": {}}
    assert event.actor.username == "system-appeals"
    appeal = Appeal.objects.earliest("pk")
    assert (Words(appeal).statement, Words(appeal).contact) == (STATEMENT, "+8613800000001")
    assert AppealEvidence.objects.count() == Hold.objects.filter(kind="appeal").count() == 3
    before = head()
    again = file([*lines, line("P-more", lines[0][1], "enquiry")], "--apply")
    assert (again.json["new"], again.json["known"], verbs(before)) == (1, 3, ["appeal.filed"])
    assert again.json["receipts"] == on_register()
    assert file(lines).json["receipts"] == done.json["receipts"]  # also a dry run tells what is on the register
    before = head()
    assert file(lines, "--apply").json["known"] == 3 and verbs(before) == []
    assert broken() == []


def test_a_run_that_was_killed_between_chunks_is_finished_by_the_next(
    file: File, numbers: Many, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.QQOPS_CHUNK = 2
    lines = [line(f"P-{n}", n) for n in numbers(5)]
    whole, calls = filing.file, []

    def killed(*args: Any, **more: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return whole(*args, **more)

    monkeypatch.setattr(filing, "file", killed)
    with pytest.raises(KeyboardInterrupt):
        file(lines, "--apply")
    monkeypatch.undo()
    assert Appeal.objects.count() == 4
    done = file(lines, "--apply")
    assert (done.json["new"], done.json["known"], Appeal.objects.count()) == (1, 4, 5)


def test_a_file_whose_lines_found_the_same_open_is_known_after_that_is_closed(
    file: File, numbers: Many, agent: Staff, reviewer: Staff, settings: LazySettings
) -> None:
    settings.QQOPS_CHUNK = 2
    ids = numbers(3)
    there = [filed(n, "recovery", agent) for n in ids[:2]]
    lines = [line(f"P-{n}", n) for n in (ids[0], ids[2], ids[1], ids[2])]
    lines[3] = line("P-twin", ids[2])
    before = head()
    done = file(lines, "--apply")
    assert (done.json["new"], done.json["open"], done.json["known"]) == (1, 3, 0)
    assert verbs(before) == ["appeal.filed", "appeal.joined", "appeal.joined"]
    assert done.json["receipts"] == on_register() and len(on_register()) == 4
    for appeal in (*there, Appeal.objects.latest("pk")):
        ruled(appeal, "rejected", reviewer)
    before = head()
    for words in ((), ("--apply",)):
        again = file(lines, *words)
        assert (again.json["new"], again.json["known"], again.json["receipts"]) == (0, 4, done.json["receipts"])
    assert verbs(before) == [] and Appeal.objects.count() == 3 and broken() == []


def test_what_is_filed_is_what_was_checked(numbers: Many, rulebook: object, settings: LazySettings) -> None:
    settings.QQOPS_CHUNK = 1
    actor = Staff.objects.system("system-appeals")
    rows = [
        Row(at, {column: text for column, text in zip(HEADING, line(f"P-{n}", n), strict=True) if text})
        for at, n in enumerate(numbers(2), 2)
    ]
    found = portal_file.check(rows, figures=False)
    assert (found.lines, found.wrong) == (2, [])
    first, second = (Row(row.line, row.cells | {"statement": "短"}) for row in rows)
    for changed in ([first, rows[1]], [rows[1], rows[0]], []):
        with pytest.raises(Invalid, match="was changed while it was read"):
            portal_file.apply(changed, found, actor=actor, source="")
    assert not Appeal.objects.exists()
    done = portal_file.apply([rows[0], second], found, actor=actor, source="")
    assert "was changed while it was read" in done.stopped and "1. Run" in done.stopped
    assert done.receipts == on_register() and len(on_register()) == 1


def test_every_wrong_line_is_named_by_its_column_and_nothing_is_filed_or_repeated(file: File, numbers: Many) -> None:
    one, two = numbers(2)
    lines = [
        line("P-1", one),
        line("P-1", two),  # 3: twice
        line("", one),  # 4
        line("13812345678", one),  # 5: a person's
        line("P-2", "0123"),  # 6
        line("P-3", f"{one}/x"),  # 7
        line("P-4", one, kind="petition"),  # 8
        line("P-5", one, ground="facts"),  # 9
        line("P-6", one, statement="短"),  # 10
        line("P-7", one, contact="wei@example"),  # 11
        line("P-8", one, agreement=""),  # 12
        line("P-9", one, kind="objection"),  # 13: of what
        line("P-10", one, kind="objection", decision="999999999"),  # 14
        line("P-11", one, kind="objection", decision="the last one"),  # 15
        line("P-12", one, past_passwords="hunter2"),  # 16
        line("P-13", f"{one}/99999"),  # 17
    ]
    said = file(lines, "--apply")
    assert (said.code, said.json["wrong"]) == (Exit.USAGE, 15)
    assert [(one["line"], one["column"]) for one in said.json["errors"]] == [
        (3, "portal_id"), (4, "portal_id"), (5, "portal_id"), (6, "number"), (7, "number"), (8, "kind"),
        (9, "ground"), (10, "statement"), (11, "contact"), (12, "agreement"), (13, "decision"), (14, "decision"),
        (15, "decision"), (16, "past_passwords"), (17, "number"),
    ]  # fmt: skip
    assert not [value for value in (*SECRETS, "hunter2", "the last one") if value in said.out + said.error]
    assert not Appeal.objects.exists()


@pytest.mark.parametrize("form", [csv_of, xlsx_of, jsonl_of])
@pytest.mark.parametrize("heading", [HEADING, CHINESE])
def test_a_table_a_workbook_and_json_lines_are_read_under_either_heading(
    file: File, numbers: Many, form: Callable[..., bytes], heading: tuple[str, ...]
) -> None:
    (one,) = numbers(1)
    content = form([line("P-1", f"{one}/1", past_passwords="3/5", contact="wei@example.com")], heading)
    said = file(content, "--apply")
    assert (said.code, said.json["receipts"]) == (Exit.DONE, on_register())
    assert Words(Appeal.objects.get()).contact == "wei@example.com"
    assert Words(Appeal.objects.get()).of_evidence(AppealEvidence.objects.get()) == "3/5"


def test_a_file_with_columns_about_a_person_or_without_its_own_is_refused(file: File, numbers: Many) -> None:
    for heading in ((*HEADING[:-1], "document"), ("portal", "number", "kind", "ground", "statement", "agreement")):
        said = file(csv_of([tuple("x" for _name in heading)], heading), "--apply")
        assert said.code == Exit.USAGE and ("at place 9" in said.error or "for the contact" in said.error)


def test_the_dry_run_says_what_each_line_would_be_taken_as(
    file: File, number: Make, agent: Staff, officer: Staff
) -> None:
    open_one, frozen, free = number(), number(), number()
    filed(open_one, "recovery", agent)
    report = decide(Kind.FREEZE, frozen, officer)
    lines = [
        line("P-1", open_one.pk),
        line("P-2", frozen.pk),
        line("P-3", free.pk, kind="objection", decision=f"#{report.decision.pk}"),
        line("P-4", f"{free.pk}/7"),
        line("P-5", free.pk, kind="enquiry"),
    ]
    would = file(lines)
    figures = {name: would.json[name] for name in ("lines", "new", "open", "routed", "declined", "kinds")}
    assert figures == {
        "lines": 5, "new": 4, "open": 1, "routed": 1, "declined": {"never_held": 1, "not_his": 1},
        "kinds": {"enquiry": 1, "objection": 2, "recovery": 1},
    }  # fmt: skip
    done = file(lines, "--apply")
    assert {name: done.json[name] for name in figures} == figures
    assert Counter(Message.objects.values_list("kind", flat=True)) == {"receipt": 5, "answer": 1}  # P-1 came to it
    assert broken() == []


def test_a_line_that_could_not_be_taken_in_is_told_by_its_portal_id_and_the_run_is_not_whole(
    terminal: Terminal, tmp_path: Path, rulebook: object, agent: Staff, numbers: Many
) -> None:
    one, two = numbers(2)
    AppealKey.objects.filter(pk=filed(one, "recovery", agent).pk).delete()
    path = put(tmp_path, csv_of([line("P-1", one), line("P-2", two)], HEADING))
    done = terminal(None, "appeals", "file", path, "--apply", "--json")
    assert (done.code, done.json["new"], done.json["open"], list(done.json["receipts"])) == (Exit.PARTLY, 1, 0, ["P-2"])
    assert done.json["receipts"] == on_register() and "is no longer kept" in done.json["refused"]["P-1"]
    said = terminal(None, "appeals", "file", path, "--apply")
    assert said.code == Exit.PARTLY and "not taken in: P-1: What was said in this appeal is no longer kept" in said.out


def test_a_reader_is_told_the_figures_in_words(terminal: Terminal, tmp_path: Path, numbers: Many) -> None:
    (one,) = numbers(1)
    path = put(tmp_path, csv_of([line("P-1", one), line("P-2", f"{one}/9")], HEADING))
    dry = terminal(None, "appeals", "file", path)
    assert "Dry run. Lines: 2, would be new: 2, known: 0" in dry.out and "never" not in dry.error
    assert "nobody held this number then: 1" in dry.out
    bad = terminal(None, "appeals", "file", put(tmp_path, csv_of([line("P-1", "x")], HEADING)))
    assert "line 2, number:" in bad.out and "Faults: 1, lines: 1." in bad.error


def test_show_tells_how_it_stands_and_nothing_that_was_said(
    terminal: Terminal, number: Make, agent: Staff, officer: Staff, reviewer: Staff, rulebook: object
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    queue.take(appeal, actor=reviewer)
    why = ("--reason", "the caller asks how it stands")
    said = terminal("agent", "appeals", "show", appeal.receipt.lower(), *why, "--json")
    assert said.code == Exit.DONE
    told = said.json
    assert (told["receipt"], told["state"], told["in_hand"]) == (appeal.receipt, "filed", "reviewer")
    assert (told["number"], told["tenure"], told["decision"]) == (one.pk, 1, appeal.decision_id)
    words = terminal("agent", "appeals", "show", appeal.receipt, *why).out
    assert "We are looking into it." in words and "in hand: reviewer" in words
    for text in (json.dumps(told), words):
        assert STATEMENT not in text and "13800000001" not in text
    slip = appeal.receipt[:-2] + ("7" if appeal.receipt[-2] != "7" else "8") + appeal.receipt[-1]
    assert receipts.read(slip) is None
    wrong = terminal("agent", "appeals", "show", slip, *why)
    assert (wrong.code, "one of its characters is wrong" in wrong.error) == (Exit.USAGE, True)
    unknown = terminal("agent", "appeals", "show", receipts.new("A"), *why)
    assert (unknown.code, "There is no appeal" in unknown.error) == (Exit.USAGE, True)
    before = head()
    refused = terminal("resources", "appeals", "show", appeal.receipt, *why)
    assert refused.code == Exit.REFUSED and verbs(before)[-1] == "audit.refused"
