"""One client of the allocation bench, in a process of its own: `python -m tests.benchmarks.allocating COUNT SECONDS`.

Says “ready”, waits for a line, allocates so many numbers again and again for so long, and prints how often it did.
"""

import sys
import time

import django

django.setup()

from django.utils import timezone  # noqa: E402

from accounts.allocation.services import Wish, allocate  # noqa: E402
from accounts.allocation.terms import Terms, rules_of  # noqa: E402
from qqops.audit import origin  # noqa: E402
from qqops.staff.backend import at_desk  # noqa: E402
from tests.benchmarks.house import RESOURCES  # noqa: E402


def main() -> None:
    count, seconds = int(sys.argv[1]), float(sys.argv[2])
    actor = at_desk().get(username=RESOURCES)
    rules = rules_of("", timezone.now())

    def once() -> None:
        terms = Terms("client", "9.9", "explicit", rules, timezone.now())
        allocate(Wish(terms, pool="test", count=count), actor=actor, reason="bench of allocation")

    with origin.origin(origin.COMMAND):
        once()
        print("ready", flush=True)
        sys.stdin.readline()
        done, end = 0, time.perf_counter() + seconds
        while time.perf_counter() < end:
            once()
            done += 1
    print(done, flush=True)


if __name__ == "__main__":
    main()
