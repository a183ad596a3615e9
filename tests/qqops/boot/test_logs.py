"""What is logged in production: one object a line, whence it came, and nothing of what was asked or typed."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from contextvars import Context
from typing import Any

import pytest
from django.conf import settings as live
from django.test import Client

from qqops.audit import origin
from qqops.boot.logs import HideLinks, JsonLine, Whence
from qqops.staff.models import Staff
from tests.qqops.boot.test_setup import GOOD, run

TYPED = "13812345678"


class Lines(logging.Handler):
    """As the console of production writes them."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(JsonLine())
        self.addFilter(HideLinks())
        self.addFilter(Whence())
        self.said: list[dict[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        assert "\n" not in line
        self.said.append(json.loads(line))


@pytest.fixture
def lines() -> Iterator[list[dict[str, Any]]]:
    handler, access = Lines(), logging.getLogger("qqops.access")
    before = access.level
    access.setLevel(logging.INFO)
    logging.getLogger().addHandler(handler)
    yield handler.said
    logging.getLogger().removeHandler(handler)
    access.setLevel(before)


def accessed(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [line for line in lines if line["logger"] == "qqops.access"]


@pytest.mark.django_db
def test_a_request_is_a_line_with_its_id_and_who_asked_and_nothing_of_the_query_or_the_form(
    officer: Staff, lines: list[dict[str, Any]]
) -> None:
    client = Client()
    client.force_login(officer)
    answer = client.post(f"/admin/jump/?q={TYPED}", {"q": TYPED})
    (line,) = accessed(lines)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+\+00:00", line.pop("time"))
    assert 0 <= line.pop("duration_ms") < 60_000
    assert line == {
        "level": "INFO",
        "logger": "qqops.access",
        "message": "POST /admin/jump/ 200",
        "request_id": answer["X-Request-ID"],
        "source": "web",
        "staff": officer.pk,
        "method": "POST",
        "path": "/admin/jump/",
        "status": 200,
    }
    assert TYPED not in str(lines) and officer.username not in str(lines)


@pytest.mark.django_db
def test_whoever_is_turned_away_leaves_a_line_too_and_a_probe_that_is_well_leaves_none(
    settings: Any, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    Client().get("/admin/")
    assert Client().get("/healthz").status_code == 200
    settings.QQOPS_ADDRESSES = ["10.0.0.0/8"]
    refused = Client().get("/admin/")
    found = accessed(lines)
    assert [(line["path"], line["status"]) for line in found] == [("/admin/", 302), ("/admin/", 403)]
    assert not any("staff" in line for line in found) and found[1]["request_id"] == refused["X-Request-ID"]
    monkeypatch.setattr("qqops.boot.translations.compiled", lambda: False)
    monkeypatch.setattr("qqops.boot.probes.readiness._until", 0.0)
    assert Client().get("/readyz").status_code == 503
    assert accessed(lines)[-1]["path"] == "/readyz"
    monkeypatch.setattr("qqops.boot.probes.readiness._until", 0.0)


@pytest.mark.django_db
def test_a_path_is_one_line_of_ascii_and_a_link_to_a_first_password_is_none(lines: list[dict[str, Any]]) -> None:
    Client().get("/号码/%0Aforged/")
    Client().get("/account/welcome/MQ/a-b/")
    forged, link = accessed(lines)
    assert forged["path"] == "/%E5%8F%B7%E7%A0%81/%0Aforged/" and forged["message"].isascii()
    assert link["path"] == "/account/welcome/…" and link["message"] == "GET /account/welcome/… 404"


@pytest.mark.django_db
def test_a_page_that_fails_is_told_with_the_request_s_id(
    officer: Staff, lines: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    from qqops.staff.signin import recent_auth

    def fail(request: Any) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr(recent_auth, "is_fresh", fail)
    client = Client(raise_request_exception=False)
    client.force_login(officer)
    answer = client.get(f"/admin/password/?next={TYPED}")
    (failed,) = [line for line in lines if line["logger"] == "django.request"]
    assert (failed["level"], failed["request_id"]) == ("ERROR", answer["X-Request-ID"])
    assert failed["error"].startswith("Traceback") and TYPED not in json.dumps(lines)


def test_what_a_package_hangs_on_a_line_stays_out_and_a_command_is_named_as_its_source(
    lines: list[dict[str, Any]],
) -> None:
    with origin.origin(origin.COMMAND, os_user="root") as here:
        logging.getLogger("a.package").error("Job failed", extra={"job": {"mobile": TYPED}, "request": TYPED})
    Context().run(logging.getLogger("a.package").error, "Outside")
    for line in lines:
        line.pop("time")
    assert lines == [
        {
            "level": "ERROR",
            "logger": "a.package",
            "message": "Job failed",
            "request_id": str(here.request_id),
            "source": "command",
        },
        {"level": "ERROR", "logger": "a.package", "message": "Outside"},
    ]


SAYING = (
    "import django; django.setup()\n"
    "import logging\n"
    "for name in ('qqops.access', 'django.request', 'gunicorn.error', 'x'):\n"
    "    log = logging.getLogger(name)\n"
    "    log.info('told'), log.warning('warned'), log.error('failed')\n"
)


@pytest.mark.parametrize(
    ("given", "reading", "said"),
    [
        (
            GOOD,
            lambda line: (json.loads(line)["logger"], json.loads(line)["level"]),
            {("qqops.access", "INFO"), ("qqops.access", "WARNING"), ("gunicorn.error", "WARNING"), ("x", "WARNING")},
        ),
        (
            {},
            lambda line: re.findall(r"^\S+ \S+ (\S+) (\S+): \w+$", line)[0][::-1],
            {
                ("qqops.access", "WARNING"),
                ("django.request", "WARNING"),
                ("gunicorn.error", "WARNING"),
                ("x", "WARNING"),
            },
        ),
    ],
)
def test_production_writes_objects_and_every_request_and_the_demo_lines_for_people(
    given: dict[str, str], reading: Callable[[str], Any], said: set[tuple[str, str]]
) -> None:
    done = run("-c", SAYING, **given)
    found = {reading(line) for line in done.stderr.splitlines()}
    errors = {(name, "ERROR") for name in ("qqops.access", "django.request", "gunicorn.error", "x")}
    assert (done.returncode, found) == (0, said | errors), done.stderr


def test_every_way_to_the_console_hides_what_must_not_stand_there() -> None:
    handlers: Any = live.LOGGING["handlers"]
    assert {name: one["filters"] for name, one in handlers.items()} == {"console": ["links", "whence"]}
