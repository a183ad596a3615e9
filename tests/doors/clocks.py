"""What the worker does by itself, run once where the story ends and once long after."""

import inspect

from procrastinate.contrib.django import app

from tests.accounts.quarantine.steps import later
from tests.doors.record import head, left, undone
from tests.doors.table import Left
from tests.qqops.alerts.raising import everything_came

# It wants a transaction of its own: tests/qqops/audit/verify/test_checkpoint.py.
APART = ("audit.verify",)
LONG = 400  # days: everything is due by then


def done() -> Left:
    found: Left = {}
    tasks = [one.task for one in app.periodic_registry.periodic_tasks.values()]
    for task in tasks:
        if task.name in APART or inspect.iscoroutinefunction(task.func):
            continue
        for when, days in (("", 0), (f" · after {LONG} days", LONG)):
            with undone(), later(days=days):
                if not days:
                    everything_came()  # however long the story took to tell
                after = head()
                task.func(timestamp=0)
                found[f"{task.name}{when}"] = ("the worker", left(after))
    return {door: one for door, one in found.items() if one[1]}
