"""The login feed against the same COPY and one UPDATE by hand: `python -m tests.benchmarks.logins product|hand FILE`.

Each side runs in a fresh process on a fresh copy of the seed. By hand nothing is checked, judged or recorded, and the
lines are left where they are.
"""

import argparse
import datetime
import json
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.house import House

MODULE = "tests.benchmarks.logins"
BY_HAND = """
UPDATE accounts_loginfact f
SET first_at = least(f.first_at, x.first_at), last_at = greatest(f.last_at, x.last_at)
FROM (
  SELECT n.tenure_id, l.service, min(l.at) AS first_at, max(l.at) AS last_at
  FROM accounts_loginline l JOIN accounts_number n ON n.id = l.number
  JOIN accounts_tenure t ON t.id = n.tenure_id AND t.started_at <= l.at
  WHERE n.lifecycle IN ('allocated', 'in_use', 'cancel_pending') GROUP BY 1, 2) x
WHERE f.tenure_id = x.tenure_id AND f.service = x.service"""


def feed(house: House, folder: Path, lines: int, pairs: int, say: Callable[[str], None]) -> tuple[float, float]:
    """How fast the import is, as a share of the hand's; and the client's memory at most, in MB."""
    file = _file(house, folder, lines)
    ratios, memory = [], 0.0
    for pair in range(pairs):
        took: dict[str, float] = {}
        later: dict[str, int] = {}
        for side in ("product", "hand") if pair % 2 else ("hand", "product"):
            with house.copy() as name:
                measured = house.run(name, side, str(file), module=MODULE)
            took[side], later[side] = measured["took"], measured["later"]
            memory = max(memory, measured["peak_mb"] if side == "product" else 0)
        if later["product"] != later["hand"] or later["hand"] < lines:
            raise SystemExit(f"the two sides did not do the same work: {later}")
        ratios.append(took["hand"] / took["product"])
        rates = ", ".join(f"{side} {lines / seconds:,.0f} lines/s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {rates}: {ratios[-1]:.2f}")
    return median(ratios), memory


def _file(house: House, folder: Path, lines: int) -> Path:
    """One login of each of so many numbers, in no order, within the last minute."""
    house.targets(lines, folder / "numbers")
    numbers, now = array("q"), datetime.datetime.now(datetime.UTC)
    numbers.frombytes((folder / "numbers").read_bytes())
    file = folder / "logins.csv"
    with file.open("w") as out:
        out.writelines(
            f"{number},{now - datetime.timedelta(milliseconds=at % 60_000):%Y-%m-%dT%H:%M:%S}Z,qq\n"
            for at, number in enumerate(numbers)
        )
    return file


def main() -> None:
    import django

    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("product", "hand"))
    parser.add_argument("file", type=Path)
    given = parser.parse_args()
    began = time.perf_counter()
    if given.side == "product":
        _product(given.file)
    else:
        _by_hand(given.file)
    took = time.perf_counter() - began
    from tests.benchmarks.subject import peak_mb

    print(json.dumps({"took": took, "peak_mb": peak_mb(), "later": _later()}))


def _product(file: Path) -> None:
    from accounts.lists.feed import Feed
    from accounts.logins.services import import_logins
    from qqops.audit import origin
    from qqops.staff.models import Staff

    with origin.origin(origin.SYSTEM), Feed(file) as lines:
        import_logins(lines, actor=Staff.objects.system("system-feed"), apply=True)


def _by_hand(file: Path) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor, file.open("rb") as lines:
        with cursor.copy("COPY accounts_loginline (number, at, service) FROM STDIN (FORMAT csv)") as copy:
            while block := lines.read(1 << 20):
                copy.write(block)
        cursor.execute(BY_HAND)


def _later() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_loginfact WHERE last_at > now() - interval '3 hours'")
        row: tuple[Any, ...] = cursor.fetchone()
    return int(row[0])


if __name__ == "__main__":
    main()
