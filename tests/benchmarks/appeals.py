"""Filing appeals from the portal's file against the same inserts by hand:
`python -m tests.benchmarks.appeals product|hand FILE [--verify]`.

Each side runs in a fresh process on a fresh copy of the seed. The product is the command: it reads the file, checks
every line, routes it, and files.
"""

import argparse
import json
import time
from array import array
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.house import House

MODULE = "tests.benchmarks.appeals"
# Compared between the two sides: the same work leaves the same number of rows.
WRITTEN = (
    "appeals_appeal",
    "appeals_historicalappeal",
    "appeals_appealkey",
    "appeals_message",
    "appeals_delivery",
    "appeals_appealevidence",
    "appeals_portalfiling",
    "accounts_hold",
    "accounts_historicalhold",
)


def filing(house: House, folder: Path, count: int, pairs: int, say: Callable[[str], None]) -> float:
    """How fast the command files, as a share of the hand's."""
    file = _file(house, folder, count)
    ratios: list[float] = []
    written: list[Any] = []
    for pair in range(pairs):
        took: dict[str, float] = {}
        # Alternated, and the side that goes first changes.
        for side in ("product", "hand") if pair % 2 else ("hand", "product"):
            with house.copy() as name:
                options = () if pair else ("--verify",)
                measured = house.run(name, side, str(file), *options, module=MODULE)
            took[side] = measured["took"]
            written += [measured["written"]] if options else []
        ratios.append(took["hand"] / took["product"])
        rates = ", ".join(f"{side} {count / seconds:,.0f} appeals/s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {rates}: {ratios[-1]:.2f}")
    if written[0] != written[1]:
        raise SystemExit(f"the two sides did not do the same work: {written}")
    return median(ratios)


def _file(house: House, folder: Path, count: int) -> Path:
    """A recovery of each of so many numbers, with two items of evidence."""
    house.targets(count, folder / "numbers")
    numbers, file = array("q"), folder / "appeals.csv"
    numbers.frombytes((folder / "numbers").read_bytes())
    said = "我的号码上周被盗，密码和密保手机都被他人改掉了，请协助找回，我可以提供更多资料。"
    with file.open("w") as out:
        out.write("portal_id,number,kind,ground,statement,contact,agreement,devices,registration\n")
        out.writelines(
            f"P-{at},{number},recovery,stolen,{said},138{at:08},2026-01,一台红色的手机,2009 年夏天在广州登记\n"
            for at, number in enumerate(numbers)
        )
    return file


def main() -> None:
    import django

    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("side", choices=("product", "hand"))
    parser.add_argument("file", type=Path)
    parser.add_argument("--verify", action="store_true")
    given = parser.parse_args()
    side = {"product": _product, "hand": _by_hand}[given.side]
    began = time.perf_counter()
    side(given.file)
    measured: dict[str, Any] = {"took": time.perf_counter() - began}
    if given.verify:
        measured["written"] = _written()
    print(json.dumps(measured))


def _product(file: Path) -> None:
    from io import StringIO

    from django.core.management import call_command

    call_command("appeals", "file", str(file), "--apply", stdout=StringIO(), stderr=StringIO())


def _by_hand(file: Path) -> None:
    from qqops.staff.models import Staff
    from tests.benchmarks import appeals_by_hand

    appeals_by_hand.file(file, Staff.objects.system("system-appeals"))


def _written() -> dict[str, int]:
    from qqops.audit import origin
    from qqops.audit.verify import verify
    from tests.benchmarks.subject import count

    with origin.origin(origin.COMMAND):
        broken = list(verify())
    assert not broken, broken[:3]
    return {table: count(table) for table in WRITTEN}


if __name__ == "__main__":
    main()
