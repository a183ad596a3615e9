"""What a killed worker left “doing” is taken up again, whatever the clock has queued meanwhile."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from procrastinate.contrib.django import app

from enforcement import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def states() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status::text FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def test_a_sweep_that_waits_already_does_not_keep_a_decision_from_being_resumed(cast: Any) -> None:
    sweep = app.configure_task("enforcement.expire", queue="acts", queueing_lock="enforcement.expire")
    sweep.defer(timestamp=0)
    tasks.apply_decision.configure(lock="decision:7").defer(decision_id=7)
    with connection.cursor() as cursor:  # both were running when the worker was killed
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    sweep.defer(timestamp=60)

    async def resume() -> None:
        async with app.open_async():
            await tasks.resume(0)

    worker = app.connector.get_worker_connector()  # type: ignore[attr-defined]
    # In a thread of its own: after a test with a browser its event loop is still running in this one.
    with app.replace_connector(worker), ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, resume()).result()
    assert states() == [("enforcement.expire", "failed"), ("enforcement.apply", "todo"), ("enforcement.expire", "todo")]
