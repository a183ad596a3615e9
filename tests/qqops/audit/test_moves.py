"""Of a row that is kept, only what has to move does, and that only the ways it may: the database says so."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from accounts.declarations.services import declare
from accounts.lifecycle import Lifecycle, pairs
from accounts.models import (
    Breach,
    Campaign,
    CorrectionDemand,
    DataRequest,
    DeclaredNumber,
    Disclosure,
    DormancyPolicy,
    Hold,
    Number,
    NumberRange,
    ResourceProposal,
    RevealRequest,
    RuleVersion,
)
from enforcement.models import Decision, Notice
from enforcement.policy import Kind
from qqops.staff.models import AccessRequest, Holding, Staff
from tests.enforcement.acts import decide
from tests.qqops.audit.rows import rows
from tests.qqops.staff.acts import grant
from tests.story import tell_story

Make = Callable[..., Number]
STEPWISE: list[Any] = [
    CorrectionDemand,
    Disclosure,
    DataRequest,
    Hold,
    Breach,
    RevealRequest,
    ResourceProposal,
    NumberRange,
    Campaign,
    DormancyPolicy,
]


def test_an_illegal_move_of_the_lifecycle_is_refused_and_each_legal_one_is_not(rulebook: RuleVersion) -> None:
    legal = set(pairs())
    for source in Lifecycle.values:
        for target in Lifecycle.values:
            assert _moves(source, target, rulebook) == (source == target or (source, target) in legal), (source, target)


def _moves(source: str, target: str, rules: RuleVersion) -> bool:
    one = 99_000_001
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO accounts_tenure (number_id, seq, channel, channel_ref, paid, rules_version_id, acceptance,"
            " started_at) VALUES (%s, 1, 'web', '', false, %s, 'by_use', now()) RETURNING id",
            [one, rules.pk],
        )
        cursor.execute(
            "INSERT INTO accounts_number (id, lifecycle, tier, tenure_id, legal_hold, protection,"
            " reclaim_exempt_reason, revision) VALUES (%s, %s, 0, %s, false, '', '', 0)",
            [one, source, cursor.fetchone()[0]],
        )
        try:
            with transaction.atomic():
                cursor.execute("UPDATE accounts_number SET lifecycle = %s WHERE id = %s", [target, one])
        except IntegrityError as error:
            assert "illegal lifecycle move" in str(error)
            return False
        finally:
            transaction.set_rollback(True)
    return True


@pytest.mark.django_db
def test_of_a_decision_only_its_state_and_effect_move(number: Make, officer: Staff) -> None:
    decision = decide(Kind.TERMINATE, number(), officer).decision
    for field in Decision._meta.concrete_fields:
        if field.column in Decision.changeable_columns:
            continue
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f'UPDATE enforcement_decision SET "{field.column}" = "{field.column}" WHERE id = %s', decision.pk)
    with connection.cursor() as cursor:
        for column in Decision.changeable_columns:
            cursor.execute(f'UPDATE enforcement_decision SET "{column}" = "{column}" WHERE id = %s', [decision.pk])
            assert cursor.rowcount == 1


@pytest.mark.django_db
def test_of_a_declaration_only_its_end_moves_and_not_by_the_hand_of_who_declared_it(
    officer: Staff, supervisor: Staff
) -> None:
    declare(officer, [10001], "own", actor=officer)
    for field in DeclaredNumber._meta.concrete_fields:
        if field.column in DeclaredNumber.changeable_columns:
            continue
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(f'UPDATE accounts_declarednumber SET "{field.column}" = "{field.column}" RETURNING 1')
    ending = "UPDATE accounts_declarednumber SET ended_at = now(), ended_by_id = %s RETURNING 1"
    for ended_by, guard in ((officer.pk, "declared_ended_by_another"), (None, "declared_ended_by_somebody")):
        with pytest.raises(IntegrityError, match=guard), transaction.atomic():
            rows(ending, ended_by)
    assert rows(ending, supervisor.pk) == [(1,)]


@pytest.mark.django_db
@pytest.mark.parametrize("model", [AccessRequest, Holding], ids=str)
def test_of_a_request_only_its_state_moves_and_of_a_role_held_only_its_end(
    model: Any, agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    grant(agent, "privacy", sysadmin, supervisor)
    table = model._meta.db_table
    for field in model._meta.concrete_fields:
        statement = f'UPDATE {table} SET "{field.column}" = "{field.column}" RETURNING 1'
        if field.column in model.changeable_columns:
            assert rows(statement)
            continue
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows(statement)


@pytest.mark.django_db
def test_of_what_goes_step_by_step_only_its_steps_move(cast: dict[str, Staff], rulebook: RuleVersion) -> None:
    tell_story(cast)
    for model in STEPWISE:
        table, steps = model._meta.db_table, model.changeable_columns
        for column in (str(field.column) for field in model._meta.concrete_fields):
            statement = f'UPDATE {table} SET "{column}" = "{column}" RETURNING 1'
            if column in steps:
                assert rows(statement)
                continue
            with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
                rows(statement)


@pytest.mark.django_db
def test_of_a_notice_only_its_state_moves(number: Make, officer: Staff) -> None:
    decide(Kind.FREEZE, number(), officer)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Notice.objects.update(created_at="2020-01-01T00:00:00Z")
    assert Notice.objects.update(state="sent") == 1
