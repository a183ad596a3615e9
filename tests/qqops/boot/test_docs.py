"""The documents: what they link to is there, pictures are small, a name stands in both languages as the web has it."""

import re
from pathlib import Path

import polib
import pytest
from django.core.management import get_commands

from qqops.boot.database import BASE_DIR
from qqops.boot.translations import PO
from qqops.staff.policy import ROLES

DOCS = BASE_DIR / "docs"
PAGES = sorted([BASE_DIR / "README.md", BASE_DIR / "CHANGELOG.md", *DOCS.rglob("*.md")])
OF_ROLES = {role: (DOCS / "roles" / f"{role}.md") for role in ROLES}
LINK = re.compile(r"\]\(([^)\s]+)\)")
CITED = re.compile(r"`(docs/[\w./-]+\.\w+)`")
# A name on the staff web as docs/roles gives it: **Chinese**（English，`key`）.
NAME = re.compile(r"\*\*([^*]+)\*\*（([^（），]+)(?:，(?:`([^`]+)`|[^）]+))?）")
READ = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
CODE = re.compile(r"`([^`]+)`")
HEAVIEST, ALL = 80_000, 2_000_000  # bytes of a picture, and of all of them


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_what_a_page_links_to_or_cites_is_there(page: Path) -> None:
    text = page.read_text()
    targets = [page.parent / link.partition("#")[0] for link in LINK.findall(text) if not link.startswith("http")]
    targets += [BASE_DIR / cited for cited in CITED.findall(text)]
    assert [target for target in targets if not target.exists()] == []


def test_every_picture_is_shown_somewhere_and_small() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(page.read_text())}
    there = {one.resolve() for one in (DOCS / "pictures").iterdir()}
    assert there and there <= shown
    sizes = {one.name: one.stat().st_size for one in there}
    assert {name: size for name, size in sizes.items() if size > HEAVIEST} == {}
    assert sum(sizes.values()) <= ALL


def test_every_role_has_its_page_whose_names_are_those_of_the_staff_web_in_both_languages() -> None:
    known = {(one.msgstr, one.msgid) for one in polib.pofile(str(BASE_DIR / PO))}
    for role, page in OF_ROLES.items():
        names = [(chinese, english) for chinese, english, _key in NAME.findall(page.read_text())]
        assert len(names) >= 8, role
        assert [name for name in names if name not in known] == [], role
    assert sorted(OF_ROLES.values()) == sorted((DOCS / "roles").glob("*.md"))


def first_cells(page: str) -> str:
    """What the first cells of its tables have between backticks."""
    lines = (DOCS / page).read_text().splitlines()
    return " ".join(code for line in lines if line.startswith("| `") for code in CODE.findall(line.split(" | ")[0]))


def test_every_variable_that_is_read_is_among_the_settings() -> None:
    read = {
        name
        for file in ("settings.py", "boot/database.py")
        for name in READ.findall((BASE_DIR / "qqops" / file).read_text())
    }
    told = set(re.findall(r"[A-Z_]{4,}", first_cells("settings.md")))
    assert len(read) > 30 and read - told == set()


def test_every_command_is_described() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if app.partition(".")[0] in ("qqops", "accounts", "enforcement", "appeals")
    }
    told = set(re.findall(r"[a-z_]+", first_cells("commands.md")))
    assert len(ours) > 30 and ours - told == {
        "changepassword",
        "createsuperuser",
        "migrate",
    }  # Django's, refused or made strict
