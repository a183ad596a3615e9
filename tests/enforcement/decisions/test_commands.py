"""The commands: dry run by default, one JSON object, exit codes that mean something, and whose token it is."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import time_machine
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.management.commands import enforce
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core.commands import Exit
from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token, revoke_tokens
from tests.enforcement.acts import DAY, HOUR, broken, decide, head, verbs
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
KEYS = {"decision", "state", "effect", "targets", "applied", "skipped", "unknown", "failed"}
GROUNDS = (
    "--clause", "10.1", "--fact", "群发诈骗链接", "--evidence", "风控记录截图", "--reason", "按规则处置该号码",
    "--severity", "serious", "--departure", "情节与同类案件相比有别",
)  # fmt: skip


def test_the_codes_mean_what_they_have_always_meant() -> None:
    assert {code.name: code.value for code in Exit} == {
        "DONE": 0, "ERROR": 1, "USAGE": 2, "PARTLY": 3, "DRY_RUN": 4, "REFUSED": 5, "WAITING": 6, "BROKEN": 7,
    }  # fmt: skip


def freeze(*more: object) -> tuple[object, ...]:
    return ("enforce", "freeze", *more, *GROUNDS)


def test_a_dry_run_says_what_would_be_and_changes_nothing(number: Make, terminal: Terminal) -> None:
    one = number()
    said = terminal("officer", *freeze(one.pk, "--for", "7d"))
    assert said.code == 4
    assert "Dry run: nothing is changed" in said.out and "freeze: 1 of 1 numbers" in said.out
    said = terminal("officer", *freeze(one.pk, "--for", "7d", "--json"))
    assert said.code == 4 and set(said.json) == KEYS | {"would_apply"}
    assert (said.json["state"], said.json["would_apply"], said.json["applied"]) == ("dry_run", 1, 0)
    assert not Decision.objects.exists() and Number.objects.get(pk=one.pk).revision == 0


def test_done_is_0_and_one_object(number: Make, terminal: Terminal) -> None:
    one = number()
    said = terminal("officer", *freeze(one.pk, "--for", "7d", "--apply", "--json"))
    decision = Decision.objects.get()
    assert said.code == 0
    assert said.json == {
        "decision": decision.pk, "state": "applied", "effect": "at_once", "targets": 1, "applied": 1, "skipped": {},
        "unknown": [], "failed": 0,
    }  # fmt: skip
    assert decision.duration == 7 * DAY


def test_partly_is_3(numbers: Many, terminal: Terminal, officer: Staff) -> None:
    ids, frozen = numbers(2), numbers(1)
    decide(Kind.FREEZE, frozen, officer)
    said = terminal("officer", *freeze(*ids, *frozen, 77777, "--for", "7d", "--apply", "--json"))
    assert said.code == 3
    assert (said.json["applied"], said.json["skipped"], said.json["unknown"]) == (2, {"already": 1}, [77777])


def test_a_proposal_waits_with_6_and_is_agreed_to_by_another_with_0(numbers: Many, terminal: Terminal) -> None:
    said = terminal("officer", *freeze(*numbers(101), "--for", "7d", "--apply", "--json"))
    assert (said.code, said.json["state"], said.json["applied"]) == (6, "proposed", 0)
    pk = said.json["decision"]
    agree = ("approve", pk, "--reason", "同意该处置决定")
    said = terminal("supervisor", *agree)
    assert said.code == 4 and "nothing is changed" in said.out
    said = terminal("supervisor", *agree, "--json")
    assert said.code == 4 and set(said.json) == KEYS | {"dry_run"} and said.json["state"] == "proposed"
    said = terminal("supervisor", *agree, "--apply", "--json")
    assert (said.code, set(said.json), said.json["applied"], said.json["state"]) == (0, KEYS, 101, "applied")
    shown = terminal(None, "decisions", "show", pk, "--json")
    assert (shown.code, set(shown.json), shown.json["applied"]) == (0, KEYS | {"dry_run"}, 101)
    assert "agreed" in terminal(None, "decisions", "show", pk).out


def test_the_maker_cannot_play_the_second_person_from_his_shell(
    number: Make, terminal: Terminal, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    restrict = ("enforce", "restrict", one.pk, *GROUNDS, "--scope", "login", "--for", "3d", "--apply", "--json")
    pk = terminal("supervisor", *restrict).json["decision"]
    agree = ("approve", pk, "--reason", "同意该处置决定", "--apply")
    assert terminal("supervisor", *agree).code == 5
    own = issue_token(supervisor)
    said = terminal("supervisor2", *agree, token=own)  # another's name with one's own token
    assert (said.code, "belongs to another person" in said.error) == (5, True)
    assert Event.objects.latest("seq").actor == supervisor
    assert terminal("supervisor2", *agree).code == 0


def test_refuse_by_command(number: Make, terminal: Terminal) -> None:
    pk = terminal("officer", *freeze(number().pk, "--indefinite", "--apply", "--json")).json["decision"]
    said = terminal("supervisor", "approve", pk, "--refuse", "--reason", "事实不清，不予同意", "--apply", "--json")
    assert (said.code, said.json["state"]) == (0, "refused")
    assert terminal("supervisor", "approve", pk, "--reason", "同意该处置决定", "--apply").code == Exit.USAGE


def test_a_token_that_is_wrong_expired_revoked_or_missing_opens_nothing(
    number: Make, terminal: Terminal, officer: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = freeze(number().pk, "--for", "7d", "--apply")
    good = issue_token(officer)
    assert terminal("officer", *words, token="wrong").code == 5
    with time_machine.travel(timezone.now() + 13 * HOUR):
        assert terminal("officer", *words, token=good).code == 5
    revoked = issue_token(officer)
    revoke_tokens(officer, actor=officer, reason="")
    assert terminal("officer", *words, token=revoked).code == 5
    said = terminal("officer", *words, token="")
    assert (said.code, "QQOPS_TOKEN" in said.error) == (5, True)
    assert not Decision.objects.exists()
    assert terminal("officer", *words).code == 0


def test_a_token_may_come_from_a_file(number: Make, terminal: Terminal, officer: Staff, tmp_path: Path) -> None:
    file = tmp_path / "officer.token"
    file.write_text(issue_token(officer) + "\n")
    words = freeze(number().pk, "--for", "7d", "--apply")
    assert terminal("officer", *words, "--token-file", tmp_path / "none", token="").code == Exit.USAGE
    assert terminal("officer", *words, "--token-file", file, token="").code == 0


def test_without_the_right_it_is_refused_on_the_record(number: Make, terminal: Terminal) -> None:
    before = head()
    said = terminal("auditor", *freeze(number().pk, "--for", "7d", "--apply"))
    assert (said.code, verbs(before)[-1], Decision.objects.count()) == (5, "audit.refused", 0)
    assert Event.objects.latest("seq").source == "command"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (freeze("04123", "--for", "7d"), "04123"),
        (freeze("77777", "--for", "7d"), "77777"),
        (freeze("100000000000", "--for", "7d"), "100000000000"),
        (freeze("--for", "7d"), "Give numbers"),
        (freeze("{one}", "--until", "2020-01-01"), "past"),
        (freeze("{one}", "--until", "tomorrow"), "tomorrow"),
        (freeze("{one}", "--for", "a week"), "a week"),
        (freeze("{one}", "--for", "0d"), "0d"),
        (freeze("{one}"), "how long"),
        (freeze("{one}", "--for", "7d", "--clause", "10.2"), "10.2"),
        (freeze("{one}", "--for", "7d", "--clause", "13.9"), "13.9"),
        (
            ("enforce", "freeze", "{one}", "--clause", "10.1", "--fact", "x", "--reason", "按规则处置", "--for", "7d"),
            "evidence",
        ),
        (("enforce", "freeze", "{one}", *GROUNDS[2:], "--for", "7d"), "clause"),
        (("enforce", "restrict", "{one}", *GROUNDS, "--for", "7d"), "what is restricted"),
        (("enforce", "lift", "{one}", *GROUNDS), "which measures"),
        (("enforce", "lift", "{one}", *GROUNDS, "--what", "freeze"), "Nothing would change"),
        (("enforce", "restore", "{one}", *GROUNDS), "Nothing would change"),
        (freeze("--numbers", "/nowhere.txt", "--for", "7d"), "Cannot read"),
        (("approve", "99999", "--reason", "同意该处置决定"), "99999"),
    ],
)
def test_bad_input_is_told_with_2_and_leaves_nothing(
    number: Make, terminal: Terminal, words: tuple[str, ...], told: str
) -> None:
    one = number()
    login = "supervisor" if words[0] == "approve" else "officer"
    said = terminal(login, *(str(w).replace("{one}", str(one.pk)) for w in words), "--apply")
    assert (said.code, told in said.error) == (Exit.USAGE, True), said
    assert not Decision.objects.exists() and Number.objects.get(pk=one.pk).revision == 0


def test_a_list_with_three_bad_lines_names_all_three(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    ids, file = numbers(2), tmp_path / "list.txt"
    file.write_text(f"{ids[0]}\n04123\nabc\n{ids[1]}\n12\n")
    words = freeze("--for", "7d", "--apply", "--numbers", file)
    said = terminal("officer", *words)
    assert (
        said.code == 2
        and [w in said.error for w in ("04123", "abc", "12”", "line 2", "line 3", "line 5")] == [True] * 6
    )
    file.write_text("")
    assert terminal("officer", *words).code == 2
    assert not Decision.objects.exists()
    file.write_bytes(f"号码\n{ids[0]}\n{ids[1]}\n".encode("gb18030"))
    assert terminal("officer", *words).code == 0
    assert Measure.objects.count() == 2


def test_full_width_digits_and_the_largest_unsigned_number_are_fine(number: Make, terminal: Terminal) -> None:
    number(id=4294967296)
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in "4294967296")
    assert terminal("officer", *freeze(full_width, "--for", "7d", "--apply")).code == 0
    assert terminal("officer", *freeze("4294967296", "--for", "7d", "--apply")).code == 2  # already


def test_a_date_is_its_first_moment_in_shanghai(number: Make, terminal: Terminal) -> None:
    day = (timezone.localtime() + 3 * DAY).date()
    assert terminal("officer", *freeze(number().pk, "--until", day, "--apply")).code == 0
    until = Measure.objects.get().until
    assert until is not None and until.isoformat().startswith(f"{day - DAY}T16:00:00")


def test_every_act_of_the_brief_by_command(number: Make, terminal: Terminal) -> None:
    one = number().pk
    assert (
        terminal("officer", "enforce", "restrict", one, *GROUNDS, "--scope", "mail", "--for", "9d", "--apply").code == 0
    )
    assert terminal("officer", *freeze(one, "--for", "2d", "--apply")).code == 0
    assert terminal("reviewer", "enforce", "lift", one, *GROUNDS, "--what", "freeze", "--apply").code == 0
    for kind, judge, state in (("terminate", "supervisor", "terminated"), ("restore", "supervisor2", "in_use")):
        said = terminal("officer", "enforce", kind, one, *GROUNDS, "--apply", "--json")
        assert said.code == 6
        agree = ("approve", said.json["decision"], "--reason", "同意该处置决定", "--apply")
        assert terminal(judge, *agree).code == 0
        shown = terminal(None, "number", one, "--json").json
        assert (shown["lifecycle"], len(shown["timeline"]) > 0) == (state, True)
    assert [m["end_reason"] for m in shown["measures"]] == ["lifted", ""]
    assert set(shown) == {
        "number",
        "lifecycle",
        "shown",
        "until",
        "tier",
        "protection",
        "tenure",
        "measures",
        "timeline",
    }
    text = terminal(None, "number", one).out
    assert str(one) in text and "10.1" in text
    assert terminal(None, "number", "77777").code == 2
    assert broken() == []


def test_expire_shows_first_and_sweeps_on_apply(number: Make, officer: Staff, terminal: Terminal) -> None:
    with time_machine.travel(timezone.now() - 5 * HOUR):
        decide(Kind.FREEZE, number(), officer, duration=2 * HOUR)
    said = terminal(None, "expire", "--json")
    assert (said.code, said.json) == (4, {"applied": False, "measures": 1, "proposals": 0})
    said = terminal(None, "expire", "--apply", "--json")
    assert (said.code, said.json) == (0, {"applied": True, "measures": 1, "proposals": 0})
    assert Event.objects.latest("seq").actor.username == "system-expiry"


def test_an_interrupted_decision_is_continued_and_no_other(
    numbers: Many, officer: Staff, supervisor: Staff, terminal: Terminal
) -> None:
    report = decide(Kind.FREEZE, numbers(101), officer)
    assert terminal(None, "decisions", "run", report.decision.pk, "--apply").code == 2  # not agreed to
    approval.approve(
        report.decision,
        actor=supervisor,
        reason="同意该处置决定",
        content_hash=report.decision.content_hash,
        later=lambda _decision: None,
    )
    said = terminal(None, "decisions", "run", report.decision.pk, "--json")
    assert (said.code, said.json["applied"], Measure.objects.count()) == (4, 0, 0)
    said = terminal(None, "decisions", "run", report.decision.pk, "--apply", "--json")
    assert (said.code, said.json["applied"], said.json["state"]) == (0, 101, "applied")
    assert terminal(None, "decisions", "run", report.decision.pk, "--apply").code == 2
    assert Measure.objects.count() == 101


def test_the_database_gone_is_1_and_a_sentence(
    number: Make, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*args: object, **kwargs: object) -> None:
        raise OperationalError("server closed the connection unexpectedly\n\tsecond line")

    one = number()
    monkeypatch.setattr(enforce, "decide", gone)
    said = terminal("officer", *freeze(one.pk, "--for", "7d", "--apply"))
    assert said.code == 1
    assert "server closed the connection" in said.error and "second line" not in said.error


@pytest.mark.django_db(transaction=True)
def test_from_a_real_shell_with_a_list_on_standard_input(
    numbers: Many, token: Callable[[Staff], str], officer: Staff, process_env: dict[str, str]
) -> None:
    ids = numbers(3)
    command = [sys.executable, "manage.py", *map(str, freeze("--numbers", "-", "--for", "7d", "--json"))]
    done = subprocess.run(
        [*command, "--actor", "officer", "--apply"],
        input="\ufeff号码\r\n" + "\r\n".join(map(str, ids)),
        capture_output=True,
        text=True,
        cwd=settings.BASE_DIR,
        env=process_env | {"QQOPS_TOKEN": token(officer), "PATH": os.environ["PATH"]},
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["applied"] == 3
    assert broken() == []
