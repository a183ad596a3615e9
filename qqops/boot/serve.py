"""The main program of `make run`: start database, migrations and demo, then the web server and one worker until Ctrl-C.

At the end only the web server and the worker are stopped. The embedded database runs until `make stop`.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from types import FrameType

from qqops.boot import preflight

START_LIMIT = 60  # seconds for the web to answer
STOP_LIMIT = 20  # seconds for all children to exit
# Several jobs at a time, so that two long runs and two slow webhooks do not delay expiry.
WORKER = ["django", "procrastinate", "worker", "--concurrency", "6"]


class Stop(Exception):
    """SIGINT or SIGTERM was received."""


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qqops.settings")
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    port = os.environ.get("PORT") or "8000"
    refusal = preflight.port_refusal(port)
    if refusal:
        sys.exit(refusal)
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _prepare()
        children = _launch(port)
        _await_web(port, children)
        print(f"Serving on http://localhost:{port}/admin/ (Ctrl-C stops it)", flush=True)
        while not (ended := _ended(children)):
            time.sleep(0.3)
        problem = f"The {ended} ended with exit code {children[ended].returncode}; the rest was stopped."
    except Stop:
        problem = ""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # shutdown is short and must not be interrupted
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _end(children)
    if problem:
        sys.exit(problem)


def _prepare() -> None:
    """Start the database if it is the embedded one, check the keys, migrate, and build the demo or the static files.

    Quick and without effect when everything is up to date.
    """
    import django
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    from qqops.boot import database

    if settings.EMBEDDED_DATABASE:
        try:
            database.start()
        except database.CannotStart as reason:
            sys.exit(str(reason))
    django.setup()
    from qqops.crypto import checks  # its models need the app registry

    for refused in checks.the_keys_fit(None, ["default"]):
        sys.exit(refused.msg)
    call_command("migrate", verbosity=0, interactive=False)
    if settings.PRODUCTION:
        call_command("collectstatic", verbosity=0, interactive=False)  # pages refer to static files by hashed name
    else:
        call_command("demo")
    connections.close_all()


def _launch(port: str) -> dict[str, subprocess.Popen[bytes]]:
    web = ["gunicorn", "--config", "python:qqops.boot.gunicorn", "--bind", f"127.0.0.1:{port}", "--workers", "2"]
    return {
        name: subprocess.Popen([sys.executable, "-m", *command], cwd=preflight.BASE_DIR, env=env)
        for name, command, env in (("web server", web, _env_of_web()), ("worker", WORKER, None))
    }


def _env_of_web() -> dict[str, str]:
    """Return the environment of the web server: with the public checkpoint keys, without the one that signs.

    An attacker who controls the web server must not be able to sign checkpoints.
    """
    from qqops.audit.checkpoints import text

    known = {"QQOPS_CHECKPOINT_PUBLIC": text.public_keys()}
    # The prefix also removes QQOPS_CHECKPOINT_KEY_FILE.
    return {name: value for name, value in os.environ.items() if not name.startswith("QQOPS_CHECKPOINT_")} | known


def _await_web(port: str, children: dict[str, subprocess.Popen[bytes]]) -> None:
    """Return when the port accepts connections, a child has ended, or START_LIMIT has passed."""
    limit = time.monotonic() + START_LIMIT
    while not _ended(children) and time.monotonic() < limit:
        try:
            socket.create_connection(("127.0.0.1", int(port)), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return


def _ended(children: dict[str, subprocess.Popen[bytes]]) -> str | None:
    """Return the name of a child that has ended, or None."""
    return next((name for name, child in children.items() if child.poll() is not None), None)


def _end(children: dict[str, subprocess.Popen[bytes]]) -> None:
    for child in children.values():
        if child.poll() is None:
            child.terminate()
    limit = time.monotonic() + STOP_LIMIT
    for child in children.values():
        try:
            child.wait(max(0.0, limit - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop


if __name__ == "__main__":
    main()
