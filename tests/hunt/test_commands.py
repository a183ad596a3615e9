"""No command prints a canary's value, for any role, in words or as JSON; not even one that it was told. And what it
prints in words is in one language."""

from io import StringIO
from pathlib import Path
from typing import NamedTuple

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.utils.translation import override

from qqops.crypto import seal
from qqops.staff.models import Staff
from qqops.staff.tokens.services import issue_token
from tests.accounts.imports.files import csv_of, jsonl_of, put, xlsx_of
from tests.cast import everybody
from tests.hunt.conftest import Log
from tests.hunt.disguises import found_in
from tests.hunt.languages import LATIN, data, stray_lines
from tests.hunt.tables import found_in_tables
from tests.permissions.lines import SAY, command_lines
from tests.permissions.table import ROLES
from tests.permissions.test_commands import APART
from tests.story import Story
from tests.story.canary import ADULT
from tests.story.once import Lasting

RULES = Path(__file__).parents[1] / "data" / "rules-sample.txt"  # of which a command quotes what it did not take in

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


class Said(NamedTuple):
    printed: str
    raised: str  # what went wrong, with all that it carries

    @property
    def all(self) -> str:
        return self.printed + self.raised


def run(words: tuple[str, ...], who: Staff, monkeypatch: pytest.MonkeyPatch) -> Said:
    out, error, raised = StringIO(), StringIO(), ""
    monkeypatch.setenv("QQOPS_TOKEN", issue_token(who))
    given = [*words, "--actor", who.username] if "--reason" in words else list(words)
    try:
        call_command(*given, stdout=out, stderr=error)
    except (SystemExit, CommandError) as end:
        raised = f"{end!r} {end.__cause__!r}"
        if isinstance(end, CommandError):
            error.write(str(end))
    return Said(out.getvalue() + error.getvalue(), raised)


def for_machines(words: tuple[str, ...]) -> bool:
    """What is printed is read by programs, in no language."""
    return "--json" in words or " ".join(words).startswith(("export_states", "audit_checkpoint", "identity erasures"))


def names() -> set[str]:
    """Of tables and of keys, and the code of what was tried."""
    return {*(model._meta.db_table for model in apps.get_models()), seal.first(), "reveal"}


@pytest.mark.parametrize("who", ROLES)
def test_no_command_prints_a_value_or_a_word_of_another_language(
    lines: list[tuple[str, ...]], cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], log: Log, who: str,
) -> None:  # fmt: skip
    """One role is spoken to in Chinese, the next one in English."""
    said, language = {}, ("zh-hans", "en")[ROLES.index(who) % 2]
    for words in lines:
        for more in ((), ("--json",)):
            if "staff found" not in " ".join(words) or not more:
                with override(language):
                    said[(*words, *more)] = run((*words, *more), cast[who], monkeypatch)
    assert [words for words, one in said.items() if found_in(one.all)] == []
    assert sum(bool(one.all) for one in said.values()) > len(said) * 0.9
    known, strays = {*data(), *names(), *filter(LATIN.search, RULES.read_text().split())}, {}
    for words, one in said.items():
        told = sorted({*known, *words}, key=len, reverse=True)
        if not for_machines(words) and (found := stray_lines(one.printed, language, told)):
            strays[words] = found
    assert strays == {}
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
        said = run(words, cast["supervisor"], monkeypatch).all
        assert said and found_in(said) == set(), words
    assert found_in_tables() == {}
