"""The browser of the tests: an installed Chromium, else Playwright's own, else Debian's package when root.

Chromium without the window round it, where there is one: the same engine, with two thirds of the work.

`python -m tests.chromium` makes sure that there is one, and fails when there cannot be.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")


def installed() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def launch_arguments() -> dict[str, Any]:
    # --no-sandbox: the sandbox refuses root, and the pages are our own.
    arguments: dict[str, Any] = {"args": ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]}
    path = installed()
    return arguments | ({"executable_path": path} if path else {})


def ensure() -> None:
    if installed() or _playwrights_own():
        return
    print("No Chromium found: downloading Playwright's.", flush=True)
    if subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"]).returncode == 0 and _starts():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("That did not work: installing Debian's.", flush=True)
        subprocess.run(["apt-get", "update", "-q"])
        install = ["apt-get", "install", "-y", "-q", "--no-install-recommends"]
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        # The first is not in every Debian.
        any(subprocess.run([*install, name], env=environment).returncode == 0 for name in NAMES[:2])
    if not installed():
        sys.exit(f"The browser tests need Chromium: install it (Debian: apt-get install {NAMES[0]}) and run again.")


def _playwrights_own() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists() and _starts()


def _starts() -> bool:
    """Whether Playwright's download runs here: on a bare machine its libraries may be missing."""
    script = (
        "from playwright.sync_api import sync_playwright\n"
        "with sync_playwright() as p: p.chromium.launch(args=['--no-sandbox']).close()"
    )
    return subprocess.run([sys.executable, "-c", script], capture_output=True).returncode == 0


if __name__ == "__main__":
    ensure()
