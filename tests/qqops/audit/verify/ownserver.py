"""A database server of the test's own, which it may kill: a copy of the tests' database as each begins with it."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connections

from qqops.boot import database
from qqops.boot.database import APPLICATION, NAME, OWNER, PORT, Engine
from tests.accounts.retention.test_drill import program

ALIASES = ("default", "owner")


@dataclass(frozen=True)
class Server:
    """It writes as the demo's does: what was said to be done lies on the disk."""

    engine: Engine

    @property
    def url(self) -> dict[str, Any]:
        return {"host": str(self.engine.home), "port": str(PORT), "user": "postgres", "dbname": NAME}

    def stop_at_once(self) -> None:
        """Nothing is finished, nothing flushed: the next start recovers from the log."""
        self.engine._run("pg_ctl", "stop", "-D", str(self.engine.data), "-m", "immediate", "-w")

    def kill(self) -> None:
        """The server itself; its children notice, and go."""
        pid = int((self.engine.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)

    def kill_backend(self) -> None:
        """One that is just at work; the server then throws out everybody and recovers."""
        with psycopg.connect(**self.url) as admin:
            found = admin.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename = %s ORDER BY state = 'idle', random() LIMIT 1",
                [APPLICATION],
            ).fetchone()
        assert found
        os.kill(found[0], signal.SIGKILL)

    def again(self) -> None:
        """Up again, and recovered."""
        for _attempt in range(600):
            self.engine.start()
            try:
                with psycopg.connect(**self.url):
                    return
            except psycopg.OperationalError:
                time.sleep(0.1)
        raise AssertionError("the server does not come back")


@contextmanager
def own_server(name: str) -> Iterator[Server]:
    """Within it, this process and what it forks meet that server's database in place of the tests'."""
    engine = database.embedded(database.BASE_DIR, name, shared_buffers="32MB")
    places = [connections[alias].settings_dict for alias in ALIASES]
    before = [dict(place) for place in places]
    engine.stop()
    shutil.rmtree(engine.home, ignore_errors=True)
    engine.start()
    try:
        _copy(before[1], engine)
        connections.close_all()
        for place in places:
            place |= {"HOST": str(engine.home), "PORT": str(PORT), "NAME": NAME}
        yield Server(engine)
    finally:
        connections.close_all()
        for place, was in zip(places, before, strict=True):
            place |= was
        engine.stop()
        shutil.rmtree(engine.home, ignore_errors=True)


def _copy(source: dict[str, Any], engine: Engine) -> None:
    """Its owner makes it, so that the application owns nothing there either."""
    place = ("-h", str(engine.home), "-p", str(PORT), "-U", OWNER, "-d", NAME)
    dump = [program("pg_dump"), "-h", source["HOST"], "-p", source["PORT"] or PORT, "-U", source["USER"]]
    with subprocess.Popen([*map(str, dump), str(source["NAME"])], stdout=subprocess.PIPE) as dumped:
        load = [program("psql"), *place, "-Xq1", "-v", "ON_ERROR_STOP=1"]
        subprocess.run(load, stdin=dumped.stdout, stdout=subprocess.DEVNULL, check=True)
    assert dumped.returncode == 0
