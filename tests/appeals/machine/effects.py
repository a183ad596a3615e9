"""What a ruling must have done to the number when it came into force: the target's state agrees with what was ruled."""

from dataclasses import dataclass

from appeals.models import Appeal, Ruling
from appeals.rulings.reversal import Terms
from tests.appeals.machine.arrows import OBJECTION, RECOVERY
from tests.appeals.machine.memory import Memory, World


@dataclass(frozen=True)
class Before:
    """The numbers before and after it; of one upheld in part, what the measure was to become, where that is known."""

    before: World
    after: World
    terms: Terms | None


def agrees_with(memory: Memory, appeal: Appeal, ruling: Ruling, found: Before) -> None:
    for number in found.after.lives:
        if number != appeal.number_id:  # it reaches the appellant's own number only
            assert found.before.of(number) == found.after.of(number)
    if appeal.kind == OBJECTION:
        _of_objection(memory, appeal, ruling.outcome, found)
    elif appeal.kind == RECOVERY and ruling.outcome == "rejected":
        _the_freeze_between_the_two_is_over(memory, appeal, found)
    else:
        assert (found.before, ruling.reverses) == (found.after, None)


def _of_objection(memory: Memory, appeal: Appeal, outcome: str, found: Before) -> None:
    assert appeal.decision_id is not None
    objected = memory.decisions[appeal.decision_id]
    was = objected.was[appeal.number_id]
    now = {pk: found.after.measures[pk] for pk in was}
    if outcome in ("rejected", "inadmissible"):
        assert found.before == found.after
    elif outcome == "partly":
        less = [pk for pk in now if found.before.measures[pk] != now[pk]]
        assert len(less) == 1 and now[less[0]].runs and not now[less[0]].beyond(found.before.measures[less[0]])
        if found.terms and found.terms.until:
            assert now[less[0]].until == found.terms.until
    else:  # upheld or moot: nothing of it is left
        assert not [pk for pk in now if now[pk].beyond(was[pk])]
        _is_not_ended_by(memory, appeal, found.after)
        if outcome == "moot":
            assert found.before == found.after
        elif objected.kind in ("freeze", "restrict"):
            assert not [pk for pk in now if now[pk].counts]  # nor against him later


def _is_not_ended_by(memory: Memory, appeal: Appeal, after: World) -> None:
    if after.lives[appeal.number_id] != "terminated":
        return
    assert appeal.decision_id is not None
    ends = memory.decisions[appeal.decision_id].kind
    # That a termination runs again, as its restoring was taken back, is still that termination's doing.
    last = memory.ended_last(appeal.number_id, ("terminate",) if ends == "terminate" else ("terminate", "undo"))
    assert last != appeal.decision_id


def _the_freeze_between_the_two_is_over(memory: Memory, appeal: Appeal, found: Before) -> None:
    freezes = {pk for pk, made in memory.contests.items() if made == appeal.receipt}
    for pk, term in found.after.measures.items():
        if memory.owners[pk] in freezes:
            assert not term.runs
        else:
            assert term == found.before.measures[pk]
    assert found.before.lives == found.after.lives
