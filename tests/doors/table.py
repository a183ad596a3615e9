"""docs/acts.md: read, and written anew by `make acts` (its change is then read before it is kept)."""

import re
from itertools import groupby
from pathlib import Path

from tests.doors.record import Line

FILE = Path(__file__).resolve().parents[2] / "docs" / "acts.md"
Left = dict[str, tuple[str, list[Line]]]  # door → by whom, and what it left
PARTS = ("Done on the staff web", "Refused on the staff web", "Done by a command", "Refused to a command", "By itself")
NOTHING = Line("", "", "", "")

HEAD = """# What each act leaves on the record

Made by `make acts` from what each door leaves behind in one story, read by people, held by `tests/doors/`: a door or an
act that is not here fails the tests. Each line is an event of the trail, in order: its verb, where it came from, the
names of its facts, and the rows that it wrote into the tables of the record, counted there. “–” leaves no event.
"""


def written(parts: dict[str, Left]) -> str:
    return HEAD + "".join(f"\n## {part}\n\n{_table(parts[part])}" for part in PARTS)


def _table(doors: Left) -> str:
    lines = ["| door | who | verb | source | facts | rows |", "|---|---|---|---|---|---|"]
    for door, (who, left) in doors.items():
        for line, many in [(line, len(list(same))) for line, same in groupby(left)] or [(NOTHING, 1)]:
            verb = f"`{line.verb}`" if line.verb else "–"
            times = f" × {many}" if many > 1 else ""
            lines.append(f"| `{door}` | {who} | {verb}{times} | {line.source} | {line.facts} | {line.rows} |")
    return "\n".join(lines) + "\n"


def read() -> dict[str, Left]:
    _head, *parts = re.split(r"\n## (.+)\n", FILE.read_text())
    return {title: _doors(text) for title, text in zip(parts[::2], parts[1::2], strict=True)}


def _doors(text: str) -> Left:
    found: Left = {}
    for row in text.splitlines():
        if not row.startswith("| `"):
            continue
        door, who, verb, *rest = (cell.strip() for cell in row[1:-1].split("|"))
        lines = found.setdefault(door.strip("`"), (who, []))[1]
        if verb != "–":
            verb, _times, many = verb.partition(" × ")
            lines += [Line(verb.strip("`"), *rest)] * int(many or 1)
    return found
