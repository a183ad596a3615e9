"""A digest is that of its rows, whatever the session that computes it says of the text of times and bytes."""

from typing import Any

import pytest
from django.db import connection

from accounts.models import DormancyPolicy, Identity
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit import digests, privileges, recorder
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide
from tests.enforcement.reclaiming import adopt
from tests.qqops.audit.rows import rows

SAID = ["TimeZone = 'Asia/Shanghai'", "DateStyle = 'German'", "IntervalStyle = 'iso_8601'", "bytea_output = 'escape'"]
# What a column of the record may be of: their texts hang on nothing, or on what digest.SETTINGS says.
TYPES = {
    "bigint", "boolean", "bytea", "character varying", "date", "inet", "integer", "interval", "jsonb", "smallint",
    "text", "timestamp with time zone", "uuid", "ARRAY", "int8range", "daterange",
}  # fmt: skip


def say(setting: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL {setting}")


@pytest.mark.django_db
@pytest.mark.parametrize("setting", SAID)
def test_neither_the_pen_nor_verify_is_misled(
    cast: dict[str, Staff], identity: Any, numbers: Any, rulebook: Any, setting: str
) -> None:
    person, policy = identity(), adopt(cast, "dormant-90", "dormant", threshold_days=90)
    decision = decide(Kind.FREEZE, numbers(1), cast["officer"]).decision
    with recorder.act("demo.built", actor=cast["officer"], reason="", facts={"numbers": 0}) as act:
        for model, one in ((Identity, person), (DormancyPolicy, policy), (Decision, decision)):
            act.history(model, [one.pk])
        say(setting)
    assert broken() == []  # as written by a pen in such a session
    of_all = digests.by_event(privileges.record_tables())
    with connection.cursor() as cursor:
        cursor.execute(digests.SETTINGS)
    before = sorted(rows(of_all))
    say(setting)
    assert sorted(rows(of_all)) != before
    assert broken() == []  # as read by a verification in such a session


@pytest.mark.django_db
def test_no_column_of_the_record_has_a_text_that_hangs_on_more() -> None:
    tables = [table._meta.db_table for table in privileges.record_tables()]
    found = rows(
        "SELECT DISTINCT data_type FROM information_schema.columns WHERE table_name = ANY(%s) ORDER BY 1", tables
    )
    assert {kind for (kind,) in found} <= TYPES
