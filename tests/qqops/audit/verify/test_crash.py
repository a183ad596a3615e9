"""The database is killed while people act: then the record is whole, nothing is half done, and what was acknowledged is
there.
"""

import itertools
import json
import multiprocessing
import os
import random
import time
import traceback
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as given
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connections

from appeals.models import Appeal
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from enforcement.runs.apply import apply
from qqops.audit import origin
from qqops.staff.models import Staff
from tests.appeals.heard import filed
from tests.campaign import size
from tests.cast import everybody, make_numbers
from tests.enforcement.acts import DAY, approve, decide
from tests.qqops.audit.rows import rows
from tests.qqops.audit.verify.ownserver import Server, own_server

pytestmark = [
    pytest.mark.campaign,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not given.EMBEDDED_DATABASE, reason="a server that the test may kill is the embedded one"),
]
FORK = multiprocessing.get_context("fork")
CHUNK, BATCH = 10, 150

# What belongs together and is not all there: of a decision, of a target, of a measure, of an appeal.
HALF_DONE = """
SELECT 'decision ' || d.id FROM enforcement_decision d
WHERE (SELECT count(*) FROM enforcement_outcome o WHERE o.decision_id = d.id)
  <> CASE WHEN d.state = 'applied' THEN (SELECT count(*) FROM enforcement_target t WHERE t.decision_id = d.id) ELSE
     (SELECT count(*) FROM enforcement_outcome o WHERE o.decision_id = d.id) / {chunk} * {chunk} END
  OR NOT EXISTS (SELECT FROM audit_event e WHERE e.decision_id = d.id)
  OR NOT EXISTS (SELECT FROM enforcement_ground g WHERE g.decision_id = d.id)
UNION ALL
SELECT 'number ' || coalesce(o.number_id, m.number_id) FROM enforcement_outcome o
FULL JOIN enforcement_measure m ON (m.decision_id, m.number_id) = (o.decision_id, o.number_id)
LEFT JOIN enforcement_historicalmeasure hm ON (hm.event, hm.id) = (o.event, m.id)
LEFT JOIN accounts_historicalnumber hn ON (hn.event, hn.id) = (o.event, o.number_id)
LEFT JOIN accounts_number n ON n.id = o.number_id AND n.frozen_until = m.until AND n.revision = 1
LEFT JOIN enforcement_notice l ON (l.decision_id, l.tenure_id) = (o.decision_id, m.tenure_id)
LEFT JOIN audit_event e ON (e.id, e.decision_id) = (o.event, o.decision_id)
WHERE o.why IS DISTINCT FROM '' OR num_nulls(m.id, hm.id, hn.id, n.id, l.id, e.id) > 0
UNION ALL
SELECT 'appeal ' || a.id FROM appeals_appeal a
LEFT JOIN appeals_historicalappeal h ON h.id = a.id
LEFT JOIN audit_event e ON e.id = h.event AND e.verb = 'appeal.filed'
LEFT JOIN appeals_message m ON m.appeal_id = a.id AND m.event = e.id
LEFT JOIN appeals_appealkey k ON k.appeal_id = a.id
WHERE num_nulls(e.id, m.id, k.appeal_id) > 0
"""


@pytest.fixture
def server(transactional_db: None, settings: Any, worker_id: str) -> Iterator[Server]:
    settings.QQOPS_CHUNK = CHUNK
    settings.QQOPS_DAILY_TARGETS_BY_ROLE = settings.QQOPS_DAILY_FILED_BY_ROLE = {}
    settings.QQOPS_DAILY_TARGETS = settings.QQOPS_DAILY_FILED = 10**9
    with own_server(f"crash-{worker_id}") as own:
        yield own


def _freezes(ids: list[int], done: Callable[..., None], who: Staff, _other: Staff) -> None:
    for one in ids:
        done("frozen", decide(Kind.FREEZE, [one], who).decision.pk)


def _batch(ids: list[int], done: Callable[..., None], who: Staff, other: Staff) -> None:
    decision = approve(decide(Kind.FREEZE, ids, who, duration=7 * DAY), other, later=lambda _one: None).decision
    done("agreed", decision.pk)
    apply(decision, actor=who)
    done("run", decision.pk)


def _appeals(ids: list[int], done: Callable[..., None], who: Staff, _other: Staff) -> None:
    for one in ids:
        done("filed", filed(one, "enquiry", who).pk)


def _client(act: Any, ids: list[int], said: Path, who: Staff, other: Staff) -> None:
    """Act until the database is gone; each act that came back is written down."""
    for inherited in connections.all(initialized_only=True):
        inherited.connection = None  # the parent's
    code = 1
    try:
        with said.open("a", buffering=1) as told, origin.origin(origin.COMMAND, os_user="tester"):
            act(ids, lambda *what: told.write(json.dumps(what) + "\n"), who, other)
            while True:  # nothing is left to do
                Decision.objects.exists()
                time.sleep(0.05)
    except (OperationalError, InterfaceError):
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def test_the_database_killed_during_acts_leaves_a_whole_record_and_nothing_half_done(
    server: Server, tmp_path: Path
) -> None:
    said, chance, kills = tmp_path / "said", random.Random(8), size(2, 20)
    ways = itertools.cycle([server.kill, server.kill_backend, server.stop_at_once])
    cast, fresh = everybody(), itertools.count(88_000_001)
    for people in cast.values():
        assert people.permissions is not None  # known before the clients are made from this process
    for kill in itertools.islice(ways, kills):
        clients = []
        for act, who, other, count in (
            (_freezes, "officer", "supervisor", 400),
            (_freezes, "officer2", "supervisor", 400),
            (_batch, "officer", "supervisor2", BATCH),
            (_appeals, "agent", "supervisor", 400),
        ):
            ids = list(itertools.islice(fresh, count))
            make_numbers(ids)
            clients.append(FORK.Process(target=_client, args=(act, ids, said, cast[who], cast[other])))
        before = _lines(said)
        connections.close_all()
        for one in clients:
            one.start()
        deadline = time.monotonic() + 60
        while not {"frozen", "agreed", "filed"} <= {what for what, _pk in _told(said)[before:]}:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(chance.random() / 2)
        kill()
        for one in clients:
            one.join(timeout=60)
            assert one.exitcode == 0  # nothing but a database that is gone ends a client
        server.again()
        assert rows(HALF_DONE.format(chunk=CHUNK)) == []
        assert _verified() == []
        _all_there(_told(said))
    for decision in Decision.objects.filter(state="approved"):
        apply(decision, actor=cast["officer"])
    assert (rows(HALF_DONE.format(chunk=CHUNK)), _verified()) == ([], [])
    assert not Decision.objects.exclude(state__in=("applied", "proposed")).exists()
    print(f"crash: {kills} kills, {_lines(said)} acts said to be done and there")


def _verified() -> list[dict[str, str]]:
    out = StringIO()
    call_command("audit_verify", "--json", stdout=out, stderr=StringIO())
    found: list[dict[str, str]] = json.loads(out.getvalue())["broken"]
    return found


def _told(said: Path) -> list[tuple[str, int]]:
    """Whole lines: a client is not killed, its last one neither."""
    return [(what, pk) for what, pk in map(json.loads, said.read_text().splitlines())] if said.exists() else []


def _lines(said: Path) -> int:
    return len(_told(said))


def _all_there(told: list[tuple[str, int]]) -> None:
    by: dict[str, set[int]] = {}
    for what, pk in told:
        by.setdefault(what, set()).add(pk)
    frozen, run = by.get("frozen", set()), by.get("run", set())
    assert Measure.objects.filter(decision__in=frozen).count() == len(frozen)
    assert Measure.objects.filter(decision__in=run).count() == BATCH * len(run)
    applied = set(Decision.objects.filter(state="applied").values_list("pk", flat=True))
    assert frozen | run <= applied
    assert by.get("agreed", set()) <= set(
        Decision.objects.filter(state__in=("approved", "applied")).values_list("pk", flat=True)
    )
    assert by.get("filed", set()) <= set(Appeal.objects.values_list("pk", flat=True))
