"""Each act leaves exactly these rows: events in order, history, outcomes, notices; by whatever door."""

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.utils import timezone

from accounts.models import Number, Tenure
from enforcement.measures.expiry import expire
from enforcement.models import Approval, Decision, Evidence, Ground, Measure, Notice, Outcome, Target
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.staff.models import Staff
from tests.enforcement.acts import HOUR, REASON, approve, broken, decide, head, refuse, terminated

Make = Callable[..., Number]
TABLES: dict[str, Any] = {
    "approval": Approval,
    "decision": history_model(Decision),
    "evidence": Evidence,
    "ground": Ground,
    "measure": history_model(Measure),
    "number": history_model(Number),
    "outcome": Outcome,
    "target": Target,
}


def record(after: int) -> list[tuple[str, dict[str, int]]]:
    """Verb and rows by table of each event since; the rows are counted in the tables and must be the event's own."""
    found = []
    for event in Event.objects.filter(seq__gt=after).order_by("seq"):
        rows = {name: n for name, t in TABLES.items() if (n := t.objects.filter(event_id=event.pk).count())}
        assert {t._meta.db_table: rows[name] for name, t in TABLES.items() if name in rows} == {
            table: n for table, n in event.rows.items() if n
        }
        found.append((event.verb, rows))
    return found


FILED = ("decision.proposed", {"decision": 1, "evidence": 1, "ground": 1, "target": 1})
MEASURED = ("decision.applied", {"measure": 1, "number": 1, "outcome": 1})
MOVED = ("decision.applied", {"number": 1, "outcome": 1})
SIGNED_LAST = ("decision.approved", {"approval": 1, "decision": 1})
FINISHED = ("decision.finished", {"decision": 1})


@pytest.mark.parametrize("kind", [Kind.FREEZE, Kind.RESTRICT])
def test_a_measure_at_once(number: Make, officer: Staff, kind: Kind) -> None:
    one, before = number(), head()
    decide(kind, one, officer)
    assert record(before) == [FILED, MEASURED]
    assert Notice.objects.filter(tenure=one.tenure_id, state="pending").count() == 1


def test_a_provisional_measure_confirmed(number: Make, officer: Staff, supervisor: Staff) -> None:
    one, before = number(), head()
    approve(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    assert record(before) == [
        FILED, MEASURED, SIGNED_LAST, ("decision.confirmed", {"decision": 1, "measure": 1, "number": 1}),
    ]  # fmt: skip
    assert Notice.objects.count() == 1


def test_a_provisional_measure_refused(number: Make, officer: Staff, supervisor: Staff) -> None:
    one, before = number(), head()
    refuse(decide(Kind.FREEZE, one, officer, indefinite=True), supervisor)
    assert record(before) == [
        FILED,
        MEASURED,
        ("decision.refused", {"approval": 1, "decision": 1}),
        ("measure.dropped", {"measure": 1, "number": 1}),
    ]


def test_a_lift(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    before = head()
    decide(Kind.LIFT, one, reviewer)
    assert record(before) == [FILED, MEASURED]
    assert list(history_model(Measure).objects.order_by("history_id").values_list("history_type", flat=True)) == [  # type: ignore[attr-defined]
        "+", "~",
    ]  # fmt: skip


def test_a_change_of_a_measure(number: Make, officer: Staff, reviewer: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer)
    before = head()
    decide(Kind.ADJUST, one, reviewer, duration=HOUR)
    assert record(before) == [FILED, MEASURED]
    history = history_model(Measure).objects.order_by("history_id")  # type: ignore[attr-defined]
    assert list(history.values_list("history_type", "ended_at")) == [("+", None), ("~", None)]
    assert list(Notice.objects.order_by("pk").values_list("decision__kind", "stage", "state")) == [
        ("freeze", "act", "pending"), ("adjust", "act", "pending"),
    ]  # fmt: skip


def test_a_termination_and_its_restoring(number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff) -> None:
    one, before = number(), head()
    terminated(one, officer, supervisor)
    assert record(before) == [FILED, SIGNED_LAST, MOVED, FINISHED]
    before = head()
    approve(decide(Kind.RESTORE, one, officer), supervisor2)
    assert record(before) == [FILED, SIGNED_LAST, MOVED, FINISHED]
    assert Notice.objects.count() == 2
    history = history_model(Number).objects.filter(id=one.pk).order_by("history_id")  # type: ignore[attr-defined]
    assert list(history.values_list("lifecycle", "revision")) == [("in_use", 0), ("terminated", 1), ("in_use", 2)]


def test_a_skipped_target_leaves_an_outcome_and_nothing_else(number: Make, officer: Staff) -> None:
    one, two = number(), number()
    decide(Kind.FREEZE, one, officer)
    before = head()
    decide(Kind.FREEZE, [one.pk, two.pk], officer)
    assert record(before) == [
        ("decision.proposed", {"decision": 1, "evidence": 1, "ground": 1, "target": 2}),
        ("decision.applied", {"measure": 1, "number": 1, "outcome": 2}),
    ]
    assert Event.objects.latest("seq").facts == {"act": "freeze", "applied": 1, "skipped": {"already": 1}}


def test_expiry_and_lapse(number: Make, officer: Staff, expiry_actor: Staff) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, indefinite=True)
    before = head()
    with time_machine.travel(timezone.now() + 73 * HOUR, tick=True):
        expire(actor=expiry_actor)
    assert record(before) == [("decision.lapsed", {"decision": 1}), ("measure.expired", {"measure": 1, "number": 1})]


def test_an_event_says_who_what_why_and_from_where(number: Make, officer: Staff) -> None:
    one = number()
    decision = decide(Kind.FREEZE, one, officer, ticket="T-1").decision
    event = Event.objects.latest("seq")
    assert (event.actor, event.actor_label, event.verb) == (officer, str(officer), "decision.applied")
    assert (event.subject_type, event.subject_id) == ("enforcement.decision", str(decision.pk))
    assert (event.decision_id, event.ticket, event.reason) == (decision.pk, "T-1", REASON)
    assert (event.source, event.os_user, event.address) == ("command", "tester", None)
    filed = Event.objects.get(seq=event.seq - 1)
    assert filed.facts == {"act": "freeze", "targets": 1, "rule": "alone", "clauses": ["10.1"]}
    assert filed.request_id == event.request_id


def test_the_grounds_and_evidence_are_frozen_with_the_version_in_force(number: Make, officer: Staff) -> None:
    decision = decide(Kind.FREEZE, number(), officer, clauses=("10.1", "8.1"), evidence=("甲", "乙", " ")).decision
    grounds = {g.basis: g for g in decision.grounds.select_related("clause__version")}
    assert set(grounds) == {"10.1", "8.1"}
    assert all(g.clause is not None and g.clause.number == basis for basis, g in grounds.items())
    assert sorted(decision.evidence.values_list("statement", flat=True)) == ["乙", "甲"]


def _rows(decision: Decision, number: Number) -> dict[str, list[dict[str, Any]]]:
    """Every row the act wrote, without what differs by necessity: keys, times and hashes."""
    apart = {
        "id", "history_id", "history_date", "event_id", "decision_id", "number_id", "tenure_id", "form_key",
        "targets_digest", "content_hash", "proposed_at", "effective_at", "starts_at", "until", "created_at", "due_at",
        "frozen_until",
    }  # fmt: skip
    sets = {
        "decision": history_model(Decision).objects.filter(id=decision.pk),  # type: ignore[attr-defined]
        "measure": history_model(Measure).objects.filter(decision_id=decision.pk),  # type: ignore[attr-defined]
        "number": history_model(Number).objects.filter(id=number.pk),  # type: ignore[attr-defined]
        "tenure": Tenure.objects.filter(number=number),
    } | {t.__name__: t.objects.filter(decision=decision) for t in (Ground, Evidence, Target, Outcome, Notice)}

    def kept(row: dict[str, Any]) -> dict[str, Any]:
        return {k: v for k, v in row.items() if k not in apart}

    found = {name: [kept(row) for row in rows.values()] for name, rows in sets.items()}
    for row in found["Outcome"]:
        row.pop("pk", None)
    for row in found["tenure"]:
        row.pop("started_at")
    return found


def test_the_service_and_the_command_leave_the_same_rows(
    number: Make, officer: Staff, token: Callable[[Staff], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    by_service, by_command = number(), number()
    first = decide(Kind.FREEZE, by_service, officer, ticket="T-1").decision
    monkeypatch.setenv("QQOPS_TOKEN", token(officer))
    out = StringIO()
    call_command(
        "enforce", "freeze", str(by_command.pk), "--clause", "10.1", "--fact", first.facts,
        "--evidence", "风控记录截图", "--reason", REASON, "--severity", first.severity, "--departure", first.departure,
        "--ticket", "T-1", "--for", "3d", "--actor", "officer", "--apply", "--json", stdout=out,
    )  # fmt: skip
    second = Decision.objects.get(pk=json.loads(out.getvalue())["decision"])
    assert _rows(first, by_service) == _rows(second, by_command)
    assert broken() == []
