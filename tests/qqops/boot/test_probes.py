"""What machines ask of a process: whether it answers, and whether it can serve people."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, ProgrammingError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from qqops.audit import partitions
from qqops.audit.partitions import Months
from qqops.boot import probes, translations
from qqops.crypto import keys
from qqops.staff.models import Staff
from tests.qqops.staff.signin.test_headers import guarded

WELL = {"ready": True} | dict.fromkeys(("catalogue", "migrations", "keys", "months", "database"), "ok")


@pytest.fixture(autouse=True)
def readiness(monkeypatch: pytest.MonkeyPatch) -> probes.Readiness:
    """Nothing found before this test, and nothing held."""
    fresh = probes.Readiness()
    monkeypatch.setattr(probes, "readiness", fresh)
    monkeypatch.setattr(probes, "HELD", 0.0)
    return fresh


@pytest.fixture
def no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **options: Any) -> Any:
        raise OperationalError("connection to server at 10.1.2.3 failed: password of qqops_app")

    monkeypatch.setattr(connection, "cursor", away)


def raising(error: Exception) -> Callable[..., Any]:
    def fail(*args: Any, **options: Any) -> Any:
        raise error

    return fail


def asked(path: str = "/readyz", **headers: str) -> tuple[int, dict[str, Any]]:
    answer = Client(headers=headers).get(path)
    guarded(answer)
    assert answer["X-Request-ID"] and not answer.cookies
    return answer.status_code, answer.json()


@pytest.mark.django_db
def test_a_process_that_answers_says_so_to_anybody_without_a_database(
    settings: Any, no_database: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    settings.QQOPS_ADDRESSES, settings.SECURE_SSL_REDIRECT = ["10.0.0.0/8"], True
    settings.ALLOWED_HOSTS = ["qqops.example"]
    with django_assert_num_queries(0):
        assert asked("/healthz", host="10.4.5.6:8000") == (200, {"alive": True})
    assert Client(headers={"host": "10.4.5.6:8000"}).get("/admin/").status_code != 200


@pytest.mark.django_db
def test_a_house_that_is_whole_is_ready_after_two_queries(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    asked()  # what does not change is read once by each process
    with django_assert_num_queries(2):
        assert asked() == (200, WELL)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_probe_only_reads(officer: Staff, path: str) -> None:
    client = Client()
    client.force_login(officer)
    assert client.head(path).status_code == 200
    assert [getattr(client, method)(path).status_code for method in ("post", "put", "delete", "options")] == [405] * 4
    assert Client().get(path + "/").status_code == 404


@pytest.mark.django_db
def test_without_its_database_it_is_not_ready_and_tells_nothing_of_where_that_is(no_database: None) -> None:
    assert asked() == (503, {"ready": False, "catalogue": "ok", "database": "not reached"})


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("where", "name", "instead", "said"),
    [
        (translations, "compiled", lambda: False, {"catalogue": "not compiled"}),
        (keys, "ready", raising(keys.UnfitKeys("the key a is missing")), {"keys": "do not fit"}),
        (keys, "ready", raising(ProgrammingError("no table")), {"keys": "do not fit"}),
        (partitions, "state", raising(ProgrammingError("no function")), {"months": "missing"}),
        (partitions, "state", lambda: [Months("audit_event", 0, None, False)], {"months": "missing"}),
    ],
)
def test_what_it_lacks_is_named_and_no_more(
    monkeypatch: pytest.MonkeyPatch, where: Any, name: str, instead: Any, said: dict[str, str]
) -> None:
    monkeypatch.setattr(where, name, instead)
    assert asked() == (503, WELL | {"ready": False} | said)


@pytest.mark.django_db
def test_it_is_ready_when_every_migration_on_its_disk_was_applied_and_others_may_be_too() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations")
        assert cursor.fetchone()[0] > 50
    waits, further = ("enforcement", "9999_not_applied"), ("enforcement", "0001_initial")
    probes.readiness._newest = {waits}
    assert asked() == (503, WELL | {"ready": False, "migrations": "not applied"})
    probes.readiness._newest = {further}
    assert asked() == (200, WELL)


@pytest.mark.django_db
def test_what_was_found_is_given_again_for_a_while(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(probes, "HELD", 60.0)
    asked()
    monkeypatch.setattr(translations, "compiled", lambda: False)
    with django_assert_num_queries(0):
        assert asked() == (200, WELL)


def test_of_many_who_ask_at_once_one_looks_and_nobody_waits(
    readiness: probes.Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    looking, go_on, looks = threading.Event(), threading.Event(), []

    def look() -> dict[str, str]:
        looks.append(1)
        looking.set()
        assert go_on.wait(10)
        return {"database": "ok"}

    monkeypatch.setattr(readiness, "look", look)
    first = threading.Thread(target=readiness.now)
    first.start()
    assert looking.wait(10)
    assert readiness.now() == {} and looks == [1]
    go_on.set()
    first.join()
    assert readiness.now() == {"database": "ok"}
