"""Several at the same moment over real connections: nobody gets another's number, and nobody waits for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from accounts.models import Number, NumberRange, Registration, ResourceProposal, Tenure
from accounts.services.allocation.allocate import allocate
from accounts.services.allocation.take import Opened
from qqops.audit.verify import verify
from qqops.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.allocation.test_register import HEADING, PLAIN
from tests.accounts.allocation.wishes import WHY, passed, terms, wish
from tests.accounts.intake.files import csv_of, put
from tests.campaign import size
from tests.enforcement.test_races import together

pytestmark = pytest.mark.django_db(transaction=True)
Supply = Callable[..., NumberRange]


def test_more_than_a_range_has_are_asked_for_at_once_and_only_so_many_go_out(supply: Supply, resources: Staff) -> None:
    found = supply(3_071_846_010, 3_071_846_017, "test")
    said = terms()
    asked = [lambda: allocate(wish(terms=said, count=3), actor=resources, reason=WHY)] * 5
    got = together(*asked)
    won = [one.number for result in got if isinstance(result, list) for one in result]
    assert (len(won), len(set(won))) == (6, 6)
    assert sum(isinstance(result, Invalid) for result in got) == 3
    assert Number.objects.count() == Tenure.objects.count() == 6
    assert len(allocate(wish(count=2), actor=resources, reason=WHY)) == 2 and passed(found.pk) == 8
    assert list(verify()) == []


def test_one_number_is_asked_for_by_name_at_once_and_one_gets_it(supply: Supply, resources: Staff) -> None:
    supply(3_071_846_000, 3_071_846_999, "test")
    said = terms()
    asked = [lambda: allocate(wish(terms=said, numbers=(3_071_846_151,)), actor=resources, reason=WHY)] * 4
    got = together(*asked)
    won = [result for result in got if isinstance(result, list)]
    assert len(won) == 1 and isinstance(won[0][0], Opened)
    assert (Tenure.objects.count(), list(verify())) == (1, [])


def test_a_form_that_comes_twice_at_once_registers_once(supply: Supply, resources: Staff) -> None:
    supply(3_071_846_000, 3_071_846_999, "test")
    said = terms()
    asked = [lambda: allocate(wish(terms=said, registration="desk-1"), actor=resources, reason=WHY)] * 3
    got = together(*asked)
    assert sum(isinstance(result, Invalid) for result in got) == 2
    assert (Tenure.objects.count(), Registration.objects.count()) == (1, 1)
    assert not ResourceProposal.objects.filter(kind="allocate").exists() and list(verify()) == []


@pytest.mark.campaign
def test_a_killed_registration_continues_and_registers_nothing_twice(
    supply: Supply, process_env: dict[str, str], tmp_path: Path
) -> None:
    supply(3_071_846_000, 3_071_999_999, "test")
    count = size(1_500, 50_000)
    path = put(tmp_path, csv_of([(f"R-{k}", *PLAIN) for k in range(count)], HEADING))
    command = [sys.executable, "manage.py", "register", str(path), "--apply", "--json"]
    env = process_env | {"QQOPS_CHUNK": "25", "PATH": os.environ["PATH"]}
    run = subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while Registration.objects.count() < 100 and time.monotonic() < deadline:
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    assert run.wait(timeout=10) == -signal.SIGKILL
    half = Registration.objects.count()
    assert 100 <= half < count and half % 25 == 0  # whole chunks only
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert f'"new": {count - half}, "known": {half}' in done.stdout
    assert Registration.objects.count() == Tenure.objects.count() == Number.objects.count() == count
    assert list(verify()) == []
