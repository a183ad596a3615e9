"""No command prints a canary's value, for any role, in words or as JSON; not even one that it was told."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from qqops.staff import services
from qqops.staff.models import Staff
from tests.accounts.intake.files import csv_of, jsonl_of, put, xlsx_of
from tests.cast import everybody
from tests.hunt.conftest import Log
from tests.hunt.disguises import found_in
from tests.hunt.tables import found_in_tables
from tests.permissions.lines import SAY, command_lines
from tests.permissions.table import ROLES
from tests.permissions.test_commands import APART
from tests.story import Story
from tests.story.canary import ADULT
from tests.story.once import Lasting

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def words(lasting: Lasting, told: Story, tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, ...]]:
    with lasting():
        return _words(everybody(), told, tmp_path_factory.mktemp("words"))


@pytest.fixture
def lines(words: list[tuple[str, ...]], story: Story) -> list[tuple[str, ...]]:
    """Words that are right, those about the canary, and those that say too much."""
    return words


def _words(cast: dict[str, Staff], story: Story, folder: Path) -> list[tuple[str, ...]]:
    number = str(story.people.adult.tenure.number_id)
    right = [words for name, words in command_lines(cast, story, folder).items() if name not in APART]
    person = [number, ADULT["name"], "resident", ADULT["document"], ADULT["mobile"], ADULT["email"], ADULT["born"]]
    faulty = [[number, *(f"{value}9" for value in person[1:])], [*person[1:], number], [*person, "more"]]
    files = [
        put(folder, content, f"{n}.{ending}")
        for n, (ending, content) in enumerate(
            [("csv", csv_of([person])), ("xlsx", xlsx_of([person])), ("jsonl", jsonl_of([person])),
             *(("csv", csv_of([line])) for line in faulty), ("csv", csv_of([person], heading=tuple(person))),
             ("xlsx", csv_of([person])), ("jsonl", csv_of([person]))]
        )
    ]  # fmt: skip
    imports = [("identity", "import", str(path), *SAY, *more) for path in files for more in ((), ("--apply",))]
    looks = [("number", number), ("decisions", "show", str(story.cases.shows.decision.pk))]
    receipts = [("disclosures", "show", one.receipt, *SAY) for one in vars(story.cases.law).values()]
    return [*right, *imports, *looks, *receipts]


def run(words: tuple[str, ...], who: Staff, monkeypatch: pytest.MonkeyPatch) -> str:
    """What it prints, and says of what went wrong."""
    out, error = StringIO(), StringIO()
    monkeypatch.setenv("QQOPS_TOKEN", services.issue_token(who))
    given = [*words, "--actor", who.username] if "--reason" in words else list(words)
    try:
        call_command(*given, stdout=out, stderr=error)
    except (SystemExit, CommandError) as end:
        error.write(f"{end!r} {end.__cause__!r}")
    return out.getvalue() + error.getvalue()


@pytest.mark.parametrize("who", ROLES)
def test_no_command_prints_a_value(
    lines: list[tuple[str, ...]], cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], log: Log, who: str,
) -> None:  # fmt: skip
    said = {}
    for words in lines:
        for more in ((), ("--json",)):
            if "staff found" not in " ".join(words) or not more:
                said[(*words, *more)] = run((*words, *more), cast[who], monkeypatch)
    assert [words for words, text in said.items() if found_in(text)] == []
    assert sum(map(bool, said.values())) > len(said) * 0.9
    assert found_in(*capfd.readouterr(), *log.lines) == set()


@pytest.mark.parametrize("item", ["document", "mobile", "email"])
def test_a_value_where_none_belongs_is_neither_repeated_nor_kept(
    cast: dict[str, Staff], story: Story, monkeypatch: pytest.MonkeyPatch, item: str
) -> None:
    number, value = str(story.people.adult.tenure.number_id), ADULT[item]
    apply = (*SAY, "--apply")
    for words in (
        ("disclosures", "show", value, *SAY),
        ("protect", number, "--kind", "vip", *apply, "--ticket", value),
        ("protect", number, "--kind", "vip", "--reason", f"as {value} says", "--apply"),
        ("declare", number, "--relation", "own", "--reason", f"as {value} says", "--apply"),
        ("holder", number, "--on", "2026-06-01", *SAY, "--ticket", value),
    ):
        said = run(words, cast["supervisor"], monkeypatch)
        assert said and found_in(said) == set(), words
    assert found_in_tables() == {}
