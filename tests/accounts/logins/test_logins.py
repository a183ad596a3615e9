"""The login feed: what it makes of numbers and tenures, what it passes over, and what refuses a file (5.1, T5, T15)."""

import datetime
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts.lists.feed import Feed, Read
from accounts.logins import services
from accounts.logins.queries import covered_until, versions_by_time
from accounts.models import LoginFact, LoginLine, Number, Tenure
from accounts.quarantine.sweep import BY_KEY
from qqops.alerts.models import Beat
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.logins.files import HOUR, ago, logins
from tests.clauses.test_12_1_d_continued_use import accepted, publish
from tests.enforcement.acts import broken, head, verbs
from tests.terminal import Terminal

pytestmark = pytest.mark.usefixtures("in_english", "rulebook")

Many = Callable[..., list[int]]


def facts_of(number: int) -> list[tuple[str, datetime.datetime, datetime.datetime]]:
    rows = LoginFact.objects.filter(tenure__number=number).order_by("service")
    return list(rows.values_list("service", "first_at", "last_at"))


def states(numbers: list[int]) -> list[str]:
    return list(Number.objects.filter(pk__in=numbers).order_by("pk").values_list("lifecycle", flat=True))


def test_late_and_repeated_lines_leave_the_first_and_the_last_login(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    (one,) = numbers(1)
    first, middle, last = ago(days=30), ago(days=20), ago(days=10)
    file = logins(tmp_path, [(one, middle, "qq"), (one, middle, "qq"), (one, last, "game-7")])
    assert terminal(None, "import_logins", file, "--apply").code == 0
    assert facts_of(one) == [("game-7", last, last), ("qq", middle, middle)]
    late = logins(tmp_path, [(one, last, "qq"), (one, first, "qq")])
    for lines, moved in ((late, 1), (late, 0), (file, 0)):
        said = terminal(None, "import_logins", lines, "--apply", "--json").json
        assert said["logins"] == moved
        assert facts_of(one) == [("game-7", last, last), ("qq", first, last)]
    assert (LoginLine.objects.count(), Number.objects.get(pk=one).revision, broken()) == (0, 0, [])


def test_the_first_login_activates_and_a_second_run_finds_nothing_to_do(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    fresh, used = numbers(2, "allocated"), numbers(1)
    file = logins(tmp_path, [(n, ago(hours=3), "qq") for n in [*fresh, *used]])
    before = head()
    dry = terminal(None, "import_logins", file)
    assert dry.code == 4 and "would be activated: 2" in dry.out
    assert (states(fresh), verbs(before), LoginFact.objects.count()) == (["allocated"] * 2, [], 0)
    assert terminal(None, "import_logins", file, "--apply").code == 0
    assert states([*fresh, *used]) == ["in_use"] * 3
    assert verbs(before) == ["logins.imported", "number.activated", "logins.file_recorded"]
    event = Event.objects.get(seq=before + 2)
    assert (event.actor.username, event.facts) == ("system-feed", {"clause": "5.1", "numbers": 2})
    assert event.rows == {"accounts_historicalnumber": 2}
    assert Event.objects.get(seq=before + 1).facts == {
        "lines": 3, "logins": 3, "activated": 2, "withdrawn": 0, "accepted": 0, "skipped": {},
    }  # fmt: skip
    again = head()
    terminal(None, "import_logins", file, "--apply")
    assert verbs(again) == ["logins.imported", "logins.file_recorded"] and broken() == []


def test_what_is_not_in_use_and_what_is_older_than_its_holder_is_passed_over_and_listed(
    numbers: Many, terminal: Terminal, tmp_path: Path
) -> None:
    (used,), (over,), (gone,) = numbers(1, started_at=ago(days=5)), numbers(1, "terminated"), numbers(1, "quarantined")
    lines = [(n, ago(hours=1), "qq") for n in (used, over, gone, 77_777)] + [(used, ago(days=9), "qq")]
    said = terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json
    assert said["skipped"] == {"terminated": 1, "quarantined": 1, "unknown": 1, "before": 1}
    assert said["numbers"] == {"terminated": [over], "quarantined": [gone], "unknown": [77_777], "before": [used]}
    assert LoginFact.objects.count() == 1 and states([over, gone]) == ["terminated", "quarantined"]
    shown = terminal(None, "import_logins", logins(tmp_path, lines), "--apply").out
    assert "Passed over (unknown number): 1 lines, numbers 77777" in shown
    assert "Passed over (terminated): 1 lines" in shown and broken() == []


def test_the_first_login_under_a_version_accepts_it_in_whatever_file_it_comes_and_never_instead_of_a_word(
    numbers: Many, resources: Staff, terminal: Terminal, tmp_path: Path
) -> None:
    using, said = numbers(2)
    tenth = publish("十", ago(days=5), resources)
    word = ago(days=1)
    Tenure.objects.filter(number=said).update(rules_version=tenth, acceptance="explicit", accepted_at=word)
    middle, first, last = ago(days=3), ago(days=4), ago(days=2)
    for at, moves, earliest in ((middle, 1, middle), (last, 0, middle), (first, 1, first), (middle, 0, first)):
        lines = [(n, at, "qq") for n in (using, said)]
        told = terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json").json
        assert told["accepted"] == moves
        assert accepted(using) == ("十", "by_use", earliest)
        assert accepted(said) == ("十", "explicit", word)
    history = Tenure.history.filter(number_id=using).order_by("history_id")
    assert list(history.values_list("accepted_at", flat=True)) == [None, middle, first]


def test_too_many_unknown_numbers_refuse_the_file(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    known = numbers(5)
    for unknown, code in ((3, 0), (4, 2)):
        lines = [(n, ago(hours=1), "qq") for n in [*known, *range(77_001, 77_001 + unknown)]]
        said = terminal(None, "import_logins", logins(tmp_path, lines), "--apply")
        assert said.code == code
    assert "Too many unknown numbers: 4 of 9 (77001, 77002, 77003, 77004)." in said.error
    assert LoginLine.objects.count() == 0


def test_any_wrong_line_refuses_the_file_and_all_are_named(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    (one,) = numbers(1)
    ahead = timezone.now() + HOUR
    lines = [
        f"{one},2026-01-05 10:00:00,qq", "1234,2026-01-05 10:00:00,qq", f"{one},2026-02-30 10:00:00,qq",
        f"{one},yesterday,qq", f"{one},2026-01-05 10:00:00", f"{one},{ahead.isoformat()},qq",
        f"{one},2026-01-05 10:00:00,群 聊", "", f"{one},1998-01-05 10:00:00,qq", f"{one},2026-01-05,qq",
    ]  # fmt: skip
    file = tmp_path / "bad.csv"
    file.write_text("\n".join(lines))
    before = head()
    said = terminal(None, "import_logins", file, "--apply", "--json")
    assert said.code == 2 and [error["line"] for error in said.json["errors"]] == [2, 3, 4, 5, 6, 7, 9, 10]
    shown = terminal(None, "import_logins", file, "--apply")
    assert shown.code == 2 and "Wrong lines: 8" in shown.error and "line 6: " in shown.out
    assert "lies in the future" in shown.out and "before the first number" in shown.out
    future = logins(tmp_path, [(one, ago(hours=1), "qq"), (one, ahead, "qq")])
    only = terminal(None, "import_logins", future, "--apply", "--json").json["errors"]
    assert [error["line"] for error in only] == [2]  # found by the database, named by its line
    assert (verbs(before), LoginFact.objects.count(), LoginLine.objects.count()) == ([], 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(
    "text",
    [
        "{n},2026-05-01 20:30:00,qq\n",
        "number,time,service\r\n{n},2026-05-01T12:30:00Z,QQ\r\n",
        "服务,号码,时间\nqq,ＱＱ：{n},2026-05-01 20:30:00\n",
        '"{n}@qq.com","2026-05-01 20:30:00+08:00","qq"',
        '{{"number": {n}, "time": "2026-05-01T12:30:00Z", "service": "qq"}}\n',
    ],
)
def test_a_file_is_read_as_people_write_it(
    numbers: Many, terminal: Terminal, tmp_path: Path, text: str, encoding: str
) -> None:
    (one,) = numbers(1)
    file = tmp_path / "logins"
    file.write_bytes(text.format(n=one).encode(encoding))
    said = terminal(None, "import_logins", file, "--apply")
    assert said.code == 0, said
    at = datetime.datetime(2026, 5, 1, 12, 30, tzinfo=datetime.UTC)
    assert facts_of(one) == [("qq", at, at)]


def test_both_readings_of_a_file_say_the_same(tmp_path: Path) -> None:
    file = logins(tmp_path, [(10_000 + n, ago(days=n % 300, seconds=n), f"s{n % 7}") for n in range(3_000)])
    found = []
    for patient in (False, True):
        read = Read()
        with Feed(file) as feed:
            text = b"".join(feed.blocks(read, patient=patient)).decode().upper()
        found.append([line.split(",") for line in text.splitlines()])
        assert (read.lines, read.wrong) == (3_000, [])
    assert [(n, datetime.datetime.fromisoformat(at), s) for n, at, s in found[0]] == [
        (n, datetime.datetime.fromisoformat(at), s) for n, at, s in found[1]
    ]


def test_an_empty_file_a_wrong_heading_and_no_file_are_told(terminal: Terminal, tmp_path: Path, cast: Any) -> None:
    empty, heading = tmp_path / "empty", tmp_path / "heading"
    empty.write_bytes(b"\xef\xbb\xbf\r\n")
    heading.write_text("number,service\n10001,qq\n")
    for file, why in ((empty, "is empty"), (heading, "number, time, service"), (tmp_path / "none", "no file")):
        said = terminal(None, "import_logins", file, "--apply")
        assert said.code == 2 and why in said.error


def test_no_step_of_a_chunk_reads_all_numbers(numbers: Many) -> None:
    made = numbers(3_000)
    LoginLine.objects.bulk_create([LoginLine(number=n, at=timezone.now(), service="qq") for n in made[:5]])
    span: dict[str, Any] = {"after": 0, "upto": made[4], **versions_by_time().params}
    with connection.cursor() as cursor:
        cursor.execute(BY_KEY)
        tenures = list(Tenure.objects.filter(number__in=made[:5]).values_list("pk", flat=True))
        span |= {"numbers": made[:5], "tenures": tenures, "lasts": [None] * 5, "pen_event": None, "pen_user": 1}
        use = services._USE.format(history=recorder.history_insert(Number, recorder.CHANGED, source="number live"))
        for sql in (services._FACTS, services._RECHECK, use):
            cursor.execute("EXPLAIN " + sql, span)
            plan = "\n".join(line for (line,) in cursor.fetchall())
            assert "Seq Scan on accounts_number" not in plan and "Seq Scan on accounts_tenure" not in plan, plan


def test_the_feed_says_what_it_covers_and_no_line_does(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    (one,) = numbers(1)
    beaten = Beat.objects.get(pk="accounts.logins").at

    def imports(*words: object, lines: int = 1) -> Any:
        file = logins(tmp_path, [(one, ago(minutes=1), "qq")] * lines)
        return terminal(None, "import_logins", file, *words)

    assert "It covers nothing" in imports("--apply").out
    assert covered_until() is None and Beat.objects.get(pk="accounts.logins").at == beaten
    late, early = ago(hours=1), ago(hours=3)
    for refused in (timezone.now() + datetime.timedelta(minutes=1), "soon", "2026-05-01"):
        said = imports("--covers", refused, "--apply")
        assert said.code == 2 and ("lies in the future" in said.error or "is not a time" in said.error)
    assert imports("--covers", late).code == 4 and covered_until() is None
    assert "Every login is known up to" in imports("--covers", late, "--apply").out
    beaten = Beat.objects.get(pk="accounts.logins").at
    assert covered_until() == late and beaten > ago(minutes=5)
    assert imports("--covers", early, "--apply", "--json").json["covers"] == early.isoformat()
    assert covered_until() == late and Beat.objects.get(pk="accounts.logins").at == beaten  # nothing new is covered
    assert imports("--apply", lines=0).code == 2
    before = head()
    empty = imports("--covers", timezone.localtime().replace(tzinfo=None), "--apply", "--json", lines=0)  # Beijing's
    assert (empty.code, empty.json["lines"], verbs(before)) == (0, 0, ["logins.file_recorded"])
    assert covered_until() > ago(minutes=5)  # type: ignore[operator]
    assert broken() == []


def test_a_service_that_is_no_name_of_one_is_a_wrong_line(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    (one,) = numbers(1)
    for wrong in ("13912345678", "110101199003071233", "m13912345678", "id_110101199003071233", "7-game"):
        for named in ([wrong], ["qq", wrong], [wrong.upper(), "群聊"]):
            lines = [(one, ago(days=1), service) for service in named]
            said = terminal(None, "import_logins", logins(tmp_path, lines), "--apply", "--json")
            assert said.code == 2
            told = {error["line"]: error["why"] for error in said.json["errors"]}
            assert "is not a service." in told[named.index(wrong) + 1 if wrong in named else 1]
            assert wrong == "7-game" or wrong not in str(told).lower()
    assert not LoginFact.objects.exists() and not LoginLine.objects.exists()


def test_of_a_holder_no_login_is_thrown_away_nor_made_older(numbers: Many, terminal: Terminal, tmp_path: Path) -> None:
    """Also not by somebody who has the application's own rights: who never logged in loses his number (10.3)."""
    one, other = numbers(2)
    file = logins(tmp_path, [(one, ago(days=9), "qq"), (one, ago(days=2), "qq")])
    terminal(None, "import_logins", file, "--apply")
    kept = LoginFact.objects.filter(tenure__number=one)
    elsewhere = Number.objects.get(pk=other).tenure_id
    day = datetime.timedelta(days=1)
    for change in (
        {"last_at": F("last_at") - day}, {"first_at": F("first_at") + day}, {"tenure": elsewhere}, {"service": "im"},
    ):  # fmt: skip
        with pytest.raises(IntegrityError, match="moves back only"), transaction.atomic():
            kept.update(**change)
    with pytest.raises(IntegrityError, match="has not ended are kept"), transaction.atomic():
        LoginFact.objects.all().delete()
    with pytest.raises(IntegrityError, match="has not ended are kept"), transaction.atomic(), connection.cursor() as c:
        c.execute("DELETE FROM accounts_loginfact")
    assert kept.update(first_at=F("first_at") - day, last_at=F("last_at") + day) == 1


@pytest.mark.django_db(transaction=True)
def test_a_second_file_waits_for_its_turn_and_is_told(
    numbers: Many, terminal: Terminal, process_env: dict[str, str], tmp_path: Path
) -> None:
    """Whether it comes in on a session of its own, or through a pooler on the very one that the first is using."""
    (one,) = numbers(1)
    file = logins(tmp_path, [(one, ago(hours=1), "qq")])
    said: list[tuple[int, str]] = []

    def meanwhile(_lines: int) -> None:
        here = terminal(None, "import_logins", file, "--apply")
        run = [sys.executable, "manage.py", "import_logins", str(file), "--apply"]
        there = subprocess.run(run, cwd=settings.BASE_DIR, env=process_env, capture_output=True, text=True)
        said.extend([(here.code, here.error), (there.returncode, there.stderr)])

    with Feed(file) as feed:
        services.import_logins(feed, actor=Staff.objects.system("system-feed"), apply=True, step=meanwhile)
    assert [code for code, _why in said] == [5, 5]
    assert "Another login file is being recorded." in said[0][1]
    assert terminal(None, "import_logins", file, "--apply").code == 0
    once = ["logins.imported", "logins.file_recorded"]
    assert verbs(0)[-6:] == [once[0], "audit.refused", "audit.refused", once[1], *once]


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_midway_is_run_again_and_loses_and_doubles_nothing(
    numbers: Many, process_env: dict[str, str], tmp_path: Path, terminal: Terminal
) -> None:
    fresh = numbers(600, "allocated")
    file = logins(tmp_path, [(n, ago(hours=2), "qq") for n in fresh])
    env = process_env | {"QQOPS_CHUNK": "20"}
    run = [sys.executable, "manage.py", "import_logins", str(file), "--apply"]
    with subprocess.Popen(run, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and LoginFact.objects.count() < 40:
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
    assert 0 < LoginFact.objects.count() < 600
    assert LoginLine.objects.exists()  # what was left lies about, for nobody
    said = terminal(None, "import_logins", file, "--apply", "--json").json
    assert said["lines"] == 600 and LoginLine.objects.count() == 0
    assert set(states(fresh)) == {"in_use"} and LoginFact.objects.count() == 600
    assert Number.history.filter(lifecycle="in_use").count() == 600
    done = sum(event.facts["numbers"] for event in Event.objects.filter(verb="number.activated"))
    assert (done, broken()) == (600, [])
