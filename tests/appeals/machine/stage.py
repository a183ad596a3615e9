"""The stage of the machine: four numbers and who holds them, the cast, a clock that only goes forward, and how an act
is tried. What comes of every act is compared with what was there before it."""

import datetime
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import event
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine

from accounts.declarations.services import declare
from accounts.models import DeclaredNumber, Number, Tenure
from appeals.models import Appeal, Lease
from appeals.queue import services as queue
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.machine.arrows import FILED
from tests.appeals.machine.memory import Memory, World
from tests.cast import make_numbers
from tests.identities import ADULT, MINOR, tell

T = TypeVar("T")

IDS = list(range(88_880_001, 88_880_005))
PAID, MINORS, PREMIUM = IDS[1], IDS[2], IDS[3]
# Whose own number, or a relative's, one of them is: they do nothing about it (domain.md §9, 7).
OWN = {"reviewer2": IDS[0], "supervisor2": PREMIUM}
ANYBODY = ["agent", "reviewer", "reviewer2", "officer", "officer2", "supervisor", "supervisor2", "privacy", "auditor"]
REVIEWERS, SUPERVISORS = ["reviewer", "reviewer2"], ["supervisor", "supervisor2"]
HEARERS = [*REVIEWERS, *SUPERVISORS, "officer"]
DECIDERS = ["officer", "officer2", "reviewer", "supervisor", "supervisor2"]

HALF_A_DAY = datetime.timedelta(hours=12)  # what somebody passed on does not come back to him before

anybody, hearer, decider = st.sampled_from(ANYBODY), st.sampled_from(HEARERS), st.sampled_from(DECIDERS)
which, yes = st.integers(0, 30), st.booleans()
# Random staff seldom do the next right thing: three times of four it is tried by whoever could.
apt = st.sampled_from([True, True, True, False])
some_number = st.sampled_from(IDS)


class Stage(RuleBasedStateMachine):
    cast: ClassVar[dict[str, Staff]]
    seen: World  # the numbers as they are now
    appeals: list[Appeal]
    there: set[str]  # states in which there are appeals
    changed: bool  # has anything been done since it was last looked at
    done: ClassVar[Counter[str]] = Counter()  # every act that anybody succeeded in, in any example

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.travel = time_machine.travel(timezone.now(), tick=False)
        self.clock = self.travel.start()
        setup = Staff.objects.system("system-setup")
        make_numbers([IDS[0]])
        make_numbers([PAID], paid=True)
        make_numbers([MINORS])
        make_numbers([PREMIUM], tier=3)
        for one in Number.objects.order_by("pk"):
            tell(one, setup, **MINOR if one.pk == MINORS else ADULT)
        for login, number in OWN.items():
            declare(self.cast[login], [number], DeclaredNumber.Relation.RELATIVE, actor=self.cast[login])
        self.memory = Memory()
        self.look()
        self.holders = self.who_holds_them()

    def teardown(self) -> None:
        try:
            self.at_the_end()
        finally:
            self.travel.stop()
            transaction.set_rollback(True)
            self.outer.__exit__(None, None, None)

    def at_the_end(self) -> None:
        """What holds of every example as a whole."""

    @staticmethod
    def who_holds_them() -> list[Any]:
        return list(Tenure.objects.order_by("pk").values_list("pk", "number", "ended_at", "number__tenure"))

    def tries(self, act: str, step: Callable[[], T]) -> tuple[T, World, World] | None:
        """What came of it, and the numbers before and after; None where it was refused, and then nothing is changed."""
        before = self.seen
        try:
            came = step()
        except (Invalid, Refused):
            self.seen = World.now()
            assert self.seen == before, act
            return None
        self.look()
        self.done[act] += 1
        event(act)
        return came, before, self.seen

    def look(self) -> None:
        """Something was done: see how things are now."""
        self.seen, self.changed = World.now(), True
        self.appeals = list(Appeal.objects.defer("statement", "contact").order_by("pk"))
        self.there = {one.state for one in self.appeals}

    def check_invariants(self, *args: Any) -> None:
        """Where nothing was done, what was true is true."""
        if self.changed:
            super().check_invariants(*args)
        self.changed = False

    def decided(self, act: str, step: Callable[[], Any], by: str, **more: Any) -> None:
        """Somebody files a decision; what it changes at once is its doing."""
        if came := self.tries(act, step):
            report, before, after = came
            self.memory.made(report.decision.pk, report.decision.kind, by, **more)
            self.memory.took_effect(report.decision.pk, before, after)

    def one(self, at: int, **those: Any) -> Appeal | None:
        found = list(Appeal.objects.filter(**those).order_by("pk"))
        return found[at % len(found)] if found else None

    def in_hand(self, at: int, login: str, apt: bool, **fits: Any) -> tuple[Appeal, str]:
        """An appeal that is to be heard, and who tries something with it: if apt, such as fits, by who has it in hand
        or takes it."""
        found = apt and self.one(at, state=FILED, **fits) or self.one(at, state=FILED)
        assert found is not None
        if not apt:
            return found, login
        lease = Lease.objects.filter(appeal=found, until__gt=timezone.now()).select_related("staff").first()
        if lease is not None:
            return found, lease.staff.username
        hear = SUPERVISORS if found.round > 1 or found.gated else REVIEWERS
        barred = self.memory.had_part(found)
        may = [one for one in hear if one not in barred and OWN.get(one) != found.number_id]
        return found, next((one for one in may if self.takes(one, found)), login)

    def takes(self, login: str, appeal: Appeal | None) -> Appeal | None:
        """He takes this one, or the next one that there is for him; None where he does not get it."""
        actor, now = self.cast[login], timezone.now()
        held = dict(Lease.objects.filter(until__gt=now).values_list("appeal", "staff"))
        if appeal is None:
            came = self.tries("next taken", lambda: queue.take_next(actor=actor))
        else:
            came = self.tries("taken", lambda: queue.take(appeal, actor=actor))
        taken = came[0] if came else None
        if taken is None:
            return None
        assert held.get(taken.pk, actor.pk) == actor.pk and (taken.state, taken.lease.staff) == (FILED, actor)
        assert actor.has_perm("appeals.hear_again" if taken.round > 1 or taken.gated else "appeals.hear_appeal")
        self.must_have_no_part(login, taken)
        if appeal is None and taken.pk not in held:  # what he has in hand comes first
            assert self.memory.skipped.get((login, taken.receipt), now - HALF_A_DAY) <= now - HALF_A_DAY
        return taken

    def must_have_no_part(self, login: str, appeal: Appeal) -> None:
        """Who has just been let near it to weigh or to decide."""
        assert login not in self.memory.had_part(appeal), (login, appeal.receipt)
        assert OWN.get(login) != appeal.number_id, (login, appeal.receipt)
