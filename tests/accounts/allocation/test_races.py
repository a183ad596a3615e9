"""Several at the same moment over real connections: nobody gets another's number, and nobody waits for ever."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction

from accounts.allocation import effects, registration
from accounts.allocation.effects import Opened
from accounts.allocation.registration import Registered
from accounts.allocation.services import allocate
from accounts.imports.columns import REGISTRATIONS
from accounts.imports.files import File
from accounts.models import Number, NumberRange, RangeCursor, Registration, ResourceProposal, Tenure
from qqops.audit.verify import verify
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.allocation.registering import HEADING, PLAIN
from tests.accounts.allocation.wishes import WHY, first_of_cursor, passed, terms, wish
from tests.accounts.imports.files import csv_of, put
from tests.campaign import size
from tests.cast import make_numbers
from tests.enforcement.runs.test_races import together

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


def recorded(path: Path) -> Registered:
    with File(path, REGISTRATIONS) as file:
        found = registration.check(file.rows())
        assert found.wrong == []
        actor = Staff.objects.system("system-feed")
        return registration.apply(file.rows(), found, actor=actor, source=file.sha256)


def until_they_wait(many: int) -> None:
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    deadline = time.monotonic() + 20
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT pg_stat_clear_snapshot()")  # within a transaction it is looked at once
            cursor.execute(waiting)
            if cursor.fetchone() == (many,):
                return
            time.sleep(0.02)
    raise AssertionError(f"{many} were to wait")


def test_a_file_of_several_groups_waits_for_all_their_cursors_at_once_and_before_any_number(
    supply: Supply, resources: Staff, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The desk takes from both ranges and has the cursors of the first; the file asks for the second's numbers before
    the first's: if it had taken those, each would wait for the other."""
    first = supply(3_071_846_000, 3_071_846_099, "test", channels=("web", "sms"))
    supply(3_071_847_000, 3_071_847_099, "test", channels=("client", "sms"))
    named = first_of_cursor(first, 15)  # the desk does not come so far
    lines = [("R-1", str(named), "test", "web"), ("R-2", "", "test", "client"), ("R-3", "", "test", "web")]
    path = put(tmp_path, csv_of([(*line, *PLAIN[3:]) for line in lines], HEADING))
    said = terms("sms", reference="10690 carrier A")
    monkeypatch.setattr(effects, "one_cursor", lambda ranges, wait: None)  # none is to be had without waiting
    with ThreadPoolExecutor(2) as threads:
        with transaction.atomic():
            list(RangeCursor.objects.filter(range=first, slot=15).select_for_update())
            desk = threads.submit(together, lambda: allocate(wish(terms=said, count=20), actor=resources, reason=WHY))
            until_they_wait(1)
            file = threads.submit(together, lambda: recorded(path))
            until_they_wait(2)
        (allocated,), (registered,) = desk.result(timeout=30), file.result(timeout=30)
    numbers = [one.number for one in allocated] + [number for _id, number in registered.opened]
    assert (len(numbers), len(set(numbers)), dict(registered.opened)["R-1"]) == (23, 23, named)
    assert Tenure.objects.count() == 23 and list(verify()) == []


def test_files_and_desks_that_want_numbers_of_the_same_ranges_all_come_to_an_end(
    supply: Supply, resources: Staff, tmp_path: Path
) -> None:
    channels = ("web", "client", "sms")
    supply(3_071_846_000, 3_071_846_399, "test", channels=("web", "sms"))
    supply(3_071_847_000, 3_071_847_399, "test", channels=("client", "sms"))
    supply(3_071_848_000, 3_071_848_399, "test")
    supply(3_071_849_000, 3_071_849_399, "test", channels=("ivr",))  # the files' own: those that they name
    back = range(3_071_849_100, 3_071_849_106)
    make_numbers(back, "available")
    said = [terms(channel, reference="10690 carrier A") for channel in channels]

    def file(k: int) -> list[int]:
        lines = [(f"R-{k}-{n}", "", "test", channels[n % 3], "carrier A", *PLAIN[4:]) for n in range(12)]
        named = [(f"B-{n % 10}", str(n), "test", "ivr", "carrier A", *PLAIN[4:]) for n in back[3 * k : 3 * k + 3]]
        done = recorded(put(tmp_path, csv_of([*lines, *named], HEADING), f"{k}.csv"))
        return [number for _id, number in done.opened]

    def desk(k: int) -> list[int]:
        asked = [wish(terms=said[(k + n) % 3], count=1 + 3 * n) for n in range(6)]
        return [one.number for each in asked for one in allocate(each, actor=resources, reason=WHY)]

    makers = [lambda k=k: desk(k) for k in range(4)]
    found = together(lambda: file(0), *makers, lambda: file(1))
    assert [str(one) for one in found if isinstance(one, Invalid)] == []
    numbers = [number for each in found for number in each]
    assert (len(numbers), len(set(numbers))) == (2 * 15 + 4 * 51, 2 * 15 + 4 * 51) and set(back) <= set(numbers)
    assert Tenure.objects.count() == Number.objects.filter(lifecycle="allocated").count() == len(numbers)
    assert list(verify()) == []


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
    said = json.loads(done.stdout)
    assert (said["new"], said["known"]) == (count - half, half)
    assert said["numbers"] == dict(Registration.objects.values_list("registration_id", "tenure__number"))
    assert Registration.objects.count() == Tenure.objects.count() == Number.objects.count() == count
    assert list(verify()) == []
