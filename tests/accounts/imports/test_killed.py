"""An import that was killed is finished by the next one, and nothing is recorded twice."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from signal import SIGKILL

import pytest
from django.conf import settings

from accounts.identity.demo import person
from accounts.models import Identity, Registrant
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.accounts.imports.files import csv_of, put
from tests.campaign import size

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.campaign
def test_a_killed_import_continues_and_records_nothing_twice(
    numbers: Callable[..., list[int]],
    privacy: Staff,
    token: Callable[[Staff], str],
    process_env: dict[str, str],
    tmp_path: Path,
) -> None:
    count = size(1500, 20_000)
    rows = [(n, person(k)["values"]["name"], person(k)["values"]["mobile"]) for k, n in enumerate(numbers(count), 1)]
    path = put(tmp_path, csv_of(rows, ("number", "name", "mobile")))
    command = [sys.executable, "manage.py", "identity", "import", str(path), "--apply", "--json"]
    command += ["--actor", privacy.username, "--reason", "as the registration system tells"]
    env = process_env | {"QQOPS_CHUNK": "25", "QQOPS_TOKEN": token(privacy), "PATH": os.environ["PATH"]}
    run = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while Identity.objects.count() < 100 and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(SIGKILL)
    assert run.wait(timeout=10) == -SIGKILL
    half = Identity.objects.count()
    assert 100 <= half < count and half % 25 == 0  # whole chunks only
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f'"new": {count - half}, "changed": 0, "same": {half}' in done.stdout
    assert Identity.objects.count() == Registrant.objects.count() == Identity.history.count() == count
    assert list(verify()) == []
