"""What is true at every moment, whatever was tried."""

import datetime
from collections import Counter, defaultdict

from django.db import connection
from django.db.models import F
from hypothesis.stateful import invariant

from accounts.models import Hold, Registrant
from appeals.hearing.conflicts_of_interest import people
from appeals.models import Appeal, Message, Ruling, RulingApproval
from qqops.audit.models import Event
from tests.appeals.machine.arrows import CLOSED, COOLING, COURT, OPEN, OUTCOMES, RECOVERY, RULED, WAITING, legal
from tests.appeals.machine.stage import Stage
from tests.enforcement.acts import broken

A_WEEK = datetime.timedelta(days=7)  # without an answer it is over
_PART = f"""
SELECT a.receipt, s.username FROM appeals_appeal a CROSS JOIN LATERAL ({people("a.id")}) p(person)
  JOIN staff_staff s ON s.id = p.person WHERE a.state IN {OPEN} AND NOT s.is_system"""


class Truths(Stage):
    def __init__(self) -> None:
        super().__init__()
        self.registrants = list(Registrant.objects.order_by("pk").values())
        self.moved_from: dict[int, str] = defaultdict(str)
        self.moved = 0

    def at_the_end(self) -> None:
        assert list(Registrant.objects.order_by("pk").values()) == self.registrants  # 8.2
        assert broken() == []

    @invariant()
    def only_the_moves_of_the_domain_were_made(self) -> None:
        rows = list(Appeal.history.filter(history_id__gt=self.moved).order_by("history_id").values_list(
            "history_id", "id", "kind", "state", "event_id"))  # fmt: skip
        verbs = dict(Event.objects.filter(pk__in=[row[-1] for row in rows]).values_list("pk", "verb"))
        for self.moved, pk, kind, state, act in rows:
            before, self.moved_from[pk] = self.moved_from[pk], state
            assert legal(verbs[act], kind, before, state), (verbs[act], kind, before, state)
        for one in self.appeals:
            assert one.outcome in (OUTCOMES[one.kind] if one.state in (CLOSED, COURT) else {""}), one

    @invariant()
    def one_is_open_of_a_tenure_and_kind_and_measure_and_its_tenure_is_held_so_long(self) -> None:
        live = [one for one in self.appeals if one.state in OPEN and one.tenure_id]
        things = Counter((one.tenure_id, one.kind, one.decision_id) for one in live)
        assert set(things.values()) <= {1}
        held = Hold.objects.filter(kind="appeal", lifted_at=None).values_list("reference", "tenure")
        assert set(held) == {(one.receipt, one.tenure_id) for one in live}

    @invariant()
    def the_house_knows_who_had_part_as_the_machine_remembers_it(self) -> None:
        known: dict[str, set[str]] = defaultdict(set)
        with connection.cursor() as cursor:
            cursor.execute(_PART)
            for receipt, login in cursor.fetchall():
                known[receipt].add(login)
        for one in self.appeals:
            if one.state in OPEN:  # the portal's lines are filed by the system
                assert known[one.receipt] == self.memory.had_part(one) & set(self.cast), one

    @invariant()
    def two_people_decide_where_two_are_asked_and_what_waits_for_the_second_has_no_effect(self) -> None:
        rulings = Ruling.objects.values_list("pk", "appeal", "state", "approvers", "reverses__state")
        agreed = set(RulingApproval.objects.filter(agreed=True).values_list("proposal", flat=True))
        waiting = []
        for pk, appeal, state, approvers, reverses in rulings:
            assert state != "applied" or not approvers or pk in agreed
            if state == "proposed":
                waiting.append(appeal)
                assert reverses in (None, "proposed", "lapsed", "void")
        assert sorted(waiting) == [one.pk for one in self.appeals if one.state == RULED]

    @invariant()
    def what_cools_down_is_carried_out_after_its_time_once_and_never_when_it_was_stopped(self) -> None:
        reset = Message.objects.filter(kind="reset").values_list("appeal__receipt", "at").order_by("pk")
        asked = dict(reset)
        assert len(asked) == len(reset)
        assert sorted(asked) == sorted(
            one.receipt for one in self.appeals if (one.kind, one.state, one.outcome) == (RECOVERY, CLOSED, "upheld")
        )
        for receipt, at in asked.items():
            assert at >= self.memory.cools_until[receipt]
        left = {receipt: until for receipt, until in self.memory.cools_until.items() if receipt not in asked}
        assert {one.receipt: one.waits_until for one in self.appeals if one.state == COOLING} == left

    @invariant()
    def what_waits_is_over_only_after_a_week(self) -> None:
        for one in self.appeals:
            if one.state == WAITING:
                assert one.waits_until == self.memory.asked[one.receipt] + A_WEEK
            elif one.outcome == "abandoned":
                assert one.closed_at and one.closed_at >= self.memory.asked[one.receipt] + A_WEEK

    @invariant()
    def a_freeze_between_two_stands_no_longer_than_its_recovery_is_open(self) -> None:
        running = {self.memory.owners.get(pk) for pk, term in self.seen.measures.items() if term.runs}
        frozen = {receipt for made, receipt in self.memory.contests.items() if made in running}
        assert frozen <= {one.receipt for one in self.appeals
                          if one.kind == RECOVERY and one.state in OPEN and one.contested_at}  # fmt: skip

    @invariant()
    def whoever_holds_a_number_is_the_same_for_ever(self) -> None:
        assert self.who_holds_them() == self.holders

    @invariant()
    def whoever_filed_or_was_ruled_on_was_told_and_nobody_agreed_to_his_own(self) -> None:
        told = Counter(Message.objects.filter(kind__in=("receipt", "ruling")).values_list("kind", flat=True))
        assert told["receipt"] == len(self.appeals)
        assert told["ruling"] >= Ruling.objects.filter(state="applied").count()
        assert not RulingApproval.objects.filter(approver=F("proposal__maker")).exists()
