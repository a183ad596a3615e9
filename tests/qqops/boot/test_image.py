"""The image and its services, as far as they can be read without running them: what is in, as whom, with which keys."""

import json
import os
import re
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from qqops.boot.database import APPLICATION, BASE_DIR, NAME, OWNER
from qqops.boot.firstkeys import fresh
from qqops.boot.probes import PROBES
from qqops.boot.serve import WORKER
from tests.qqops.boot.test_setup import run

DOCKERFILE = (BASE_DIR / "Dockerfile").read_text()
STEPS = re.findall(r"^([A-Z]+) (.+)$", re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.M)), re.M)
HOUSE: dict[str, Any] = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = HOUSE["services"]
OURS = ("migrate", "web", "worker")


def steps(kind: str) -> list[str]:
    return [words for step, words in STEPS if step == kind]


def test_the_image_is_made_in_two_stages_of_one_named_base_from_the_locked_list() -> None:
    assert [words.partition(" ")[0] for words in steps("FROM")] == ["python:${PYTHON}"] * 2
    (base,) = [words.removeprefix("PYTHON=") for words in steps("ARG")]
    assert re.fullmatch(r"3\.\d+(\.\d+)?-slim-\w+", base)
    assert any("--require-hashes --requirement requirements.txt" in words for words in steps("RUN"))
    (installed,) = re.findall(r"pip install ([^\\\n]*[^\\\s])", DOCKERFILE)
    assert installed == "--require-hashes --requirement requirements.txt"


def test_it_runs_as_nobody_in_particular_and_is_asked_whether_it_lives() -> None:
    kinds = [step for step, _words in STEPS]
    (user,), (asked,) = steps("USER"), steps("HEALTHCHECK")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user) and "http://127.0.0.1:8000/healthz" in asked
    assert kinds.index("USER") > len(kinds) - 1 - kinds[::-1].index("FROM")  # of the stage that is kept
    (command,) = steps("CMD")
    assert json.loads(command) == ["gunicorn", "--config", "python:qqops.boot.gunicorn"]
    environment = " ".join(steps("ENV"))
    assert not re.search(r"SECRET|PASSWORD|SEAL|CHECKPOINT|DATABASE", environment)


def test_only_what_runs_comes_into_it() -> None:
    rules = [line for line in (BASE_DIR / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert rules[0] == "*"
    let_in = {rule[1:] for rule in rules if rule.startswith("!")}
    assert let_in == {"requirements.txt", "manage.py", "qqops", "accounts", "enforcement", "appeals"}
    kept_out = [rule for rule in rules if rule[0] not in "*!" or rule.startswith("**")]
    assert kept_out == ["**/__pycache__", "**/*.mo"]
    tracked = subprocess.run(["git", "ls-files"], cwd=BASE_DIR, capture_output=True, text=True, check=True).stdout
    inside = [path for path in tracked.splitlines() if path.split("/")[0] in let_in]
    assert not [path for path in inside if fnmatch(path, "*secret*") or fnmatch(path, "*.key") or "/tests/" in path]


def test_every_image_has_a_tag_and_every_service_of_ours_may_write_nowhere() -> None:
    for name, service in SERVICES.items():
        assert re.search(r":.*\d", service["image"]) and "latest" not in service["image"], name
    for name in OURS:
        service = SERVICES[name]
        assert service["read_only"] and service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name


def test_nothing_is_reached_from_outside_but_the_web_by_its_proxy() -> None:
    assert {name: service.get("ports", []) for name, service in SERVICES.items()} == {
        "database": [], "migrate": [], "web": ["127.0.0.1:8000:8000"], "worker": []
    }  # fmt: skip


def test_each_waits_for_what_it_needs_and_comes_back() -> None:
    assert "pg_isready" in SERVICES["database"]["healthcheck"]["test"]
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("web", "worker"):
        assert SERVICES[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert {name: service["restart"] for name, service in SERVICES.items()} == {
        "database": "unless-stopped", "migrate": "no", "web": "unless-stopped", "worker": "unless-stopped"
    }  # fmt: skip
    assert "database:/var/lib/postgresql" in SERVICES["database"]["volumes"]  # as the images from 18 on have it
    assert SERVICES["worker"]["command"][2:] == WORKER[1:]


def test_each_secret_is_made_by_the_house_and_lies_only_where_it_is_used() -> None:
    assert set(HOUSE["secrets"]) == set(fresh())
    has = {secret: {name for name, one in SERVICES.items() if secret in one["secrets"]} for secret in HOUSE["secrets"]}
    assert has == {
        "database_password": {"database"},
        "database_owner_url": {"database", "migrate"},
        "database_url": {"database", *OURS},
        "secret_key": {*OURS},
        "seal_keys": {*OURS},
        "checkpoint_public": {*OURS},
        "checkpoint_key": {"worker"},
        "webhook_key": {"worker"},
    }
    for name, service in SERVICES.items():
        given = {v.removeprefix("/run/secrets/") for v in service["environment"].values() if "/run/secrets/" in v}
        read_by_roles_sh = {"database_url", "database_owner_url"} if name == "database" else set()
        assert given | read_by_roles_sh == set(service["secrets"]), name


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The secrets of a new house."""
    folder = tmp_path_factory.mktemp("house") / "secrets"
    assert run("-m", "qqops.boot.firstkeys", str(folder)).returncode == 0
    return folder


def given(service: str, folder: Path) -> dict[str, str]:
    example = (BASE_DIR / "deploy" / "house.env.example").read_text()
    said = dict(line.split("=", 1) for line in example.splitlines() if line and not line.startswith("#"))
    own = {key: str(value) for key, value in SERVICES[service]["environment"].items()}
    places = {key: value.replace("/run/secrets", str(folder)) for key, value in own.items()}
    return {"QQOPS_ENV": "production", **said, **places}


def test_no_variable_is_given_that_nothing_reads() -> None:
    """A slip in a name is no error anywhere: what it was to say is simply not so."""
    code = "".join((BASE_DIR / "qqops" / name).read_text() for name in ("settings.py", "boot/database.py"))
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', code)) | {"PGOPTIONS"}  # the last, by PostgreSQL's client
    for service in OURS:
        assert {name.removesuffix("_FILE") for name in given(service, BASE_DIR)} <= read, service
    built = {name.removesuffix("_FILE") for name in re.findall(r"(?:^|\s)([A-Z_]+)=", " ".join(steps("ENV")[1:]))}
    by_others = {"PATH", "PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE", "PORT", "WEB_CONCURRENCY"}  # Python, gunicorn
    assert built <= read | by_others
    to_collect = re.findall(r"(?:^|\s)([A-Z_]+)=keys/", DOCKERFILE)
    assert len(to_collect) == 4 and {name.removesuffix("_FILE") for name in to_collect} <= read


def test_what_the_services_run_and_ask_for_is_there() -> None:
    assert SERVICES["migrate"]["command"] == ["python", "manage.py", "migrate"] and "command" not in SERVICES["web"]
    assert {"migrate", "procrastinate"} <= set(get_commands())
    (asked,) = steps("HEALTHCHECK")
    (probe,) = re.findall(r"http://127\.0\.0\.1:8000/(\w+)", asked)
    assert probe in PROBES and "PORT=8000" in " ".join(steps("ENV"))
    mounted = [source for one in SERVICES.values() for source in one.get("volumes", [])]
    for source in (one.partition(":")[0] for one in mounted):
        assert (BASE_DIR / source).is_file() if source.startswith(".") else source in HOUSE["volumes"]


@pytest.mark.parametrize(
    ("service", "logins", "signs"),
    [
        ("migrate", [APPLICATION, OWNER], False),
        ("web", [APPLICATION, APPLICATION], False),
        ("worker", [APPLICATION, APPLICATION], True),
    ],
)
def test_with_them_each_service_starts_as_the_role_that_it_is(
    service: str, logins: list[str], signs: bool, folder: Path
) -> None:
    code = (
        "from django.conf import settings as s; import json; from qqops.audit.checkpoints import text\n"
        "print(json.dumps([[d['USER'] for d in s.DATABASES.values()], bool(s.QQOPS_CHECKPOINT_KEY),"
        " list(text.publics()), s.DATABASES['default']['HOST'], s.DATABASES['default']['NAME']]))"
    )
    done = run("-c", code, **given(service, folder))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [logins, signs, ["c1"], "database", NAME]


def test_the_secrets_are_for_nobody_else_and_never_written_over(folder: Path) -> None:
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {one.stat().st_mode & 0o777 for one in folder.iterdir()} == {0o444}
    before = {one.name: one.read_text() for one in folder.iterdir()}
    again = run("-m", "qqops.boot.firstkeys", str(folder))
    assert again.returncode == 1 and "nothing was written" in again.stderr
    assert {one.name: one.read_text() for one in folder.iterdir()} == before
    assert not any(content in again.stderr for content in before.values())


def test_the_database_s_roles_get_the_passwords_of_the_addresses(folder: Path, tmp_path: Path) -> None:
    """roles.sh as the database's image would run it, with a psql that repeats what it was given."""
    psql = tmp_path / "psql"
    psql.write_text('#!/bin/sh\nprintf "%s\\n" "$@"; cat\n')
    psql.chmod(0o755)
    script = tmp_path / "roles.sh"
    script.write_text((BASE_DIR / "deploy" / "roles.sh").read_text().replace("/run/secrets", str(folder)))
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", str(script)], env={"PATH": path, "POSTGRES_USER": "postgres"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for variable, secret in (("owner", "database_owner_url"), ("app", "database_url")):
        password = re.findall(r":([^:@]+)@", (folder / secret).read_text())[0]
        assert f"--set={variable}={password}\n" in done.stdout
    for role in (OWNER, APPLICATION):
        assert f"CREATE ROLE {role} LOGIN PASSWORD" in done.stdout
    assert f"CREATE DATABASE {NAME} OWNER {OWNER};" in done.stdout
