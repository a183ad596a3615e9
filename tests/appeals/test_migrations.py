"""What migrations do to rows that are there: it is an act on the record, and the record is whole after it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import psycopg
import pytest

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.models import Appeal
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.appeals.heard import filed
from tests.appeals.recovery.test_contested import contest, contested
from tests.enforcement.acts import DAY, broken, decide
from tests.qqops.audit.superuser import superuser
from tests.qqops.audit.verify.tampering import redigest, rehash

Make = Callable[..., Number]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("english", "rulebook")]
PORTAL = import_module("appeals.migrations.0004_portal_filings")
CONTEST = import_module("appeals.migrations.0006_contest_and_part")
SIDES = import_module("appeals.migrations.0010_evidence_of_both_sides")


class Before:
    """The database as it was before a migration."""

    def __init__(self, cursor: psycopg.Cursor) -> None:
        self.cursor = cursor

    def was(self, *statements: str) -> None:
        for statement in statements:
            self.cursor.execute(statement)

    def history_was(self, changed: str, seq: int) -> None:
        """The history that this event wrote, which was so by its digest as well."""
        of_event = f"event = (SELECT id FROM audit_event WHERE seq = {seq})"
        self.was(f"UPDATE appeals_historicalappeal SET {changed} WHERE {of_event}", redigest(seq), rehash(seq))

    def migrate(self, *statements: str) -> None:
        """As the migration does it, under the triggers."""
        assert broken(self.cursor) == []
        self.was("SET session_replication_role = origin", *statements)

    def read(self, sql: str) -> list[tuple[Any, ...]]:
        self.cursor.execute(sql)
        return self.cursor.fetchall()

    def events(self, after: int) -> list[tuple[Any, ...]]:
        return self.read(
            "SELECT verb, actor_label, source, facts, rows FROM audit_event"
            f" WHERE seq > {after} AND facts ? 'n' ORDER BY seq"
        )


@contextmanager
def before() -> Iterator[Before]:
    """All of it is taken back."""
    try:
        with superuser() as cursor:
            yield Before(cursor)
            raise psycopg.Rollback
    except psycopg.Rollback:
        pass


def head() -> int:
    return Event.objects.latest("seq").seq


OF_APPEALS = "SELECT attname FROM pg_attribute WHERE attrelid = '{}'::regclass AND attname = 'portal'"
WITH_PORTAL = [f"ALTER TABLE appeals_{table} ADD portal varchar(64)" for table in ("appeal", "historicalappeal")]
WITHOUT = "ALTER TABLE appeals_appeal DROP portal"


def test_the_portals_ids_move_to_their_own_table_and_what_was_written_with_one_keeps_it(
    number: Make, agent: Staff
) -> None:
    ours, portals = filed(number(), "enquiry", agent), filed(number(), "recovery", agent)
    for told in (False, True):
        with before() as house:
            house.was(*WITH_PORTAL, f"UPDATE appeals_appeal SET portal = 'P-1' WHERE id = {portals.pk}")
            if told:
                house.history_was("portal = 'P-1'", head())
            house.migrate(PORTAL.MOVED, WITHOUT, PORTAL.DROPPED)
            assert house.read("SELECT portal, appeal_id, at FROM appeals_portalfiling") == [
                ("P-1", portals.pk, portals.filed_at)
            ]
            ((verb, label, source, facts, rows),) = house.events(head())
            assert (verb, source, facts, rows) == ("appeal.joined", "system", {"n": 1}, {"appeals_portalfiling": 1})
            assert "system-appeals" in label
            assert bool(house.read(OF_APPEALS.format("appeals_historicalappeal"))) == told
            assert house.read(OF_APPEALS.format("appeals_appeal")) == [] == broken(house.cursor)
    assert ours.pk and broken() == []


def test_where_nothing_came_from_the_portal_nothing_is_written(number: Make, agent: Staff) -> None:
    filed(number(), "enquiry", agent)
    with before() as house:
        house.was(*WITH_PORTAL)
        house.migrate(PORTAL.MOVED, WITHOUT, PORTAL.DROPPED)
        assert house.read("SELECT count(*), (SELECT max(seq) FROM audit_event) FROM appeals_portalfiling") == [
            (0, head())
        ]
        assert broken(house.cursor) == []


def frozen_by_hand(one: Number, agent: Staff, reviewer: Staff) -> Appeal:
    """Contested while a freeze ran that somebody had made under its receipt number."""
    appeal = filed(one, "recovery", agent)
    with origin.origin(origin.WEB):
        security = {"clauses": ("6.2",), "freeze_kind": "security", "duration": DAY / 2}
        decide(Kind.FREEZE, one, agent, ticket=appeal.receipt, **security)
    return contest(appeal, reviewer)


def test_the_freeze_of_a_contest_is_found_by_its_ticket_and_its_request_where_it_is_not_over(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    over = contested(number(), agent, reviewer)
    hearing.withdraw(over, actor=agent, reason="申诉人来电说不需要了")
    ended = Event.objects.get(verb="appeal.withdrawn").seq
    opened = contested(number(), agent, reviewer)
    by_hand = frozen_by_hand(number(), agent, reviewer)
    with before() as house:
        house.was("UPDATE appeals_appeal SET contest_decision_id = NULL")
        for seq in (*Event.objects.filter(verb="appeal.contested").values_list("seq", flat=True), ended):
            house.history_was("contest_decision_id = NULL", seq)
        house.migrate(CONTEST.FOUND)
        found = dict(house.read("SELECT id, contest_decision_id FROM appeals_appeal"))
        made = Decision.objects.get(ticket=opened.receipt).pk
        assert found == {over.pk: None, opened.pk: made, by_hand.pk: None}
        ((verb, _label, source, facts, rows),) = house.events(head())
        assert (verb, source, rows) == ("appeal.contested", "system", {"appeals_historicalappeal": 1})
        assert (facts, broken(house.cursor)) == ({"kind": "recovery", "n": 1}, [])
    assert Appeal.objects.get(pk=opened.pk).contest_decision and broken() == []


def test_what_was_not_so_any_more_has_its_own_ending_and_what_had_no_way_keeps_it(number: Make, agent: Staff) -> None:
    for _n in range(3):
        filed(number(), "enquiry", agent)
    with before() as house:
        first, second, third = (pk for (pk,) in house.read("SELECT message_id FROM appeals_delivery ORDER BY 1"))
        house.was(
            f"UPDATE appeals_delivery SET state = 'no_way', fault = 'over' WHERE message_id = {first}",
            f"UPDATE appeals_delivery SET state = 'no_way' WHERE message_id = {second}",
            f"UPDATE appeals_delivery SET fault = 'HTTP 503' WHERE message_id = {third}",
        )
        house.migrate(SIDES.ENDED)
        assert house.read("SELECT state, fault FROM appeals_delivery ORDER BY message_id") == [
            ("outdated", "over"), ("no_way", ""), ("pending", "HTTP 503"),
        ]  # fmt: skip
        assert broken(house.cursor) == []
