"""The whole verification on several connections that share one snapshot of the database."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection, transaction

from qqops.audit.checkpoints import audit_checks as proof
from qqops.audit.checkpoints.text import Head
from qqops.audit.verify.parts import SESSION, Broken, Extent, Part, can_look, every, missing, named

MOST = 4  # connections by themselves: what the database does besides is not to wait for this
HELD = 100  # findings between a connection and whoever reads them

# About how many rows each table has, as the last ANALYZE counted them; what is kept by month counts as one.
_SIZES = """
SELECT coalesce(p.relname, c.relname), sum(greatest(c.reltuples, 0))::bigint FROM pg_class c
LEFT JOIN pg_inherits i ON i.inhrelid = c.oid LEFT JOIN pg_class p ON p.oid = i.inhparent
WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace GROUP BY 1"""

Advance = Callable[[int], None]
_Answer = Broken | BaseException | None  # a finding, what went wrong, or: this connection is done


def cores() -> int:
    """How many connections are used unless somebody says so: one for each core, of this machine as of the database's.

    PostgreSQL does not tell how many it has; where it runs on a larger machine, `--jobs`.
    """
    return min(MOST, os.cpu_count() or 1)


@dataclass(frozen=True)
class Snapshot:
    """The record as it was at one moment. `house` and `head` are None of an empty one."""

    name: str
    house: str | None
    head: tuple[int, str, str] | None  # seq, hash, at
    misfit: str  # why the checkpoint that was given does not fit; empty when it does, or there was none
    parts: Sequence[Part]
    own: Sequence[Broken]  # of the record's own checkpoints

    @property
    def rows(self) -> int:
        """About how many rows will be read."""
        return sum(part.rows for part in self.parts)

    def broken(self, jobs: int, advance: Advance = lambda rows: None) -> Iterator[Broken]:
        """Yield every broken row, each as it is found: those of a part in order, those of several parts mixed."""
        yield from self.own
        if self.parts:
            yield from _together(self.name, self.parts, jobs, advance)


@contextmanager
def snapshot(since: Head | None = None, *, jobs: int) -> Iterator[Snapshot]:
    """Hold one moment of the record for as long as it is verified.

    `since` is a checkpoint: what lies before it is taken for right if it fits, and computed anew if it does not.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        cursor.execute(SESSION)
        gone = missing(cursor)
        if not can_look(gone):
            yield Snapshot("", None, None, "", (), gone)
            return
        cursor.execute(
            "SELECT pg_export_snapshot(), (SELECT id::text FROM audit_event ORDER BY seq LIMIT 1), e.seq,"
            " encode(e.hash, 'hex'), to_json(e.at)::text FROM (SELECT) one LEFT JOIN"
            " (SELECT * FROM audit_event ORDER BY seq DESC LIMIT 1) e ON true"
        )
        name, house, seq, hashed, at = cursor.fetchone()
        cursor.execute(_SIZES)
        sizes = dict(cursor.fetchall())
        misfit = proof.misfit(cursor, since) if since else ""
        own = [*gone, *proof.broken(cursor)]
        begin = since.seq if since and not misfit else 0
        todo = sorted(every(Extent(begin, seq or 0, jobs), sizes, gone), key=lambda part: -part.rows)
        if since and misfit:
            own.insert(0, Broken("checkpoint", "audit_event", f"seq {since.seq} {misfit}"))
        head = (seq, hashed, at.strip('"')) if seq else None
        yield Snapshot(name, house, head, misfit, todo, own)


def _together(name: str, todo: Sequence[Part], jobs: int, advance: Advance) -> Iterator[Broken]:
    """The longest first, each by whichever connection is free; the first error ends all of them."""
    waiting: queue.SimpleQueue[Part] = queue.SimpleQueue()
    for part in todo:
        waiting.put(part)
    answers: queue.Queue[_Answer | int] = queue.Queue(HELD)
    stop = threading.Event()
    crew = [_Worker(name, waiting, answers, stop) for _job in range(max(1, min(jobs, len(todo))))]
    for one in crew:
        one.start()
    try:
        working = len(crew)
        while working:
            answer = answers.get()
            if answer is None:
                working -= 1
            elif isinstance(answer, int):
                advance(answer)
            elif isinstance(answer, BaseException):
                raise answer
            else:
                yield answer
    finally:  # also when whoever reads has had enough, or pressed Ctrl-C
        stop.set()
        for one in crew:
            one.end()


class _Worker(threading.Thread):
    """A connection of its own, in the same snapshot; puts what it finds, then how many rows it has read, then None."""

    def __init__(self, name: str, todo: Any, answers: Any, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self._snapshot, self._todo, self._answers, self._stop_it = name, todo, answers, stop
        self._own = connection.copy()
        self._own.inc_thread_sharing()  # made here, used there

    def run(self) -> None:
        last: BaseException | None = None
        try:
            self._work()
        except BaseException as error:
            last = error
        finally:
            self._own.close()
        self._say(last)

    def end(self) -> None:
        """Have the query that it is at given up, and wait for it; again, as it may just have begun another."""
        while self.is_alive():
            with contextlib.suppress(
                psycopg.Error, AttributeError
            ):  # its connection is closed already, or not open yet
                self._own.connection.cancel_safe(timeout=5)
            self.join(0.5)

    def _work(self) -> None:
        with self._own.cursor() as cursor:
            cursor.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'")
            cursor.execute(SESSION)
            # One connection for each core: none is to take a second one.
            cursor.execute("SET LOCAL max_parallel_workers_per_gather = 0")
            while not self._stop_it.is_set():
                try:
                    part = self._todo.get_nowait()
                except queue.Empty:
                    return
                for found in named(cursor, part):
                    self._say(found)
                    if self._stop_it.is_set():
                        return
                self._say(part.rows)

    def _say(self, answer: Any) -> None:
        """Wait until it is taken, unless nobody listens any more."""
        while not self._stop_it.is_set():
            try:
                self._answers.put(answer, timeout=0.2)
            except queue.Full:
                continue
            return
