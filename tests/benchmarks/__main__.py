"""`make bench`: the bars of DESIGN §9 that this house can be held to. Ratios of one run, never times.

Exits 1 when a bar is missed. `--quick` shrinks every size: it tries the bench, its figures mean nothing.
"""

import argparse
import sys
import tempfile
from array import array
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks import (
    allocation,
    appeals,
    logins,
    overview,
    queueing,
    ranges,
    reclaim,
    record,
    reviewing,
    sealing,
)
from tests.benchmarks.house import House


@dataclass(frozen=True)
class Figure:
    what: str
    figure: float
    bar: float
    at_least: bool = True
    unit: str = ""

    @property
    def holds(self) -> bool:
        return self.figure >= self.bar if self.at_least else self.figure <= self.bar

    def line(self) -> str:
        sign = "≥" if self.at_least else "≤"
        shown, bar = f"{self.figure:.2f}{self.unit}", f"{sign} {self.bar:g}{self.unit}"
        return f"{self.what:<58} {shown:>10} {bar:>10}  {'ok' if self.holds else 'MISS'}"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small sizes, one pair: does the bench itself work?")
    parser.add_argument("--pairs", type=int, default=0, help="alternated pairs for each ratio (default: 5)")
    parts = (
        "allocation",
        "batch",
        "ending",
        "filing",
        "freeze",
        "growth",
        "logins",
        "next",
        "overview",
        "ranges",
        "sealing",
        "reclaim",
        "review",
        "search",
        "verify",
    )
    parser.add_argument("--only", choices=parts, help="one part of it")
    given = parser.parse_args()
    pairs = given.pairs or (1 if given.quick else 5)
    house, figures = House(), []
    with tempfile.TemporaryDirectory() as folder:
        try:
            house.open()
            if given.only in (None, "allocation"):
                figures += allocated(house, Path(folder), 2 if given.quick else 10, pairs)
            if given.only in (None, "verify"):
                numbers, events = (30_000, 20_000) if given.quick else (300_000, 400_000)
                figures += verified(house, numbers, events, pairs)
            if given.only in (None, "freeze"):
                numbers, targets = (30_000, 20_000) if given.quick else (300_000, 100_000)
                figures += freeze(house, Path(folder), numbers, targets, pairs)
            if given.only in (None, "batch"):
                numbers, targets = (30_000, 20_000) if given.quick else (300_000, 50_000)
                figures.append(batch(house, Path(folder), numbers, targets, pairs))
            if given.only in (None, "ending"):
                numbers, few, many = (30_000, 20_000, 20_000) if given.quick else (300_000, 50_000, 100_000)
                figures.append(ended("undo", 0.8, house, Path(folder), numbers, few, pairs))
                figures.append(ended("expire", 0.9, house, Path(folder), numbers, many, pairs))
            if given.only in (None, "filing"):
                numbers, lines = (30_000, 2_000) if given.quick else (300_000, 10_000)
                figures.append(filed(house, Path(folder), numbers, lines, pairs))
            if given.only in (None, "growth"):
                numbers, small, large = (60_000, 10_000, 50_000) if given.quick else (1_100_000, 10_000, 1_000_000)
                figures += growth(house, Path(folder), numbers, small, large, pairs)
            if given.only in (None, "logins"):
                numbers, lines = (30_000, 20_000) if given.quick else (1_100_000, 1_000_000)
                figures += fed(house, Path(folder), numbers, lines, pairs)
            if given.only in (None, "next"):
                numbers, lines, rounds = (30_000, 5_000, 5) if given.quick else (300_000, 100_000, 30)
                figures.append(queued(house, Path(folder), numbers, lines, rounds))
            if given.only in (None, "overview"):
                few, many, requests = (20_000, 200_000, 5) if given.quick else (100_000, 10_000_000, 20)
                figures += overlooked(house, few, many, pairs, requests)
            if given.only in (None, "ranges"):
                figures.append(opened(pairs))
            if given.only in (None, "sealing"):
                figures += sealed(10_000 if given.quick else 100_000, pairs)
            if given.only in (None, "reclaim"):
                few, many = (100_000, 100_000) if given.quick else (1_100_000, 10_000_000)
                figures += reclaimed(house, few, many, pairs)
            if given.only in (None, "review"):
                few, many, requests = (10_000, 100_000, 5) if given.quick else (100_000, 10_000_000, 40)
                figures += reviewed(house, few, many, pairs, requests)
            if given.only in (None, "search"):  # last: the seed is not the same after it
                numbers, known = (30_000, 20_000) if given.quick else (1_100_000, 1_000_000)
                figures += searched(house, numbers, known, pairs)
        finally:
            house.close()
    print(f"\n{'what':<58} {'figure':>10} {'bar':>10}")
    for figure in figures:
        print(figure.line())
    return 0 if all(figure.holds for figure in figures) else 1


def allocated(house: House, folder: Path, seconds: float, pairs: int) -> list[Figure]:
    say("allocate, against pgbench running the same statements")
    return [Figure(*found) for found in allocation.measure(house, folder, seconds, pairs, say)]


def verified(house: House, numbers: int, events: int, pairs: int) -> list[Figure]:
    say(f"verify the record of {numbers:,} numbers and {events:,} events")
    house.grow(numbers)
    measured = record.verifying(house, events, pairs, say)
    say(f"  {measured['rows']:,} rows of the record in all")
    against = {"chain and digests": "sha256 pass", "drift": "hash join"}
    return [
        Figure(f"{what} ÷ one {against[what.partition(',')[0]]}", ratio, 0.5)
        for what, ratio in measured["ratios"].items()
    ]


def freeze(house: House, folder: Path, numbers: int, targets: int, pairs: int) -> list[Figure]:
    """The product's apply against the reference's, each on a fresh copy of the same database."""
    say(f"freeze {targets:,} of {numbers:,}")
    house.grow(numbers)
    house.targets(targets, folder / "targets")
    ratios, written = [], []
    for pair in range(pairs):
        took: dict[str, float] = {}
        # Alternated, and the side that goes first changes: neither always meets the warmer machine.
        for side in ("product", "reference") if pair % 2 else ("reference", "product"):
            with house.copy() as name:
                options = () if pair else ("--verify",)
                measured = house.run(name, side, str(folder / "targets"), *options)
            took[side] = measured["apply"]
            written += [measured["written"]] if options else []
        ratios.append(took["reference"] / took["product"])
        rates = ", ".join(f"{side} {targets / seconds:,.0f} rows/s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {rates}: {ratios[-1]:.2f}")
    if written[0] != written[1]:
        raise SystemExit(f"the two sides did not do the same work: {written}")
    return [Figure(f"freeze {targets:,} numbers ÷ hand-written SQL", median(ratios), 0.9)]


def batch(house: House, folder: Path, numbers: int, targets: int, pairs: int) -> Figure:
    """A CSV: read and looked at, read and filed, agreed to by two and applied; against the reference's apply alone."""
    say(f"a CSV of {targets:,}, from the dry run to all applied")
    house.grow(numbers)
    house.targets(targets, folder / "targets")
    listed = array("q")
    listed.frombytes((folder / "targets").read_bytes())
    (folder / "list.csv").write_text("number\n" + "\n".join(map(str, listed)) + "\n")
    ratios = []
    for pair in range(pairs):
        took: dict[str, float] = {}
        for side in ("product", "reference") if pair % 2 else ("reference", "product"):
            with house.copy() as name:
                more = ("--dry-run", str(folder / "list.csv")) if side == "product" else ()
                measured = house.run(name, side, str(folder / "targets"), *more)
            took[side] = sum(measured[part] for part in ("file", "approve", "apply")) if more else measured["apply"]
        ratios.append(took["reference"] / took["product"])
        times = ", ".join(f"{side} {seconds:.1f} s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {times}: {ratios[-1]:.2f}")
    return Figure(f"a CSV of {targets:,} to all applied ÷ the reference's apply", median(ratios), 0.6)


def ended(what: str, bar: float, house: House, folder: Path, numbers: int, targets: int, pairs: int) -> Figure:
    """An undo applied, or the sweep of measures that are over, against the same by hand."""
    say(f"{what} {targets:,} of {numbers:,}")
    house.grow(numbers)
    house.targets(targets, folder / "targets")
    ratios, written = [], []
    for pair in range(pairs):
        took: dict[str, float] = {}
        for side in ("product", "reference") if pair % 2 else ("reference", "product"):
            with house.copy() as name:
                options = () if pair else ("--verify",)
                given = (what, side, str(folder / "targets"), *options)
                measured = house.run(name, *given, module="tests.benchmarks.ending")
            took[side] = measured["took"]
            written += [measured["written"]] if options else []
        ratios.append(took["reference"] / took["product"])
        rates = ", ".join(f"{side} {targets / seconds:,.0f} rows/s" for side, seconds in sorted(took.items()))
        say(f"  pair {pair + 1}: {rates}: {ratios[-1]:.2f}")
    if written[0] != written[1]:
        raise SystemExit(f"the two sides did not do the same work: {written}")
    return Figure(f"{what} {targets:,} measures ÷ hand-written SQL", median(ratios), bar)


def filed(house: House, folder: Path, numbers: int, lines: int, pairs: int) -> Figure:
    say(f"file {lines:,} appeals from a file")
    house.grow(numbers)
    figure = appeals.filing(house, folder, lines, pairs, say)
    return Figure(f"file {lines:,} appeals ÷ the same inserts by hand", figure, 0.5)


def queued(house: House, folder: Path, numbers: int, lines: int, rounds: int) -> Figure:
    say(f"next of {lines:,} open appeals, for {queueing.REVIEWERS} reviewers at once")
    house.grow(numbers)
    ratio = queueing.nexts(house, folder, lines, rounds, say)
    return Figure(
        f"next of {lines:,} for {queueing.REVIEWERS} at once, p95 ÷ a number page's", ratio, 3, at_least=False
    )


def overlooked(house: House, few: int, many: int, pairs: int, requests: int) -> list[Figure]:
    say(f"the overview of a house with {many:,} numbers, against one with {few:,}")
    queries, ratio = overview.pages(house, few, many, pairs, requests, say)
    return [
        Figure(f"queries of an overview at {many:,} numbers", queries, 8, at_least=False),
        Figure(f"overview at {many:,} numbers ÷ at {few:,}, the worst role's", ratio, 1.5, at_least=False),
    ]


def growth(house: House, folder: Path, numbers: int, small: int, large: int, pairs: int) -> list[Figure]:
    """A list a hundred times as long: what does a row cost, and what does the client hold?"""
    say(f"freeze {large:,} and {small:,} of {numbers:,}")
    house.grow(numbers)
    runs: dict[int, list[dict[str, Any]]] = {small: [], large: []}
    for size in runs:
        house.targets(size, folder / str(size))
    for pair in range(pairs):
        for size in (large, small) if pair % 2 else (small, large):
            with house.copy() as name:
                measured = house.run(name, "product", str(folder / str(size)))
            runs[size].append(measured)
            parts = ", ".join(f"{part} {measured[part] / size * 1e6:.0f}" for part in ("file", "approve", "apply"))
            say(f"  {size:>9,}: µs a row: {parts}; peak {measured['peak_mb']:.0f} MB")

    def cost(run: dict[str, Any]) -> float:
        return float(run["file"] + run["approve"] + run["apply"]) / int(run["targets"])

    ratios = [cost(a) / cost(b) for a, b in zip(runs[large], runs[small], strict=True)]
    held = [median(run["peak_mb"] for run in runs[size]) for size in (small, large)]
    return [
        Figure(f"cost of a row, {large:,} ÷ {small:,} targets", median(ratios), 1.2, at_least=False),
        Figure(f"peak memory of the client at {large:,} targets", held[1], 150, at_least=False, unit=" MB"),
        Figure(f"the same ÷ at {small:,} targets", held[1] / held[0], 1.1, at_least=False),
    ]


def fed(house: House, folder: Path, numbers: int, lines: int, pairs: int) -> list[Figure]:
    say(f"import {lines:,} logins")
    house.grow(numbers)
    figure, memory = logins.feed(house, folder, lines, pairs, say)
    return [
        Figure(f"import {lines:,} logins ÷ COPY and one UPDATE by hand", figure, 0.7),
        Figure(f"peak memory of the client at {lines:,} logins", memory, 150, at_least=False, unit=" MB"),
    ]


def opened(pairs: int) -> Figure:
    say("open a range of 10^10 numbers, against one of 10")
    return Figure("open a range of 10^10 ÷ one of 10", ranges.opening(pairs, say), 1.2, at_least=False)


def sealed(count: int, pairs: int) -> list[Figure]:
    return [Figure(f"seal {count:,} identities ÷ the bare cipher", sealing.sealing(count, pairs, say), 0.5)]


def searched(house: House, numbers: int, known: int, pairs: int) -> list[Figure]:
    say(f"find one of {known:,} identities")
    house.grow(numbers)
    sealing.seed(known, pairs * sealing.REQUESTS)
    house.grow(numbers)  # as many are there: has only the statistics made anew
    return [
        Figure(f"search by mobile ÷ by number, {name}", figure, 1.2, at_least=False)
        for name, figure in sealing.search(pairs, say).items()
    ]


def reviewed(house: House, few: int, many: int, pairs: int, requests: int) -> list[Figure]:
    say(f"a page of the review on {many:,} events, against {few:,}")
    house.grow(30_000)
    return [
        Figure(f"review ({what}) on {many:,} events ÷ on {few:,}", figure, 1.2, at_least=False)
        for what, figure in reviewing.pages(house, few, many, pairs, requests, say).items()
    ]


def reclaimed(house: House, few: int, many: int, pairs: int) -> list[Figure]:
    say(f"reclaim the dormant of {few:,} numbers")
    house.grow(few)
    targets, applied, decided = reclaim.decision(house, pairs, say)
    say(f"preview a reclaim over {many:,} numbers")
    house.grow(many)
    return [
        Figure(f"reclaim {targets:,} as agreed to ÷ SQL by hand", applied, 0.9),
        Figure(f"file, agree to and reclaim {targets:,} ÷ SQL by hand", decided, 0.6),
        Figure(f"reclaim preview over {many:,} ÷ SELECT by hand", reclaim.preview(pairs, say), 0.8),
    ]


def say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
