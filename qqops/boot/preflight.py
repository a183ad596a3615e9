"""Check that this machine can run qqops, then install the locked requirements into the virtual environment.

    python3 -m qqops.boot.preflight [--port] LOCK...

The system's Python of any version runs this module: use the standard library and old syntax only. Every refusal is a
sentence that says what to do.
"""

from __future__ import annotations  # older versions must parse this file to print that they are too old

import hashlib
import os
import platform
import pwd
import socket
import subprocess
import sys

BASE_DIR = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VENV = os.path.join(BASE_DIR, ".venv")
OLDEST_PYTHON = (3, 11)
OLDEST_GLIBC = (2, 28)
MACHINES = (("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "arm64"))  # the platforms that have wheels


def machine_refusal() -> str | None:
    """Return why this machine cannot run qqops, or None."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        here = platform.python_version()
        return f"Python {here} is too old: 3.11 or newer is needed; name one with make PYTHON=python3.12."
    if any(letter.isspace() for letter in BASE_DIR):
        return f"The path {BASE_DIR!r} has a space in it: move the checkout to one without."
    if os.environ.get("DATABASE_URL"):
        return None  # the rest is about the embedded PostgreSQL
    machine = (platform.system(), platform.machine())
    if machine not in MACHINES:
        return f"The embedded PostgreSQL does not run on {' '.join(machine)}: set DATABASE_URL."
    if machine[0] == "Linux":
        name, version = platform.libc_ver()
        if name != "glibc" or tuple(int(part) for part in version.split(".")[:2]) < OLDEST_GLIBC:
            found = (name + " " + version).strip() or "another C library"
            return f"The embedded PostgreSQL needs glibc 2.28 or newer, here is {found}: set DATABASE_URL."
    return None


def ownership_refusal() -> str | None:
    """Return a sentence about the first folder here that belongs to another user, or None. Root may use all folders."""
    if os.geteuid() == 0:
        return None
    for name in ("", ".venv", ".demo", ".postgres"):
        path = os.path.join(BASE_DIR, name)
        if os.path.exists(path) and os.stat(path).st_uid != os.geteuid() and (name or not os.access(path, os.W_OK)):
            return foreign(path)
    return None


def foreign(path: str) -> str:
    """Return the sentence that a path belongs to another user."""
    owner = os.stat(path).st_uid
    try:
        login = pwd.getpwuid(owner).pw_name
    except KeyError:
        login = str(owner)
    return f"{path} belongs to user {login}: run as that user, or remove it (and with it what the demo keeps there)."


def port_refusal(port: str) -> str | None:
    """Return why the web cannot listen on the port, or None."""
    try:
        number = int(port)
    except ValueError:
        number = 0
    if not 0 < number < 65536:
        return f"PORT is {port!r}: set it to a number from 1 to 65535."
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", number))
        except OSError as problem:
            return (
                f"Port {number} cannot be used ({problem.strerror}): stop what uses it, or choose another "
                "with make run PORT=8001."
            )
    return None


def install(locks: list[str]) -> None:
    """Create .venv if missing. Install each lock file whose hash differs from the one last installed."""
    python = os.path.join(VENV, "bin", "python")
    if not os.path.exists(python):
        print("Making the virtual environment .venv", flush=True)
        # Check first: without ensurepip (a separate Debian package) venv would leave an incomplete environment.
        if subprocess.call([sys.executable, "-c", "import ensurepip, venv"], stderr=subprocess.DEVNULL) != 0:
            sys.exit("This Python cannot make virtual environments: install python3-venv and run again.")
        if subprocess.call([sys.executable, "-m", "venv", VENV]) != 0:
            sys.exit("The virtual environment could not be made: remove .venv and run again.")
    for lock in locks:
        stamp = os.path.join(VENV, ".installed-" + lock)
        with open(os.path.join(BASE_DIR, lock), "rb") as content:
            wanted = hashlib.sha256(content.read()).hexdigest()
        if os.path.exists(stamp):
            with open(stamp) as note:
                if note.read() == wanted:
                    continue
        print("Installing " + lock, flush=True)
        command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
        if subprocess.call(command + ["-r", os.path.join(BASE_DIR, lock)]) != 0:
            sys.exit(f"{lock} could not be installed: see above; if .venv is broken, remove it and run again.")
        with open(stamp, "w") as note:
            note.write(wanted)


def main(arguments: list[str]) -> None:
    refusal = machine_refusal() or ownership_refusal()
    if refusal is None and "--port" in arguments:
        refusal = port_refusal(os.environ.get("PORT") or "8000")
    if refusal:
        sys.exit(refusal)
    install([one for one in arguments if one != "--port"])


if __name__ == "__main__":
    main(sys.argv[1:])
