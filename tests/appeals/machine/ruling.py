"""Deciding: appeals are ruled on, rulings agreed to or sent back, reviewed once more, taken to court; and the clock."""

import datetime
from functools import partial

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from appeals.court import services as court
from appeals.lifecycle import Outcome
from appeals.models import Appeal, Ruling
from appeals.queue.sweep import due, sweep
from appeals.rulings import second_review
from appeals.rulings import services as rulings
from appeals.rulings.reversal import Terms
from enforcement.measures.expiry import expire
from qqops.staff.models import Staff
from tests.appeals.heard import STATEMENT, said
from tests.appeals.machine.arrows import CLOSED, COOLING, COURT, ENQUIRY, FILED, OBJECTION, OUTCOMES, RECOVERY, RULED
from tests.appeals.machine.effects import Before, agrees_with
from tests.appeals.machine.stage import MINORS, PREMIUM, Stage, anybody, apt, hearer, which, yes
from tests.enforcement.acts import DAY, HOUR

COOL_DOWN = datetime.timedelta(hours=72)  # domain.md §2
AGAINST = {"partly", "rejected", "moot", "inadmissible"}  # what may be reviewed once more
MINUTE = datetime.timedelta(minutes=1)
AHEAD = [MINUTE, 31 * MINUTE, 13 * HOUR, 73 * HOUR, 8 * DAY]
any_outcome, less = st.sampled_from(list(Outcome)), st.sampled_from(["until", "scopes"])
FITS = {  # what a reviewer may say, the likelier more often
    RECOVERY: ("upheld", "upheld", "upheld", "rejected", "inadmissible"),
    OBJECTION: ("upheld", "upheld", "partly", "rejected", "moot", "inadmissible"),
    ENQUIRY: ("answered", "inadmissible"),
}


class RulingOnIt(Stage):
    @rule(login=hearer, at=which, apt=apt, other=any_outcome, less=less)
    @precondition(lambda self: FILED in self.there)
    def somebody_rules(self, login: str, at: int, apt: bool, other: Outcome, less: str) -> None:
        self._rules(*self.in_hand(at, login, apt), at, other if not apt else None, less)

    @rule(login=hearer, at=which)
    @precondition(lambda self: FILED in self.there)
    def a_recovery_is_ruled_on(self, login: str, at: int) -> None:
        self._rules(*self.in_hand(at, login, apt=True, kind=RECOVERY), at, None, "until")

    @rule(login=hearer, at=which, less=less)
    @precondition(lambda self: FILED in self.there)
    def an_objection_is_ruled_on(self, login: str, at: int, less: str) -> None:
        self._rules(*self.in_hand(at, login, apt=True, kind=OBJECTION), at, None, less)

    def _rules(self, appeal: Appeal, login: str, at: int, other: Outcome | None, less: str) -> None:
        outcome = other or Outcome(FITS[appeal.kind][at % len(FITS[appeal.kind])])
        terms = Terms(scopes=("mail",)) if less == "scopes" else Terms(until=timezone.now() + HOUR)
        more = {"terms": terms} if outcome == Outcome.PARTLY else {}
        ruled = partial(
            rulings.rule, appeal, said(outcome, **more), actor=self.cast[login], revision=appeal.revision
        )  # fmt: skip
        part = self.memory.had_part(appeal)
        came = self.tries(f"ruled {outcome}", ruled)
        if not came:
            return
        ruling: Ruling = came[0]
        assert login not in part and outcome in OUTCOMES[appeal.kind]
        self.memory.rulers[appeal.receipt, appeal.round].add(login)
        if ruling.reverses:
            self.memory.made(ruling.reverses.pk, ruling.reverses.kind, login, ruling=appeal.receipt)
        if ruling.state == "proposed":
            assert came[1] == came[2]  # what waits has no effect
            return
        assert not self._needs_two(appeal, outcome), (appeal, outcome)
        self._in_force(appeal, ruling, Before(*came[1:], terms))

    @rule(login=anybody, at=which, apt=apt, agrees=apt)
    @precondition(lambda self: RULED in self.there)
    def somebody_answers_a_ruling(self, login: str, at: int, apt: bool, agrees: bool) -> None:
        waiting = list(Ruling.objects.filter(state="proposed").select_related("appeal__decision").order_by("pk"))
        ruling = waiting[at % len(waiting)]
        appeal, login = ruling.appeal, ("supervisor", "supervisor2")[at % 2] if apt else login
        act, name = (rulings.agree, "ruling agreed to") if agrees else (rulings.send_back, "ruling sent back")
        part = self.memory.had_part(appeal)
        answered = partial(
            act, ruling, actor=self.cast[login], reason="已复核该裁定的依据", seen=rulings.as_seen(ruling)
        )
        if not (came := self.tries(name, answered)):
            return
        assert login not in part and login != ruling.maker.username
        self.memory.rulers[appeal.receipt, appeal.round].add(login)
        if not agrees:
            assert came[1] == came[2]
            return
        if ruling.reverses:
            self.memory.decisions[ruling.reverses.pk].people.add(login)
        self._in_force(appeal, came[0], Before(*came[1:], None))

    def _in_force(self, appeal: Appeal, ruling: Ruling, found: Before) -> None:
        if ruling.reverses:
            self.memory.took_effect(ruling.reverses.pk, found.before, found.after)
        self.done[f"in force: {appeal.kind} {ruling.outcome}"] += 1
        agrees_with(self.memory, appeal, ruling, found)
        now = Appeal.objects.get(pk=appeal.pk)
        if (appeal.kind, ruling.outcome) == (RECOVERY, "upheld"):
            assert now.state == COOLING
            self.memory.cools_until[appeal.receipt] = timezone.now() + COOL_DOWN
        else:
            assert (now.state, now.outcome) == (CLOSED, ruling.outcome)

    def _needs_two(self, appeal: Appeal, outcome: str) -> bool:
        """Of domain.md §8 and §9 what the machine meets: what no single person decides."""
        if outcome not in ("upheld", "partly", "rejected", "inadmissible"):
            return False
        if appeal.kind == RECOVERY:
            return appeal.contested_at is not None or appeal.number_id == PREMIUM or appeal.number_id == MINORS
        ended = appeal.decision is not None and appeal.number_id in self.memory.decisions[appeal.decision.pk].ended
        return appeal.kind == OBJECTION and appeal.round == 1 and ended

    @rule(login=anybody, at=which, apt=apt)
    @precondition(lambda self: CLOSED in self.there)
    def the_second_review_is_asked_for(self, login: str, at: int, apt: bool) -> None:
        appeal = apt and self.one(at, state=CLOSED, kind=OBJECTION, outcome__in=AGAINST) or self.one(at, state=CLOSED)
        assert appeal is not None
        login = "agent" if apt else login
        if self.tries("again", lambda: second_review.ask(appeal.receipt, actor=self.cast[login], reason=STATEMENT)):
            assert (appeal.kind, appeal.round) == (OBJECTION, 1) and appeal.outcome in AGAINST
            self.memory.speakers[appeal.receipt].add(login)

    @rule(login=anybody, at=which, apt=apt)
    @precondition(lambda self: CLOSED in self.there)
    def it_goes_to_court(self, login: str, at: int, apt: bool) -> None:
        appeal = apt and self.one(at, state=CLOSED, kind=OBJECTION) or self.one(at, state=CLOSED)
        assert appeal is not None
        actor = self.cast["privacy" if apt else login]
        brought = court.Brought("深圳市南山区人民法院", f"(2026)粤0305民初{appeal.pk}号", timezone.localdate())
        if self.tries("sue", lambda: court.sue(appeal, brought, actor=actor, reason="已收到应诉通知书")):
            assert appeal.kind == OBJECTION

    @rule(login=anybody, at=which, apt=apt)
    @precondition(lambda self: COURT in self.there)
    def the_court_decides(self, login: str, at: int, apt: bool) -> None:
        appeal = self.one(at, state=COURT)
        assert appeal is not None
        actor, today = self.cast["privacy" if apt else login], timezone.localdate()
        self.tries("judge", lambda: court.judge(appeal, "for_us", today, actor=actor, reason="判决已经生效"))

    @rule(by=st.sampled_from(AHEAD), sweeps=yes)
    def time_goes_by(self, by: datetime.timedelta, sweeps: bool) -> None:
        self.clock.shift(by)
        self.changed = True
        if sweeps:
            self.the_sweep_passes()

    @rule()
    def the_sweep_passes(self) -> None:
        before = self.seen
        expire(actor=Staff.objects.system("system-expiry"))
        swept = sweep(actor=Staff.objects.system("system-appeals"))
        self.look()
        assert swept.stuck == 0
        left = due()
        assert (left.escalated, left.abandoned, left.lapsed, left.carried_out) == (0, 0, 0, 0)
        for name in ("escalated", "abandoned", "lapsed", "carried_out"):
            if getattr(swept, name):
                self.done[name] += getattr(swept, name)
        assert before.lives == self.seen.lives  # the clock ends no right of use
