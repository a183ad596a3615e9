"""Opening a range of 10^10 numbers against one of 10: the same rows, so the same time."""

import time
from collections.abc import Callable
from statistics import median

from tests.benchmarks.house import RESOURCES, SUPERVISORS

SMALL, LARGE = 10, 10**10
FIRST = 20_000_000_000  # nothing is there
OPENINGS = 30  # of each size in a pair, alternated; each is taken back


def opening(pairs: int, say: Callable[[str], None]) -> float:
    """What opening the large one costs, as a multiple of the small one; who agrees to it is not timed."""
    from django.db import transaction

    from accounts.resources import services as resources
    from accounts.resources.services import kinds, ranges
    from qqops.audit import origin, recorder
    from qqops.staff.models import Staff

    maker, supervisor = Staff.objects.get(username=RESOURCES), Staff.objects.get(username=SUPERVISORS[0])
    wanted = {size: ranges.wanted(FIRST, FIRST + size - 1, "public", "bench") for size in (SMALL, LARGE)}
    ratios = []
    with origin.origin(origin.COMMAND, os_user="bench"):
        proposal = resources.propose(wanted[LARGE], actor=maker, reason="release plan of the bench")
        for pair in range(pairs):
            took: dict[int, list[float]] = {SMALL: [], LARGE: []}
            for turn in range(2 * OPENINGS):
                size = (SMALL, LARGE)[(turn + pair) % 2]
                with transaction.atomic():
                    begun = time.perf_counter()
                    with recorder.act(
                        "resource.approved", actor=supervisor, reason="agreed", subject=proposal, facts={"kind": "x"}
                    ) as act:
                        kinds.of(proposal.kind).apply(wanted[size], proposal, supervisor, act)
                    took[size].append(time.perf_counter() - begun)
                    transaction.set_rollback(True)
            small, large = (median(took[size]) for size in (SMALL, LARGE))
            ratios.append(large / small)
            say(f"  pair {pair + 1}: {SMALL} in {small * 1e3:.1f} ms, 10^10 in {large * 1e3:.1f} ms: {ratios[-1]:.2f}")
    return median(ratios)
