"""An index of the trail is built a month at a time while the house runs: cut off, it is built on from there."""

from importlib import import_module
from typing import Any

import pytest
from django.db import connections

MONTHS = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_event'::regclass ORDER BY 1"
STATE = """
SELECT i.indrelid::regclass::text, i.indisvalid FROM pg_index i WHERE i.indexrelid = 'event_clause'::regclass
UNION ALL
SELECT i.indrelid::regclass::text, i.indisvalid FROM pg_inherits a JOIN pg_index i ON i.indexrelid = a.inhrelid
  WHERE a.inhparent = 'event_clause'::regclass
ORDER BY 1"""

migration: Any = import_module("qqops.audit.migrations.0007_acts_by_clause")


@pytest.mark.django_db(transaction=True)
def test_a_build_that_was_cut_off_is_ended_by_the_next_run_and_a_whole_one_is_left_as_it_is() -> None:
    owner = connections["owner"]
    with owner.cursor() as cursor:
        cursor.execute(MONTHS)
        months = [month for (month,) in cursor.fetchall()]
        whole = [(table, True) for table in ("audit_event", *months)]
        cursor.execute("DROP INDEX event_clause")
        cursor.execute(f"CREATE INDEX event_clause ON ONLY audit_event {migration.KEYS}")
        cursor.execute(f"CREATE INDEX {months[0]}_expr_seq_idx1 ON {months[0]} {migration.KEYS}")
        cursor.execute(f"ALTER INDEX event_clause ATTACH PARTITION {months[0]}_expr_seq_idx1")
        cursor.execute(f"CREATE INDEX {months[1]}_expr_seq_idx1 ON {months[1]} (id)")  # not ended, and not attached
        cursor.execute(STATE)
        assert cursor.fetchall() == [("audit_event", False), (months[0], True)]
        for _run in range(2):
            migration.build(None, owner.schema_editor())
            cursor.execute(STATE)
            assert cursor.fetchall() == whole
