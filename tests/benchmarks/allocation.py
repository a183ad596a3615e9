"""Allocation against pgbench, which runs the same statements: what does the house add to what the database does?

The statements of one allocation are captured from the connection with their values in them; what differs from one
allocation to the next (the event's key, which cursor and how far it is) is put back in as pgbench's variables.
"""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from qqops.boot import database
from tests.benchmarks.house import RESOURCES, SUPERVISORS, House

FIRST, LAST = 20_000_000_000, 39_999_999_999
Say = Callable[[str], None]


class Bench:
    """A database with one open range of 2 · 10^10 numbers, and both sides on it."""

    def __init__(self, house: House, name: str, folder: Path, seconds: float) -> None:
        self.house, self.name, self.folder, self.seconds = house, name, folder, seconds

    def product(self, count: int, clients: int) -> float:
        """Allocations a second of so many clients, each a process of its own."""
        words = [sys.executable, "-m", "tests.benchmarks.allocating", str(count), str(self.seconds)]
        env = os.environ | self.house.env(self.name)
        run: dict[str, Any] = {"cwd": database.BASE_DIR, "env": env, "text": True}
        started = [
            subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **run) for _n in range(clients)
        ]
        for one in started:
            assert one.stdout is not None
            if one.stdout.readline() != "ready\n":
                raise SystemExit("a client of the bench did not start")
        for one in started:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        return sum(int(one.communicate()[0]) for one in started) / self.seconds

    def pgbench(self, script: Path, clients: int) -> float:
        words = [
            str(self.house.binary("pgbench")), "-n", "-M", "simple", "-f", str(script), "-c", str(clients), "-j",
            str(min(clients, 2)), "-T", str(max(1, round(self.seconds))), "-h", str(self.house.engine.home), "-p",
            str(database.PORT), "-U", database.APPLICATION, self.name,
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True)
        found = re.search(r"tps = ([0-9.]+)", done.stdout)
        if found is None or "failed transactions: 0 " not in done.stdout:
            raise SystemExit(f"pgbench: {done.stdout[-800:]} {done.stderr[-800:]}")
        return float(found[1])

    def script(self, count: int) -> Path:
        """The statements of one allocation as a script of pgbench."""
        path = self.folder / f"allocate-{count}.sql"
        words = [sys.executable, "-m", "tests.benchmarks.capturing", str(count)]
        env = os.environ | self.house.env(self.name)
        done = subprocess.run(words, cwd=database.BASE_DIR, env=env, capture_output=True, text=True, check=True)
        path.write_text(done.stdout)
        return path

    @contextlib.contextmanager
    def old_snapshot(self) -> Iterator[None]:
        """A report that has begun and does not end."""
        with psycopg.connect(self.house.place(self.name)) as connection:
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            connection.execute("SELECT FROM accounts_rangecursor LIMIT 1")
            yield


def prepare() -> None:
    """In the seed: the range."""
    from django.utils import timezone

    from accounts.models import NumberRange
    from accounts.resources import services as resources
    from accounts.resources.services import Wanted, ranges
    from qqops.audit import origin
    from qqops.staff.models import Staff

    if NumberRange.objects.exists():
        return
    with origin.origin(origin.COMMAND):
        maker, supervisor = (Staff.objects.get(username=login) for login in (RESOURCES, SUPERVISORS[0]))

        def carry_out(wanted: Wanted) -> None:
            proposal = resources.propose(wanted, actor=maker, reason="bench of allocation")
            if proposal.state == "proposed":
                seen = proposal.content_hash
                resources.approve(proposal, actor=supervisor, reason="bench of allocation", content_hash=seen)

        carry_out(ranges.wanted(FIRST, LAST, "test", "bench", opens_on=timezone.localdate()))
        found = NumberRange.objects.get()
        for state in ("pre_release", "available"):
            carry_out(ranges.moved(found, state))
            found.refresh_from_db()


def measure(house: House, folder: Path, seconds: float, pairs: int, say: Say) -> Iterator[tuple[str, float, float]]:
    """What was measured, the ratio, and the bar."""
    prepare()
    house.grow(1_000)
    with house.copy() as name:
        bench = Bench(house, name, folder, seconds)
        for count, clients, bar in ((100, 1, 0.8), (1, 1, 0.5), (1, 4, 0.5), (1, 16, 0.5)):
            script = bench.script(count)
            ratios = []
            for pair in range(pairs):
                took: dict[str, float] = {}
                for side in ("product", "pgbench") if pair % 2 else ("pgbench", "product"):
                    took[side] = bench.product(count, clients) if side == "product" else bench.pgbench(script, clients)
                ratios.append(took["product"] / took["pgbench"])
                rates = ", ".join(f"{side} {rate * count:,.0f}/s" for side, rate in took.items())
                say(f"  {count} at once, {clients} clients: {rates}: {ratios[-1]:.2f}")
            yield f"allocate {count} at once ÷ pgbench, clients: {clients}", median(ratios), bar
        ratios = []
        for _pair in range(pairs):
            free = bench.product(1, 4)
            with bench.old_snapshot():
                held = bench.product(1, 4)
            ratios.append(held / free)
            say(f"  1 at once, 4 clients: {free:,.0f}/s, with an old snapshot {held:,.0f}/s: {ratios[-1]:.2f}")
        yield "allocate with an old snapshot open ÷ without", median(ratios), 0.6
