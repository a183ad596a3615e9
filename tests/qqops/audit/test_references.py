"""Where the record names a thing: only in tables whose index of all rows finds it."""

import pytest
from django.db import connection

from accounts.models import Clearance, Hold, Number, Tenure
from appeals.models import Appeal
from enforcement.models import Decision
from qqops.audit.review import event_queries

# Of all rows, and beginning with the column.
SERVING = """
SELECT EXISTS (SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
  WHERE i.indrelid = %s::regclass AND a.attname = %s AND i.indpred IS NULL AND i.indisvalid)"""


@pytest.mark.django_db
@pytest.mark.parametrize("model", [Number, Tenure, Decision, Appeal])
def test_each_table_that_is_looked_through_has_an_index_for_it(model):
    found = event_queries._tables(model)
    with connection.cursor() as cursor:
        for table, column in found:
            cursor.execute(SERVING, [table._meta.db_table, column])
            assert cursor.fetchone() == (True,), (table, column)
    assert len(found) > 6


def test_an_index_of_some_rows_serves_only_who_asks_for_those():
    """That no hold is open twice has an index; of the lifted ones it knows nothing."""
    assert event_queries._leads(Clearance, Clearance._meta.get_field("tenure"))
    assert not event_queries._leads(Hold, Hold._meta.get_field("tenure"))
