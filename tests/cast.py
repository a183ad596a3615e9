"""The fixed cast of the tests, by role, and the numbers they act on; all made through the pen.

The cast is made once per test database, committed, and put back after a transactional test (tests/conftest.py).
"""

import datetime
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.lifecycle import HELD
from accounts.models import Number, RuleVersion, Tenure
from accounts.rulebook.queries import version_in_force
from accounts.rulebook.services import load_summaries
from qqops.alerts import watch
from qqops.audit import origin, recorder
from qqops.crypto import keys
from qqops.staff.backend import at_desk
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from qqops.staff.tokens.services import issue_token

PASSWORD = "correct horse battery staple"
LOGINS = {
    "agent": "agent",
    "reviewer": "reviewer",
    "reviewer2": "reviewer",
    "officer": "officer",
    "officer2": "officer",
    "supervisor": "supervisor",
    "supervisor2": "supervisor",
    "resources": "resources",
    "privacy": "privacy",
    "auditor": "auditor",
    "sysadmin": "sysadmin",
    "sysadmin2": "sysadmin",
    "outsider": "",
}

_MAKE = """
WITH tenure AS (
  INSERT INTO accounts_tenure (number_id, seq, channel, channel_ref, paid, paid_until, rules_version_id, acceptance,
    started_at)
  SELECT id, 1, 'client', '', %(paid)s, NULL, %(rules)s, 'by_use', %(started)s
  FROM unnest(%(ids)s::bigint[]) AS g(id) WHERE %(held)s ORDER BY id RETURNING *),
tenure_history AS ({tenure_history}),
number AS (
  INSERT INTO accounts_number (id, lifecycle, tier, tenure_id, legal_hold, protection,
    reclaim_exempt_reason, revision)
  SELECT g.id, %(lifecycle)s, %(tier)s, t.id, %(legal_hold)s, %(protection)s, '', 0
  FROM unnest(%(ids)s::bigint[]) AS g(id) LEFT JOIN tenure t ON t.number_id = g.id ORDER BY g.id RETURNING *),
number_history AS ({number_history})
SELECT (SELECT count(*) FROM number), (SELECT count(*) FROM tenure)"""


def build() -> None:
    """Make roles, system actors and the cast in an empty database."""
    people.settle()
    keys.settle()
    watch.begin("default")
    with origin.origin(origin.SYSTEM):
        setup = Staff.objects.system("system-setup")
        for login, role in LOGINS.items():
            people.join(login, role, password=PASSWORD, actor=setup, reason="cast of the tests")


def everybody() -> dict[str, Staff]:
    """The cast by login, each with the roles held, in one query; made where it is not there."""
    if not (found := _there()):
        build()
        found = _there()
    return found


def _there() -> dict[str, Staff]:
    return {person.username: person for person in at_desk().filter(is_system=False, username__in=LOGINS)}


def make_numbers(
    ids: Sequence[int],
    lifecycle: str = "in_use",
    *,
    tier: int = 0,
    paid: bool = False,
    legal_hold: bool = False,
    protection: str = "",
    started_at: datetime.datetime | None = None,
) -> None:
    """Make numbers, and a tenure for each that someone holds, with their history and one event."""
    sql = _MAKE.format(
        tenure_history=recorder.history_insert(Tenure, recorder.CREATED, source="tenure live"),
        number_history=recorder.history_insert(Number, recorder.CREATED, source="number live"),
    )
    setup = Staff.objects.system("system-setup")
    rules = version_in_force(timezone.now()) or load_summaries(actor=setup)
    given = {
        "ids": list(ids),
        "lifecycle": lifecycle,
        "tier": tier,
        "paid": paid,
        "legal_hold": legal_hold,
        "protection": protection,
        "held": lifecycle in HELD,
        "rules": rules.pk,
        "started": started_at or timezone.now() - datetime.timedelta(days=400),
    }
    with recorder.act("demo.built", actor=setup, reason="numbers of a test") as act, connection.cursor() as cursor:
        cursor.execute(sql, act.params | given)
        numbers, tenures = cursor.fetchone()
        act.facts.update(numbers=numbers)
        act.wrote(recorder.history_model(Number), rows=numbers)
        act.wrote(recorder.history_model(Tenure), rows=tenures)


def succeeded(one: Number, actor: Staff) -> tuple[Tenure, Tenure]:
    """End the number's tenure 100 days ago and give it a second one from 50 days ago."""
    now = timezone.now()
    assert one.tenure_id
    first = Tenure.objects.get(pk=one.tenure_id)
    with recorder.act("demo.built", actor=actor, reason="a second tenure", facts={"numbers": 1}) as act:
        first.ended_at = now - datetime.timedelta(days=100)
        first.save(update_fields=["ended_at"])
        second = Tenure(
            number=one, seq=2, channel="web", rules_version_id=first.rules_version_id,
            started_at=now - datetime.timedelta(days=50),
        )  # fmt: skip
        second.save()
        one.tenure = second
        one.save(update_fields=["tenure"])
        act.wrote(recorder.history_model(Tenure), recorder.history_model(Tenure), recorder.history_model(Number))
    return first, second


@pytest.fixture(autouse=True)
def _from_somewhere() -> Iterator[None]:
    """Acts called by a test directly come from a command; doors open an origin of their own."""
    with origin.origin(origin.COMMAND, os_user="tester"):
        yield


@pytest.fixture
def cast(db: None) -> dict[str, Staff]:
    return everybody()


@pytest.fixture
def setup_actor(cast: dict[str, Staff]) -> Staff:
    return Staff.objects.system("system-setup")


@pytest.fixture
def expiry_actor(cast: dict[str, Staff]) -> Staff:
    return Staff.objects.system("system-expiry")


@pytest.fixture
def agent(cast: dict[str, Staff]) -> Staff:
    return cast["agent"]


@pytest.fixture
def reviewer(cast: dict[str, Staff]) -> Staff:
    return cast["reviewer"]


@pytest.fixture
def reviewer2(cast: dict[str, Staff]) -> Staff:
    return cast["reviewer2"]


@pytest.fixture
def officer(cast: dict[str, Staff]) -> Staff:
    return cast["officer"]


@pytest.fixture
def officer2(cast: dict[str, Staff]) -> Staff:
    return cast["officer2"]


@pytest.fixture
def supervisor(cast: dict[str, Staff]) -> Staff:
    return cast["supervisor"]


@pytest.fixture
def supervisor2(cast: dict[str, Staff]) -> Staff:
    return cast["supervisor2"]


@pytest.fixture
def resources(cast: dict[str, Staff]) -> Staff:
    return cast["resources"]


@pytest.fixture
def privacy(cast: dict[str, Staff]) -> Staff:
    return cast["privacy"]


@pytest.fixture
def auditor(cast: dict[str, Staff]) -> Staff:
    return cast["auditor"]


@pytest.fixture
def sysadmin(cast: dict[str, Staff]) -> Staff:
    return cast["sysadmin"]


@pytest.fixture
def outsider(cast: dict[str, Staff]) -> Staff:
    return cast["outsider"]


@pytest.fixture
def rulebook(setup_actor: Staff) -> RuleVersion:
    """The bundled summaries, in force. Not committed with the cast: tests of the rulebook begin with none."""
    return load_summaries(actor=setup_actor)


@pytest.fixture
def numbers(cast: dict[str, Staff]) -> Callable[..., list[int]]:
    """`numbers(3)` makes three numbers in use and returns them; keywords as for `make_numbers`."""
    fresh = itertools.count(88_880_001)

    def make(count: int, lifecycle: str = "in_use", **more: Any) -> list[int]:
        ids = list(itertools.islice(fresh, count))
        make_numbers(ids, lifecycle, **more)
        return ids

    return make


@pytest.fixture
def number(numbers: Callable[..., list[int]]) -> Callable[..., Number]:
    """`number()` makes one number in use, `number("terminated", tier=2)` another; `id=` picks its digits."""

    def make(lifecycle: str = "in_use", *, id: int | None = None, **more: Any) -> Number:
        if id is None:
            (id,) = numbers(1, lifecycle, **more)
        else:
            make_numbers([id], lifecycle, **more)
        return Number.objects.get(pk=id)

    return make


@pytest.fixture
def token(cast: dict[str, Staff]) -> Callable[[Staff], str]:
    """A fresh command token of a person."""
    return issue_token
