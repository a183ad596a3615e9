"""12.1: the rules may change, each version stays readable, and what is in force is known for any moment."""

import datetime
import hashlib
import json
import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import Error, connections, models, transaction

from accounts.models import Clause, RuleDocument, RuleVersion
from accounts.rulebook import queries
from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import parse
from accounts.rulebook.summaries import SUMMARIES
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token
from tests.accounts.rulebook.files import FILES, SAMPLE

pytestmark = pytest.mark.django_db

ONE = "甲规则\n\n【首部】\n\n导言。\n\n# 一、【甲】\n\n  * 1.1 号码可以冻结。\n  * 1.2 旧条。\n"
TWO = ONE.replace("可以冻结", "可以限制或冻结").replace("1.2 旧条", "1.2 旧条。\n  * 1.3 新条")
DOCUMENT = "qq-number-rules"


@pytest.fixture(autouse=True)
def _from_a_terminal() -> Iterator[None]:
    with origin.origin(origin.COMMAND):
        yield


def day(text: str) -> datetime.datetime:
    return rulebook.effective(text)


def publish(text: str, version: str, since: str, actor: Staff) -> RuleVersion:
    found = parse(text)
    return rulebook.publish(
        DOCUMENT,
        found.title,
        version,
        day(since),
        found.clauses,
        actor=actor,
        reason="法务通知",
        ticket="LAW-1",
        source_sha256=hashlib.sha256(text.encode()).hexdigest(),
    )


def import_rules(path: Path | str, actor: Staff, *arguments: str) -> tuple[int, str]:
    """Run the command as a person; return its exit code and what it printed."""
    out = StringIO()
    try:
        call_command(
            "import_rules",
            str(path),
            "--actor",
            actor.username,
            "--reason",
            "法务通知",
            *arguments,
            stdout=out,
        )
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def refuse_change(model: type[models.Model], alias: str, why: str) -> None:
    table = model._meta.db_table
    for statement in (f"UPDATE {table} SET event = event", f"DELETE FROM {table}"):
        with (
            pytest.raises(Error, match=why),
            transaction.atomic(using=alias),
            connections[alias].cursor() as cursor,
        ):
            cursor.execute(statement)


@pytest.fixture
def token(resources: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QQOPS_TOKEN", issue_token(resources))


def test_publishing_writes_document_version_clauses_and_one_event(resources: Staff) -> None:
    before = Event.objects.count()
    version = publish(ONE, "2024", "2024-01-01", resources)
    event = Event.objects.get(pk=version.event_id)
    assert Event.objects.count() == before + 1
    assert (event.verb, event.actor, event.reason, event.ticket) == ("rules.published", resources, "法务通知", "LAW-1")
    assert event.rows == {"accounts_ruledocument": 1, "accounts_ruleversion": 1, "accounts_clause": 3}
    assert (event.subject_type, event.facts["version"], event.facts["clauses"]) == ("accounts.ruleversion", "2024", 3)
    assert list(version.clauses.order_by("position").values_list("number", "position", "text")) == [
        ("preamble.1", 1, "导言。"),
        ("1.1", 2, "号码可以冻结。"),
        ("1.2", 3, "旧条。"),
    ]
    for clause in version.clauses.all():
        assert clause.event_id == event.pk
        assert clause.text_sha256 == hashlib.sha256(clause.text.encode()).hexdigest()


def test_the_version_in_force_is_the_one_of_the_moment(resources: Staff) -> None:
    publish(ONE, "2024", "2024-01-01", resources)
    publish(TWO, "2026", "2026-01-01", resources)
    first_moment = datetime.datetime(2025, 12, 31, 16, tzinfo=datetime.UTC)  # midnight in Shanghai
    assert queries.version_in_force(day("2023-12-31")) is None
    for at, version, numbers in (
        (first_moment - datetime.timedelta(microseconds=1), "2024", ["preamble.1", "1.1", "1.2"]),
        (first_moment, "2026", ["preamble.1", "1.1", "1.2", "1.3"]),
    ):
        found = queries.version_in_force(at)
        assert found is not None and found.version == version
        assert [c.number for c in queries.clauses_in_force(at)] == numbers


def test_reading_what_is_in_force_takes_one_query(resources: Staff, django_assert_num_queries: Any) -> None:
    publish(ONE, "2024", "2024-01-01", resources)
    with django_assert_num_queries(1):
        version = queries.version_in_force(day("2025-01-01"))
        assert version and version.document.code == DOCUMENT
    with django_assert_num_queries(1):
        clauses = queries.clauses_in_force(day("2025-01-01"), ["1.1", "9.9"])
        assert [(c.number, c.version.version) for c in clauses] == [("1.1", "2024")]


def test_summaries_stand_in_until_there_is_a_text(resources: Staff) -> None:
    setup = Staff.objects.system("system-setup")
    first = rulebook.load_summaries(actor=setup)
    events = Event.objects.count()
    assert rulebook.load_summaries(actor=setup) == first and Event.objects.count() == events
    assert first.is_summary and first.version.startswith("summary-")
    found = {c.number: (c.text, c.text_en) for c in queries.clauses_in_force(day("2025-01-01"))}
    assert found == SUMMARIES
    publish(ONE, "2024", "2024-01-01", resources)
    for at, version in (("2023-12-31", first.version), ("2025-01-01", "2024")):
        in_force = queries.version_in_force(day(at))
        assert in_force is not None and in_force.version == version


def test_an_edited_summary_is_a_new_version_and_the_old_one_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    setup = Staff.objects.system("system-setup")
    first = rulebook.load_summaries(actor=setup)
    monkeypatch.setitem(SUMMARIES, "2", ("使用权。", "Right of use."))
    second = rulebook.load_summaries(actor=setup)
    assert second.version != first.version
    assert [c.text for c in queries.clauses_in_force(day("2025-01-01"), ["2"])] == ["使用权。"]
    assert first.clauses.count() == second.clauses.count()


def test_a_published_version_cannot_be_edited_by_any_way(resources: Staff) -> None:
    version = publish(ONE, "2024", "2024-01-01", resources)
    with pytest.raises(Refused, match="2024"):
        publish(TWO, "2024", "2025-01-01", resources)
    assert Event.objects.get(verb="audit.refused").facts["version"] == "2024"
    for model in (RuleDocument, RuleVersion, Clause):
        refuse_change(model, "default", "permission denied")
    assert list(version.clauses.values_list("text", flat=True).order_by("position"))[1] == "号码可以冻结。"


def test_even_the_owner_of_the_tables_meets_a_trigger() -> None:
    document = RuleDocument.objects.using("owner").create(code="x", title="X", event_id=uuid.uuid4())
    version = RuleVersion.objects.using("owner").create(
        document=document,
        version="1",
        title="X",
        effective_from=day("2024-01-01"),
        published_at=day("2024-01-01"),
        source_sha256="",
        event_id=uuid.uuid4(),
    )
    Clause.objects.using("owner").create(version=version, number="1", position=1, text="x", event_id=uuid.uuid4())
    for model in (RuleDocument, RuleVersion, Clause):
        refuse_change(model, "owner", "Cannot update or delete")


def test_a_new_version_is_shown_as_what_it_changes(resources: Staff) -> None:
    first = publish(ONE, "2024", "2024-01-01", resources)
    second = publish(TWO, "2026", "2026-01-01", resources)
    before, changes = queries.diff_with_previous(second)
    assert before == first
    assert [c.number for c in changes.added] == ["1.3"]
    assert [(c.number, [(p.op, p.text) for p in c.pieces]) for c in changes.changed] == [
        ("1.1", [("=", "号码可以"), ("+", "限制或"), ("=", "冻结。")])
    ]
    before, changes = queries.diff_with_previous(first)
    assert (before, len(changes.added)) == (None, 3)
    counts = [(v.version, v.clause_count) for v in queries.versions()]  # type: ignore[attr-defined]  # annotated
    assert counts == [("2026", 4), ("2024", 3)]


def test_only_who_may_publish_does_and_the_refusal_is_on_record(officer: Staff, resources: Staff) -> None:
    with pytest.raises(Refused):
        publish(ONE, "2024", "2024-01-01", officer)
    assert not RuleVersion.objects.exists()
    assert list(Event.objects.filter(actor=officer, verb="audit.refused").values_list("facts__act", flat=True)) == [
        "publish_rules"
    ]
    assert publish(ONE, "2024", "2024-01-01", resources)


@pytest.mark.parametrize("date", ["2026-02-30", "2026/01/01", "明天", "2026", "0001-01-01", "9999-12-31"])
def test_a_date_that_is_none_is_named(date: str) -> None:
    with pytest.raises(Invalid, match=date):
        rulebook.effective(date)


@pytest.mark.parametrize(("path", "numbers"), FILES, ids=[path.stem for path, _ in FILES])
def test_the_command_shows_first_and_publishes_on_apply(
    resources: Staff, token: None, path: Path, numbers: str
) -> None:
    arguments = ("--version", "2024.1", "--effective", "2024-01-01", "--json")
    code, printed = import_rules(path, resources, *arguments)
    assert (code, RuleVersion.objects.exists()) == (4, False)
    answer = json.loads(printed)
    assert (" ".join(answer["clauses"]), answer["published"], answer["warnings"]) == (numbers, False, [])
    code, printed = import_rules(path, resources, *arguments, "--apply")
    assert (code, json.loads(printed)["published"]) == (0, True)
    version = RuleVersion.objects.get()
    assert version.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert " ".join(version.clauses.order_by("position").values_list("number", flat=True)) == numbers
    code, printed = import_rules(path, resources, *arguments, "--apply")
    assert (code, RuleVersion.objects.count()) == (5, 1) and "2024.1" in printed


def test_the_command_prints_the_clauses_and_the_diff(resources: Staff, token: None, tmp_path: Path) -> None:
    publish(ONE, "2024", "2024-01-01", resources)
    new = tmp_path / "新规则.txt"
    new.write_text(TWO, encoding="gb18030")
    code, printed = import_rules(new, resources, "--version", "2026", "--effective", "2026-01-01")
    assert code == 4
    assert "~ 1.1  号码可以{+限制或+}冻结。" in printed and "+ 1.3  新条。" in printed


def test_bad_input_is_named_whole_and_nothing_is_done(resources: Staff, token: None, tmp_path: Path) -> None:
    bad = tmp_path / "bad.txt"
    bad.write_text(TWO.replace("1.2", "1.1").replace("1.3 新条。", "1.3"))
    arguments = ("--version", "2026", "--effective", "2026-01-01", "--apply")
    code, printed = import_rules(bad, resources, *arguments)
    assert code == 2 and "1.1" in printed and "1.3" in printed and len(printed.splitlines()) == 2
    bad.write_bytes(b"\x00\xff")
    assert import_rules(bad, resources, *arguments)[0] == 2
    assert import_rules(tmp_path / "none.txt", resources, *arguments)[0] == 2
    assert import_rules(SAMPLE, resources, "--version", "2026", "--effective", "2026-02-30", "--apply")[0] == 2
    assert not RuleVersion.objects.exists()
