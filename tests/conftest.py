"""The database and the settings of the tests.

The owner makes and flushes the test database; the code under test meets it as the application's role, with the
rights it has in production. With the embedded engine the tests have a server of their own, which may lose data
in a crash and never meets the demo's.
"""

import os
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import hypothesis
import pytest
from django.conf import settings
from django.core.management.color import Style
from django.db import connections
from django.db.backends.postgresql.operations import DatabaseOperations
from django.utils import timezone
from playwright.sync_api import Playwright
from psycopg import sql
from whitenoise.middleware import WhiteNoiseMiddleware  # type: ignore[import-untyped]

from qqops.boot import database
from tests import chromium, template

pytest_plugins = ["tests.cast", "tests.desk", "tests.identities", "tests.supply", "tests.terminal"]
ALIASES = ["default", "owner"]
DATABASE_FIXTURES = {"db", "transactional_db", "live_server"}

# Playwright keeps an event loop running in the thread of the tests; Django takes that for async code.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Two busy cores make any deadline a coin to toss.
hypothesis.settings.register_profile("house", deadline=None)
hypothesis.settings.load_profile("house")


def pytest_configure() -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test of the database both of its aliases."""
    for item in items:
        mark = item.get_closest_marker("django_db")
        if mark is None and not DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            continue
        arguments = dict(mark.kwargs) if mark else {}
        arguments["databases"] = ALIASES
        item.add_marker(pytest.mark.django_db(*(mark.args if mark else ()), **arguments), append=False)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Let the last minute of a day pass, so that what a test calls today is still today when it ends."""
    now = timezone.localtime()
    if (now.hour, now.minute) == (23, 59):
        time.sleep(60 - now.second)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: Any) -> None:
    if settings.EMBEDDED_DATABASE:
        loose = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        engine = database.embedded(database.BASE_DIR, "test", **loose)
        engine.start()
        for alias in ALIASES:
            connections[alias].settings_dict["HOST"] = settings.DATABASES[alias]["HOST"] = str(engine.home)
    # Django points mirrors at the test database only after migrating it, yet what follows a migration (roles,
    # system actors) is written as the application: without this it would be written to the real database.
    signature: tuple[str, ...] = connections["owner"].creation.test_db_signature()
    name = signature[-1]
    connections["default"].settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name
    if settings.EMBEDDED_DATABASE:
        with django_db_blocker.unblock():
            connections["owner"].settings_dict["TEST"] |= {"TEMPLATE": template.schema(), "MIGRATE": False}


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    from tests import cast  # its models need the apps, which are not there yet when this file is read

    with django_db_blocker.unblock():
        cast.build()
        if settings.EMBEDDED_DATABASE:
            _keep(connections["owner"])
    yield
    connections.close_all()  # an open connection of the application would keep the database from being dropped


_kept: dict[str, bytes] = {}  # the rows that every test begins with, by table, as COPY gives them


@pytest.fixture(scope="session", autouse=True)
def _flush_through_the_guards() -> None:
    """Let what a transactional test has filled be emptied; the triggers of the record refuse that otherwise.

    With the embedded engine its superuser does it, and puts back what every test begins with. Elsewhere Django empties
    all, and the cast is built anew.
    """
    plain = DatabaseOperations.sql_flush

    def sql_flush(self: Any, style: Style, tables: Sequence[str], **options: bool) -> list[str]:
        if not tables:
            return []
        if settings.EMBEDDED_DATABASE:
            _restore(self.connection)
            return []
        tables = template.changing(self.connection)
        alter = [f"ALTER TABLE {self.quote_name(table)} %s TRIGGER USER" for table in tables]
        return [
            *(line % "DISABLE" for line in alter),
            *plain(self, style, tables, **options),
            *(line % "ENABLE" for line in alter),
        ]

    DatabaseOperations.sql_flush = sql_flush  # type: ignore[method-assign]


def _keep(connection: Any) -> None:
    with template.superuser(connection) as server, server.cursor() as cursor:
        for table, _size in template.filled(server, connection):
            with cursor.copy(
                sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT BINARY)").format(sql.Identifier(table))
            ) as rows:
                _kept[table] = b"".join(rows)


def _restore(connection: Any) -> None:
    with template.superuser(connection) as server, server.cursor() as cursor:
        template.empty(server, connection)
        for table, content in _kept.items():
            with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT BINARY)").format(sql.Identifier(table))) as rows:
                rows.write(content)


@pytest.fixture(scope="session", autouse=True)
def _look_for_static_files_once() -> None:
    """Every browser of a test has the whole stack of middleware made for it, and this one goes through 137 files."""
    plain, found = WhiteNoiseMiddleware.add_files_from_finders, dict[str, Any]()

    def add_files(self: Any) -> None:
        if not found:
            plain(self)
            found.update(self.files)
        self.files |= found

    WhiteNoiseMiddleware.add_files_from_finders = add_files


@pytest.fixture
def process_env(db: None) -> dict[str, str]:
    """The environment in which another process (manage.py, a worker) meets this test's database."""
    return os.environ | {
        "DJANGO_SETTINGS_MODULE": "qqops.settings",
        "DATABASE_URL": _url("default"),
        "DATABASE_OWNER_URL": _url("owner"),
    }


def _url(alias: str) -> str:
    one = {key: quote(str(value)) for key, value in connections[alias].settings_dict.items()}
    login = one["USER"] + (":" + one["PASSWORD"] if one["PASSWORD"] else "")
    # django-environ takes a socket's folder as the start of the path.
    place = f":{one['PORT']}/{one['HOST']}" if one["HOST"].startswith("/") else f"{one['HOST']}:{one['PORT'] or 5432}"
    return f"postgresql://{login}@{place}/{one['NAME']}"


@pytest.fixture(scope="session")
def playwright(playwright: Playwright) -> Iterator[Playwright]:
    """While its event loop runs Django has other connections in this thread; afterwards nobody finds them to close."""
    yield playwright
    connections.close_all()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return browser_type_launch_args | chromium.launch_arguments()
