"""What enforcement does meanwhile: measures are taken, changed, lifted, taken back; supervisors agree or refuse."""

import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from enforcement.approval import services as approval
from enforcement.decisions.services import decide
from enforcement.models import Decision
from enforcement.policy import Kind
from enforcement.undo.services import undo, undo_order
from tests.appeals.machine.stage import SUPERVISORS, Stage, decider, some_number, which, yes
from tests.enforcement.acts import AGREED, DAY, REASON, order

some_numbers = st.lists(some_number, min_size=1, max_size=3, unique=True)
MEASURES: list[tuple[Kind, dict[str, Any]]] = [
    (Kind.FREEZE, {}),
    (Kind.FREEZE, {"duration": 20 * DAY}),  # provisional
    (Kind.FREEZE, {"indefinite": True}),
    (Kind.RESTRICT, {"scopes": ("send_msg", "mail")}),
    (Kind.RESTRICT, {"scopes": ("login",), "duration": 2 * DAY}),
    (Kind.TERMINATE, {}),
]


class Deciding(Stage):
    @rule(what=st.sampled_from(MEASURES), ids=some_numbers, login=decider)
    def a_measure_is_taken(self, what: tuple[Kind, dict[str, Any]], ids: list[int], login: str) -> None:
        kind, more = what
        self.decided(
            f"{kind}", lambda: decide(order(kind, **more), ids, actor=self.cast[login]), login
        )  # fmt: skip

    @rule(at=which, id=some_number, login=decider, days=st.sampled_from([1, 6, 25]))
    def a_measure_is_changed(self, at: int, id: int, login: str, days: int) -> None:
        if (one := self._decision(at)) is not None:
            changed = order(Kind.ADJUST, lift_of=one.pk, duration=datetime.timedelta(days=days))
            self.decided("adjust", lambda: decide(changed, [id], actor=self.cast[login]), login)

    @rule(at=which, id=some_number, login=decider)
    def a_measure_is_lifted(self, at: int, id: int, login: str) -> None:
        if (one := self._decision(at)) is not None:
            lifted = order(Kind.LIFT, lift_of=one.pk)
            self.decided("lift", lambda: decide(lifted, [id], actor=self.cast[login]), login)

    @rule(id=some_number, login=decider)
    def a_number_is_restored(self, id: int, login: str) -> None:
        restored = order(Kind.RESTORE)
        self.decided("restore", lambda: decide(restored, [id], actor=self.cast[login]), login)

    @rule(at=which, login=decider, wrong=yes)
    def a_decision_is_taken_back(self, at: int, login: str, wrong: bool) -> None:
        if (one := self._decision(at, state="applied")) is not None:
            back = undo_order(one, clause="10.1", reason=REASON, in_error=wrong)
            self.decided(
                "undo", lambda: undo(back, actor=self.cast[login]), login, undoes=one.pk
            )  # fmt: skip

    @rule(at=which, login=decider, agrees=yes)
    def somebody_answers_a_decision(self, at: int, login: str, agrees: bool) -> None:
        """Those of rulings, too, which are answered with the ruling and nowhere else."""
        self._answers(self._decision(at, state="proposed"), login, agrees)

    @rule(at=which, login=st.sampled_from(SUPERVISORS), agrees=yes)
    @precondition(lambda self: self.memory.contests)
    def a_supervisor_answers_the_freeze_between_two(self, at: int, login: str, agrees: bool) -> None:
        self._answers(self._decision(at, state="proposed", pk__in=self.memory.contests), login, agrees)

    def _answers(self, one: Decision | None, login: str, agrees: bool) -> None:
        if one is None:
            return
        act = approval.approve if agrees else approval.refuse
        name = "decision agreed to" if agrees else "decision refused"
        came = self.tries(
            name, lambda: act(one, actor=self.cast[login], reason=AGREED, content_hash=one.content_hash)
        )  # fmt: skip
        if not came:
            return
        assert not one.ruling, one
        if one.pk in self.memory.contests:
            self.done[f"contest: {name}"] += 1
        if agrees:
            self.memory.decisions[one.pk].people.add(login)
            self.memory.took_effect(one.pk, *came[1:])

    def _decision(self, at: int, **those: Any) -> Decision | None:
        found = list(Decision.objects.filter(**those).order_by("pk"))
        return found[at % len(found)] if found else None
