"""docs/permissions.md: read, and written anew by `make permissions` (its change is then read before it is kept)."""

import re
from pathlib import Path

from qqops.staff import policy as roles

FILE = Path(__file__).resolve().parents[2] / "docs" / "permissions.md"
ROLES = tuple(roles.ROLES)
READERS = ("nobody", *ROLES)
Answers = dict[str, dict[str, str]]  # row → column → answer

HEAD = """# Who gets which answer

Made from the URL map and from the commands by `make permissions`, read by people, held by `tests/permissions/`: an
address or a command that is not here fails the tests.

## Pages

Each cell is the answer to GET and to an empty POST, of somebody whose second factor was given just now. HEAD answers
as GET does; what PUT, PATCH, DELETE and OPTIONS get, whoever sends them, is in the last column but one. 302 leads
elsewhere: `nobody` to the sign-in. 403 comes before 404, and a POST that gets it is on the record. “proof” marks the
pages that ask for the second factor again when it was given more than 15 minutes ago.
"""
COMMANDS = """
## Commands

The exit code of a dry run: 4 would do it, 5 refused, 2 the request is wrong, 0 only reads. A command that acts for a
person asks for that person's token; `shell` is anybody who has a shell on the machine.
"""


def written(pages: Answers, commands: Answers) -> str:
    return (
        HEAD
        + "\n"
        + _table(pages, (*READERS, "others", "proof"))
        + COMMANDS
        + "\n"
        + _table(commands, ("shell", *ROLES))
    )


def _table(rows: Answers, columns: tuple[str, ...]) -> str:
    lines = [f"| | {' | '.join(columns)} |", f"|---|{'---|' * len(columns)}"]
    lines += [f"| `{name}` | {' | '.join(cells[c] for c in columns)} |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


def read() -> tuple[Answers, Answers]:
    """The pages' table and the commands'."""
    pages, commands = FILE.read_text().split("\n## Commands\n")
    return _rows(pages), _rows(commands)


def _rows(text: str) -> Answers:
    found: Answers = {}
    columns: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| |"):
            columns = cells[1:]
        elif named := re.match(r"\| `(.+?)` \|", line):
            found[named[1]] = dict(zip(columns, cells[1:], strict=True))
    return found
