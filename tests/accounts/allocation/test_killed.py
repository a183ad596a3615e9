"""Sixteen clients at once, killed at random: no number twice, and none lost (DESIGN §10)."""

import multiprocessing
import os
import random
import time
import traceback
from collections.abc import Callable

import pytest
from django.db import connection, connections
from django.db.models import Count

from accounts.allocation.services import allocate
from accounts.models import Number, NumberRange, Tenure
from qqops.audit import origin
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, passed, wish
from tests.campaign import size

CLIENTS, AT_ONCE = 16, 40
FORK = multiprocessing.get_context("fork")  # a client is there at once, as one that has long been running

# Passed by a cursor, and neither a row nor of a tier that the pool keeps back.
LOST = """
SELECT count(*) FROM accounts_rangecursor c JOIN accounts_numberrange r ON r.id = c.range_id,
  generate_series(c.start, c.next - 1) i,
  LATERAL (SELECT lower(r.numbers) + (r.multiplier * i + r."offset") %% (upper(r.numbers) - lower(r.numbers)) AS id) x
WHERE c.range_id = %s AND accounts_tier(x.id) <= 2 AND NOT EXISTS (SELECT FROM accounts_number n WHERE n.id = x.id)"""

END_OTHERS = """
SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename = current_user"""


def client(actor: Staff, seed: int) -> None:
    """Allocate until killed."""
    for inherited in connections.all(initialized_only=True):
        inherited.connection = None  # the parent's: two who speak on one connection take each other's answers
    chance = random.Random(seed)
    try:
        with origin.origin(origin.COMMAND, os_user="tester"):
            while True:
                allocate(wish(count=chance.randint(1, AT_ONCE)), actor=actor, reason=WHY)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(1)  # nothing of the test's own is tidied up here


@pytest.mark.campaign
@pytest.mark.django_db(transaction=True)
def test_sixteen_clients_killed_at_random_neither_double_nor_lose_a_number(
    supply: Callable[..., NumberRange], resources: Staff
) -> None:
    found = supply(3_071_000_000, 3_170_999_999, "test")
    wanted, chance = size(2_000, 1_000_000), random.Random(4)
    assert resources.permissions  # known before the clients are made from this process
    killed, seeds, running = 0, iter(range(10**6)), []

    def start() -> None:
        connections.close_all()
        one = FORK.Process(target=client, args=(resources, next(seeds)))
        one.start()
        running.append(one)

    try:
        for _n in range(CLIENTS):
            start()
        deadline = time.monotonic() + size(120, 7_200)
        while passed(found.pk) < wanted or killed < 8:
            assert time.monotonic() < deadline
            time.sleep(chance.random() * 0.2)
            one = running.pop(chance.randrange(CLIENTS))
            assert one.is_alive()  # nothing but a kill ends a client
            one.kill()
            one.join()
            killed += 1
            start()
    finally:  # one that is left would keep this process from ending
        for one in running:
            one.kill()
            one.join()
    with connection.cursor() as cursor:
        # Whoever was killed may be answered for a moment longer: what it began is over before this is counted.
        cursor.execute(END_OTHERS)
        cursor.execute(LOST, [found.pk])
        assert cursor.fetchone() == (0,)
    assert Number.objects.count() == Tenure.objects.count()
    assert not Tenure.objects.values("number").annotate(n=Count("pk")).filter(n__gt=1).exists()
    assert list(verify()) == []
