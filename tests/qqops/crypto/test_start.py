"""With the wrong keys neither web nor worker starts; a key that is lost later shows no page with garbage in it."""

import logging
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.test import Client

from accounts.models import IdentityKey
from qqops.crypto.models import SealingKey
from qqops.crypto.seal import CannotOpen, new_key
from qqops.staff.models import Staff
from qqops.web.outage import OutageMiddleware
from tests.identities import tell
from tests.pages import number_url
from tests.qqops.crypto.conftest import NAME, NEW, OLD
from tests.qqops.crypto.test_keys import MISSING, WRONG

Start = Callable[..., None]
SAID = "docs/keys.md"  # in the page of either language
WORKER = ["-m", "django", "procrastinate", "worker", "--one-shot"]


def web(port: int, workers: int = 2) -> list[str]:
    bind = ["--bind", f"127.0.0.1:{port}", "--workers", str(workers)]
    return ["-m", "gunicorn", "--config", "python:qqops.boot.gunicorn", *bind]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def run(words: list[str], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=django_settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=60)


@pytest.mark.django_db(transaction=True)
def test_with_wrong_keys_no_process_starts_and_each_says_so_in_one_sentence(
    cast: dict[str, Staff], process_env: dict[str, str]
) -> None:
    wrong = f"{NAME}:{new_key()}"
    for code, words, given, sentence in (
        (3, web(free_port()), NEW, MISSING),
        (1, WORKER, wrong, WRONG),
        (1, ["manage.py", "migrate"], wrong, WRONG),
        (1, ["-m", "qqops.boot.serve"], NEW, MISSING),
    ):
        done = run(words, process_env | {"QQOPS_SEAL_KEYS": given, "PORT": str(free_port())})
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert sentence in said and "Traceback" not in said
        assert given.partition(":")[2] not in said
    assert list(SealingKey.objects.values_list("pk", flat=True)) == [NAME]


@pytest.mark.django_db(transaction=True)
def test_a_worker_that_starts_with_a_new_key_in_front_has_it_registered(
    cast: dict[str, Staff], process_env: dict[str, str]
) -> None:
    done = run(WORKER, process_env | {"QQOPS_SEAL_KEYS": f"{NEW},{OLD}"})
    assert done.returncode == 0, done.stderr
    assert SealingKey.objects.filter(pk="new").exists()


@pytest.mark.django_db(transaction=True)
def test_the_web_starts_without_its_database_and_with_it_registers_the_new_key(
    cast: dict[str, Staff], process_env: dict[str, str], tmp_path: Any
) -> None:
    keys = {"QQOPS_SEAL_KEYS": f"{NEW},{OLD}"}
    away = {"DATABASE_URL": f"postgresql://nobody@:5432/{tmp_path}/nowhere"}
    assert answer(process_env | keys | away) == (503, False)
    assert answer(process_env | keys) == (200, False)
    assert SealingKey.objects.filter(pk="new").exists()


def answer(env: dict[str, str]) -> tuple[int, bool]:
    """What the sign-in page answers, and whether it speaks of sealed information."""
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, *web(port)], cwd=django_settings.BASE_DIR, env=env, stderr=subprocess.DEVNULL
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/account/login/") as page:
                    return page.status, SAID in page.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, SAID in error.read().decode()
            except urllib.error.URLError:
                assert server.poll() is None
                time.sleep(0.1)
        raise AssertionError("the web does not answer")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)


def test_a_page_whose_key_is_lost_is_a_bare_page_and_the_log_names_the_key_alone(
    number: Callable[..., Any], cast: dict[str, Staff], with_keys: Start, caplog: pytest.LogCaptureFixture
) -> None:
    identity = tell(number(), cast["privacy"])
    client = Client()
    client.force_login(cast["agent"])
    client.cookies["django_language"] = "en"
    shown = client.get(number_url(identity.tenure.number_id))
    assert shown.status_code == 200 and "138****5678" in shown.content.decode()
    IdentityKey.objects.filter(pk=identity.pk).update(wrapped=b"x" * 60)
    with caplog.at_level(logging.ERROR):
        lost = client.get(number_url(identity.tenure.number_id))
    page = lost.content.decode()
    assert lost.status_code == 503 and "Sealed information cannot be opened" in page
    assert 'class="bare"' in page and "138" not in page and lost["Cache-Control"] == "no-store, private"
    said = [r.getMessage() for r in caplog.records if r.name == "qqops.web.outage"]
    assert said == ["Sealed information cannot be opened: changed, or sealed for something else"]


def test_a_process_that_could_not_look_at_its_start_refuses_each_request(
    cast: dict[str, Staff], with_keys: Start, caplog: pytest.LogCaptureFixture
) -> None:
    def view(request: HttpRequest) -> HttpResponse:
        raise AssertionError("not reached")

    request = HttpRequest()
    request.user = AnonymousUser()
    with_keys(NEW)
    for _twice in range(2):
        assert OutageMiddleware(view)(request).status_code == 503
    assert [r.getMessage() for r in caplog.records] == [f"Sealed information cannot be opened: {MISSING}"] * 2
    with_keys(OLD)
    assert OutageMiddleware(lambda _request: HttpResponse("seen"))(request).content == b"seen"


def test_other_errors_are_left_to_those_who_know_them() -> None:
    middleware = OutageMiddleware(lambda _request: HttpResponse())
    assert middleware.process_exception(HttpRequest(), ValueError()) is None
    answered = middleware.process_exception(HttpRequest(), CannotOpen("no key 'a'"))
    assert answered is not None and answered.status_code == 503
