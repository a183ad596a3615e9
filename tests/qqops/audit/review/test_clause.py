"""All that was done under a clause is found by it: decided on it, ruled on it, or naming it by itself."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Clause, Number, RuleVersion
from appeals.hearing import services as hearing
from appeals.models import Appeal
from appeals.queue.sweep import sweep
from appeals.recovery import services as recovery
from enforcement.citations import services as strike
from enforcement.policy import Kind
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.review import exports, lookups
from qqops.audit.review.pages import EventList
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import cancelled
from tests.appeals.heard import WHY, agreed, filed, objection, ruled, sent_back
from tests.enforcement.acts import DAY, decide, terminated
from tests.qqops.audit.review.searching import URL, events, found
from tests.qqops.staff.acts import in_time

ENDED = ["decision.proposed", "decision.approved", "decision.applied", "decision.finished"]
FREEZE = ["decision.proposed", "decision.applied"]


def test_what_was_decided_ruled_or_struck_out_under_a_clause_or_names_it_by_itself_is_found_by_it(
    desk: Callable[[str], Client], cast: dict[str, Staff], number: Callable[..., Number], rulebook: RuleVersion
) -> None:
    one, other, third, gone = (number() for _n in range(4))
    ended = terminated(one, cast["officer"], cast["supervisor"])
    decide(Kind.FREEZE, other, cast["officer"], clauses=("8.2",))
    frozen = decide(Kind.FREEZE, third, cast["officer"])
    cancelled([gone.pk], cast["agent"])
    first = objection(one, ended, cast["agent"])
    objection(third, frozen, cast["agent"])  # nobody rules on it
    sent_back(ruled(first, "upheld", cast["reviewer"]), cast["supervisor2"])
    agreed(ruled(first, "rejected", cast["reviewer2"], clauses=("12.3",)), cast["supervisor2"])
    strike.strike_out(Clause.objects.get(version=rulebook, number="8.2"), actor=cast["privacy"], reason=WHY)
    auditor = desk("auditor")
    assert found(auditor, clause="10.1") == [*ENDED, *FREEZE]
    assert found(auditor, clause="12.1") == ["number.cancellation_begun"]
    assert found(auditor, clause="8.2") == [*FREEZE, "ground.struck_out"]
    assert found(auditor, clause="12.3") == ["appeal.ruled", "appeal.ruling_agreed"]
    sent = ["appeal.ruled", "decision.proposed", "appeal.ruling_sent_back", "decision.refused"]
    assert found(auditor, clause="11") == [*sent, "appeal.ruled", "appeal.ruling_agreed"]
    assert found(auditor, clause="11", staff="reviewer2") == ["appeal.ruled"]
    assert found(auditor, clause="11", role="reviewer") == [*sent[:2], "appeal.ruled"]
    assert found(auditor, clause="10.3") == []
    for clause in ("10.1", "12.1", "8.2", "12.3", "11", "10.3"):
        chosen, shown = {"clause": clause}, events(auditor, clause=clause)
        assert list(exports.export(Event.objects.all(), "csv", chosen, actor=cast["auditor"])) == shown
        assert Event.objects.latest("seq").facts["rows"] == len(shown)


def test_where_many_rest_on_a_clause_the_same_is_found_as_where_few_do(
    desk: Callable[[str], Client], cast: dict[str, Staff], number: Callable[..., Number], rulebook: RuleVersion,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    agent, reviewer, one = cast["agent"], cast["reviewer"], number()
    first = objection(one, terminated(one, cast["officer"], cast["supervisor"]), agent)
    sent_back(ruled(first, "upheld", reviewer, clauses=("10.1",)), cast["supervisor2"])
    agreed(ruled(first, "rejected", cast["reviewer2"], clauses=("10.1",)), cast["supervisor2"])
    stopped, withdrawn = (filed(number(), "recovery", agent) for _n in range(2))
    for appeal in (stopped, withdrawn):
        ruled(appeal, "upheld", reviewer, clauses=("10.1",))
    recovery.stop(Appeal.objects.get(pk=stopped.pk), actor=agent, reason=WHY)
    hearing.withdraw(Appeal.objects.get(pk=withdrawn.pk), actor=agent, reason=WHY)
    other = number()
    ruled(objection(other, terminated(other, cast["officer"], cast["supervisor"]), agent), "upheld", reviewer,
          clauses=("10.1",))  # fmt: skip
    with in_time(10 * DAY):
        sweep(actor=Staff.objects.system("system-appeals"))
    auditor = desk("auditor")
    few = found(auditor, clause="10.1")
    assert [verb for verb in few if verb.startswith("appeal.")] == [
        "appeal.ruled", "appeal.ruling_sent_back", "appeal.ruled", "appeal.ruling_agreed", "appeal.ruled",
        "appeal.ruled", "appeal.stopped", "appeal.withdrawn", "appeal.ruled", "appeal.ruling_lapsed",
    ]  # fmt: skip
    monkeypatch.setattr(lookups, "FEW", 0)
    assert found(auditor, clause="10.1") == few


def test_its_pages_lead_through_every_way_there_and_back(
    desk: Callable[[str], Client], cast: dict[str, Staff], number: Callable[..., Number], rulebook: RuleVersion,
    setup_actor: Staff, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    for _n in range(3):
        one = number()
        frozen = decide(Kind.FREEZE, one, cast["officer"])
        ruled(objection(one, frozen, cast["agent"]), "rejected", cast["reviewer"], clauses=("10.1",))
        with recorder.act("number.quarantined", actor=setup_actor, reason="", facts={"clause": "10.1", "numbers": 1}):
            pass
    auditor = desk("auditor")
    whole = events(auditor, clause="10.1")
    assert {event.verb for event in whole} == {*FREEZE, "appeal.ruled", "number.quarantined"}
    assert len(whole) == 12
    monkeypatch.setattr(EventList, "page_size", 5)
    there, back, url = list[list[Event]](), list[list[Event]](), f"{URL}?clause=10.1"
    while url:
        page = auditor.get(url).context["page"]
        there.append(page.rows)
        last, url = page, page.next
    while last.previous:
        last = auditor.get(last.previous).context["page"]
        back.append(last.rows)
    assert sum(there, []) == whole and back == there[-2::-1]
