"""The private key of the checkpoints is the worker's: the web, which anybody may talk to, has only the public one."""

import os
import subprocess
import sys
from typing import Any

import pytest

from qqops.audit.checkpoints import text
from qqops.boot import preflight, serve
from qqops.crypto import seal

KEY, PUBLIC = "QQOPS_CHECKPOINT_KEY", "QQOPS_CHECKPOINT_PUBLIC"
ASK = "from django.conf import settings as s; print(s.QQOPS_CHECKPOINT_KEY, '|', s.QQOPS_CHECKPOINT_PUBLIC)"


def test_what_the_web_is_started_with_signs_nothing_and_accepts_what_the_worker_signs(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, key = f"older:{seal.new_key()}", f"now:{seal.new_key()}"
    settings.QQOPS_CHECKPOINT_KEY, settings.QQOPS_CHECKPOINT_PUBLIC = older, ""
    settings.QQOPS_CHECKPOINT_PUBLIC = text.public_key()
    settings.QQOPS_CHECKPOINT_KEY = key
    monkeypatch.setenv(KEY, key)
    started: list[Any] = []
    monkeypatch.setattr(subprocess, "Popen", lambda command, cwd, env: started.append(env))
    serve._launch("8000")
    web, worker = started
    assert worker is None and os.environ[KEY] == key
    assert KEY not in web and {name.partition(":")[0] for name in web[PUBLIC].split(",")} == {"older", "now"}
    monkeypatch.undo()
    has = subprocess.run(
        [sys.executable, "-c", ASK],
        cwd=preflight.BASE_DIR,
        env=web | {"DJANGO_SETTINGS_MODULE": "qqops.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert has.stdout.strip() == f"| {web[PUBLIC]}"  # nor the demo's, which lies in a file
