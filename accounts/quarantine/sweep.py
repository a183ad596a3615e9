"""Parts of the sweeps over numbers whose next step is due: end of cancellation, purge, re-release.

A sweep runs in chunks of one transaction each. The next run resumes an interrupted one. Numbers that something keeps
stay in their state and are counted.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from accounts.models import Number, Tenure
from accounts.rights.queries import keep_number
from qqops.audit import recorder

Step = Callable[[int], None]

# Without these settings the planner scans all numbers to find a chunk of keys.
BY_KEY = "SELECT set_config('random_page_cost', '1.1', true), set_config('jit', 'off', true)"
DUE = """
SELECT n.id, n.due_at FROM accounts_number n
WHERE n.lifecycle = %(lifecycle)s AND n.due_at >= %(from)s AND n.due_at <= %(until)s
  AND (n.due_at, n.id) > (%(from)s, %(after)s)
ORDER BY n.due_at, n.id LIMIT %(size)s"""
LEGAL = "legal"


def due(lifecycle: str, until: datetime.datetime) -> Iterator[list[int]]:
    """Yield the due numbers in chunks, by due time. A number that is left in place does not come again."""
    last: tuple[Any, int] = (datetime.datetime(1, 1, 2, tzinfo=datetime.UTC), 0)
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(BY_KEY)
            wanted = {"lifecycle": str(lifecycle), "until": until, "from": last[0], "after": last[1]}
            cursor.execute(DUE, wanted | {"size": settings.QQOPS_CHUNK})
            rows = cursor.fetchall()
        if not rows:
            return
        last = (rows[-1][1], rows[-1][0])
        yield sorted(number for number, _at in rows)


def lock(numbers: list[int]) -> None:
    """Lock the numbers in key order, as every act does."""
    with connection.cursor() as cursor:
        cursor.execute(BY_KEY)
        cursor.execute(
            "SELECT count(*) FROM (SELECT id FROM accounts_number WHERE id = ANY(%s::bigint[])"
            " ORDER BY id FOR NO KEY UPDATE) locked",
            [numbers],
        )


def free(numbers: list[int], lifecycle: str, until: datetime.datetime) -> tuple[list[int], Counter[str]]:
    """Return the numbers that are still due and kept by nothing, and counts of the others by what keeps them."""
    rows = Number.objects.filter(pk__in=numbers, lifecycle=lifecycle, due_at__lte=until).order_by("pk")
    found = list(rows.values_list("pk", "tenure_id", "legal_hold"))
    kept = keep_number([tenure for _pk, tenure, _hold in found if tenure is not None])
    going, waiting = [], Counter[str]()
    for number, tenure, legal_hold in found:
        if keeper := LEGAL if legal_hold else kept.get(tenure or 0):
            waiting[keeper] += 1
        else:
            going.append(number)
    return going, waiting


def write(act: recorder.Act, sql: str, params: dict[str, Any], *models: type[Number] | type[Tenure]) -> tuple[Any, ...]:
    """Run one statement of an act and return its columns after the first ones.

    The first columns are the counts of changed rows, one for each model. `{number}` and `{tenure}` in the statement
    stand for the inserts of their history.
    """
    history = {
        str(model._meta.model_name): recorder.history_insert(
            model, recorder.CHANGED, source=f"{model._meta.model_name} live"
        )
        for model in models
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.format(**history), act.params | params)
        row: tuple[Any, ...] = cursor.fetchone()
    for model, rows in zip(models, row, strict=False):
        act.wrote(recorder.history_model(model), rows=rows)
    return row[len(models) :]
