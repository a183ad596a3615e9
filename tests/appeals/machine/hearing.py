"""At the desk and in hearing: appeals are filed, taken, worked on, passed on; the appellant speaks and brings."""

from collections.abc import Callable
from functools import partial
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from appeals.filing import services as filing
from appeals.hearing import services as hearing
from appeals.lifecycle import Kind
from appeals.models import AppealEvidence
from appeals.policy import GROUNDS, EvidenceKind, Match
from appeals.queries import waiting_for
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from enforcement.decisions.services import decide
from enforcement.models import Decision
from enforcement.policy import Kind as DecisionKind
from qqops.staff.models import Staff
from tests.appeals.heard import STATEMENT, as_filed
from tests.appeals.machine.arrows import CLOSED, COOLING, COURT, FILED, RECOVERY, WAITING
from tests.appeals.machine.stage import Stage, anybody, apt, hearer, some_number, which, yes
from tests.enforcement.acts import head, order

WHY = "需要熟悉支付的同事处理"
PORTAL = ["P-1", "P-2", "P-3"]
kinds = st.sampled_from([Kind.RECOVERY, Kind.RECOVERY, Kind.OBJECTION, Kind.OBJECTION, Kind.ENQUIRY])


class Hearing(Stage):
    @initialize(ids=st.lists(some_number, min_size=1, max_size=3, unique=True), frozen=some_number)
    def some_are_there(self, ids: list[int], frozen: int) -> None:
        for id in ids:
            self._file("filed", as_filed(id, RECOVERY, evidence=[("devices", "旧手机")]), "agent")
        officer = self.cast["officer"]
        self.decided("freeze", lambda: decide(order(DecisionKind.FREEZE), [frozen], actor=officer), "officer")
        if (said := self._said(Kind.OBJECTION, frozen, 0)) is not None:
            self._file("filed", said, "agent")

    @rule(kind=kinds, id=some_number, at=which, login=anybody, apt=apt)
    def somebody_files(self, kind: Kind, id: int, at: int, login: str, apt: bool) -> None:
        if (said := self._said(kind, id, at)) is not None:
            self._file("filed", said, "agent" if apt else login)

    @rule(kind=kinds, id=some_number, at=which, portal=st.sampled_from(PORTAL))
    def the_portal_files(self, kind: Kind, id: int, at: int, portal: str) -> None:
        if (said := self._said(kind, id, at, portal=portal)) is not None:
            self._file("filed by the portal", said, "system-appeals")

    def _said(self, kind: Kind, id: int, at: int, **more: Any) -> filing.Filing | None:
        if kind == Kind.OBJECTION:
            decisions = list(Decision.objects.order_by("pk").values_list("pk", flat=True))
            if not decisions:
                return None
            more["decision"] = decisions[at % len(decisions)]
        return as_filed(id, kind.value, **more)

    def _file(self, act: str, said: filing.Filing, login: str) -> None:
        actor, before = self.cast.get(login) or Staff.objects.system(login), head()
        if came := self.tries(act, lambda: filing.file([filing.tidy(said)], actor=actor)):
            filed = came[0]
            assert filed.new + filed.known + filed.open + filed.again == len(filed.receipts)
            if filed.known:
                assert head() == before  # a file that came before changes nothing
            elif filed.new or filed.again:
                self.memory.speakers[filed.receipts[0]].add(login)

    @rule(login=hearer, at=which, next=yes)
    @precondition(lambda self: FILED in self.there)
    def somebody_takes(self, login: str, at: int, next: bool) -> None:
        for offered in waiting_for(self.cast[login]):
            self.must_have_no_part(login, offered)
        self.takes(login, None if next else self.one(at, state=FILED))

    @rule(login=hearer, at=which, apt=apt)
    @precondition(lambda self: FILED in self.there)
    def somebody_asks_for_more(self, login: str, at: int, apt: bool) -> None:
        appeal, login = self.in_hand(at, login, apt)
        ask = partial(hearing.ask, appeal, STATEMENT, actor=self.cast[login], revision=appeal.revision)
        if self.tries("ask", ask):
            self.must_have_no_part(login, appeal)
            self.memory.asked[appeal.receipt] = timezone.now()

    @rule(login=hearer, at=which, apt=apt)
    @precondition(lambda self: FILED in self.there)
    def somebody_passes_it_on(self, login: str, at: int, apt: bool) -> None:
        appeal, login = self.in_hand(at, login, apt)
        if self.tries("skip", lambda: queue.skip(appeal, actor=self.cast[login], reason=WHY)):
            self.memory.skipped[login, appeal.receipt] = timezone.now()

    @rule(login=hearer, at=which, apt=apt, match=st.sampled_from(list(Match)))
    @precondition(lambda self: FILED in self.there)
    def somebody_weighs(self, login: str, at: int, apt: bool, match: Match) -> None:
        appeal, login = self.in_hand(at, login, apt, kind=RECOVERY, evidence__isnull=False)
        item = AppealEvidence.objects.filter(appeal=appeal).order_by("pk").last()
        if item is not None:
            weigh = partial(recovery.weigh, item, match.value, actor=self.cast[login], revision=appeal.revision)
            if self.tries("weigh", weigh):
                self.must_have_no_part(login, appeal)

    @rule(login=hearer, at=which, apt=apt)
    @precondition(lambda self: FILED in self.there)
    def two_claim_the_number(self, login: str, at: int, apt: bool) -> None:
        appeal, login = self.in_hand(at, login, apt, kind=RECOVERY)
        contest = partial(
            recovery.contest, appeal, actor=self.cast[login], reason="当前使用人亦主张", revision=appeal.revision
        )
        if not (came := self.tries("contest", contest)):
            return
        self.must_have_no_part(login, appeal)
        freeze = Decision.objects.order_by("pk").last()
        if freeze is not None and freeze.pk not in self.memory.decisions:  # else a security freeze ran already
            self.memory.made(freeze.pk, freeze.kind, login)
            self.memory.took_effect(freeze.pk, *came[1:])
            self.memory.contests[freeze.pk] = appeal.receipt

    @rule(login=hearer, at=which, apt=apt, to=hearer)
    @precondition(lambda self: FILED in self.there)
    def somebody_hands_it_over(self, login: str, at: int, apt: bool, to: str) -> None:
        appeal, login = self.in_hand(at, login, apt)
        other = self.cast[to]
        if self.tries("transferred", lambda: queue.transfer(appeal, other, actor=self.cast[login], reason=WHY)):
            self.must_have_no_part(to, appeal)

    @rule(login=hearer, at=which, apt=apt, kind=kinds, of=which)
    @precondition(lambda self: FILED in self.there)
    def somebody_takes_it_as_another_kind(self, login: str, at: int, apt: bool, kind: Kind, of: int) -> None:
        appeal, login = self.in_hand(at, login, apt)
        decisions = list(Decision.objects.order_by("pk").values_list("pk", flat=True))
        if kind == Kind.OBJECTION and not decisions:
            return
        named = decisions[of % len(decisions)] if kind == Kind.OBJECTION else None
        converted = partial(
            hearing.convert, appeal, kind.value, GROUNDS[kind][0].value, named, actor=self.cast[login],
            reason="申诉人只是询问情况", revision=appeal.revision,
        )  # fmt: skip
        part = self.memory.had_part(appeal)
        if self.tries("converted", converted):
            assert login not in part

    @rule(login=anybody, at=which, apt=apt, act=st.sampled_from(["answer", "answer", "bring", "withdraw"]))
    @precondition(lambda self: self.there)
    def the_appellant_speaks(self, login: str, at: int, apt: bool, act: str) -> None:
        appeal = apt and self.one(at, state=WAITING) or self.one(at)
        assert appeal is not None
        login = "agent" if apt else login
        actor = self.cast[login]
        ways: dict[str, Callable[[], Any]] = {
            "answer": partial(hearing.answer, appeal, STATEMENT, actor=actor),
            "bring": partial(recovery.add_evidence, appeal, [(EvidenceKind.PLACES.value, "深圳南山")], [], actor=actor),
            "withdraw": partial(hearing.withdraw, appeal, actor=actor, reason="申诉人来电要求撤回"),
        }
        behind = self.memory.decided_on(appeal)
        if self.tries(act, ways[act]):
            assert appeal.state not in (CLOSED, COURT)
            assert login not in behind  # who decided on him does not speak for him
            self.memory.speakers[appeal.receipt] |= {login} if act != "withdraw" else set()
            if act == "withdraw":
                self.memory.cools_until.pop(appeal.receipt, None)

    @rule(login=anybody, at=which, apt=apt)
    @precondition(lambda self: COOLING in self.there)
    def who_is_bound_has_it_stopped(self, login: str, at: int, apt: bool) -> None:
        appeal = self.one(at, state=COOLING) if apt else self.one(at)
        assert appeal is not None
        stopped = partial(recovery.stop, appeal, actor=self.cast["agent" if apt else login], reason="绑定人来电反对")
        if self.tries("stopped", stopped):
            assert appeal.state == COOLING
            del self.memory.cools_until[appeal.receipt]
