"""*Next* for many reviewers at once on a long queue: `python -m tests.benchmarks.queueing FILE ROUNDS`.

In a process of its own on a copy of the seed: the appeals of the file are filed, then each reviewer, in a thread and
over a connection of his own, presses *next*, opens the number that he was given, and decides, over and over.
"""

import argparse
import json
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any

from tests.benchmarks.house import House

MODULE = "tests.benchmarks.queueing"
REVIEWERS = 20
WARM = 2  # rounds of each that are not counted
CHUNK = 2_000


def nexts(house: House, folder: Path, count: int, rounds: int, say: Callable[[str], None]) -> float:
    """The 95th percentile of *next* ÷ that of a number's page, with as many at it; of one process."""
    file = folder / "numbers"
    house.targets(count, file)
    with house.copy() as name:
        measured = house.run(name, str(file), str(rounds), module=MODULE)
    told = ", ".join(f"{what} {measured[what] * 1e3:.1f} ms" for what in ("next", "number"))
    ratio = float(measured["next"] / measured["number"])
    say(f"  {REVIEWERS} at once, {measured['taken']:,} taken of {measured['open']:,}, p95: {told}: {ratio:.2f}")
    return ratio


def main() -> None:
    import django

    django.setup()
    parser = argparse.ArgumentParser()
    parser.add_argument("file", type=Path)
    parser.add_argument("rounds", type=int)
    given = parser.parse_args()
    from qqops.audit import origin
    from qqops.audit.verify import verify

    numbers = array("q")
    numbers.frombytes(given.file.read_bytes())
    with origin.origin(origin.COMMAND):
        desks = _desks()
        _file(numbers)
    people = [_Reviewer(desk, given.rounds) for desk in desks]
    for person in people:
        person.start()
    for person in people:
        person.join()
    if broken := [person.fault for person in people if person.fault]:
        raise SystemExit(f"{len(broken)} of {REVIEWERS} stopped: {broken[0]}")
    taken = [receipt for person in people for receipt in person.taken]
    assert len(set(taken)) == len(taken) == REVIEWERS * (given.rounds + WARM), "an appeal was given twice"
    with origin.origin(origin.COMMAND):
        broken_rows = list(verify())
    assert not broken_rows, broken_rows[:3]
    measured = {
        "open": len(numbers),
        "taken": len(taken),
        "next": _p95([took for person in people for took in person.nexts]),
        "number": _p95([took for person in people for took in person.pages]),
    }
    print(json.dumps(measured))


def _desks() -> list[str]:
    from qqops.staff.models import Staff
    from qqops.staff.people import services as people_services

    setup = Staff.objects.system("system-setup")
    logins = [f"bench-reviewer{n}" for n in range(REVIEWERS)]
    for login in logins:
        people_services.join(login, "reviewer", password="", actor=setup, reason="bench")
    return logins


def _file(numbers: Sequence[int]) -> None:
    """One recovery of each, by the act that files what the portal brings."""
    from django.db import connection

    from appeals.filing.services import Filing, file
    from appeals.lifecycle import Kind
    from appeals.policy import Ground
    from qqops.staff.models import Staff

    actor = Staff.objects.system("system-appeals")
    for at in range(0, len(numbers), CHUNK):
        filings = [
            Filing(
                number=number, kind=Kind.RECOVERY, ground=Ground.STOLEN, statement="我的号码上周被盗，请协助找回",
                contact="+8613800000000", agreement="2026-01", portal=f"P-{number}",
            )
            for number in numbers[at : at + CHUNK]
        ]  # fmt: skip
        file(filings, actor=actor)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


class _Reviewer(threading.Thread):
    """One reviewer at his desk."""

    def __init__(self, login: str, rounds: int) -> None:
        super().__init__()
        self.login, self.rounds = login, rounds
        self.taken: list[str] = []
        self.nexts: list[float] = []
        self.pages: list[float] = []
        self.fault: Any = None

    def run(self) -> None:
        from django.db import connection

        try:
            self._work()
        except Exception as error:  # whatever it is stops the bench, by name
            self.fault = repr(error)
        finally:
            connection.close()

    def _work(self) -> None:
        from django.test import Client

        from appeals.models import Appeal
        from appeals.rulings import services as rulings
        from qqops.audit import origin
        from qqops.staff.backend import at_desk

        staff = at_desk().get(username=self.login)
        desk = Client(headers={"host": "localhost"})
        desk.force_login(staff)
        said = rulings.Said("rejected", "所提供的资料与登记不符。", "bench: does not match what is registered")
        for n in range(self.rounds + WARM):
            began = time.perf_counter()
            led = desk.post("/admin/appeals/next/")
            took = time.perf_counter() - began
            appeal = Appeal.objects.get(pk=int(led["Location"].rstrip("/").split("/")[-1]))
            began = time.perf_counter()
            page = desk.get(f"/admin/accounts/number/{appeal.number_id}/")
            seen = time.perf_counter() - began
            assert page.status_code == 200, page.status_code
            with origin.origin(origin.COMMAND):
                rulings.rule(appeal, said, actor=staff, revision=appeal.revision)
            self.taken.append(appeal.receipt)
            if n >= WARM:
                self.nexts.append(took)
                self.pages.append(seen)


def _p95(seconds: Sequence[float]) -> float:
    return quantiles(seconds, n=20)[-1]


if __name__ == "__main__":
    main()
