"""A change of keys: everything opens at every moment, a run that was killed is gone on with, the old key is let go."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.conf import settings as django_settings
from django.db import connection, connections

from accounts.identity.formats import Field
from accounts.identity.queries import identities, opened
from accounts.models import IdentityKey, Registrant, Tenure
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.crypto import keys, rotation, seal
from qqops.crypto.models import HouseKey, RetiredKey, SealingKey
from qqops.staff.models import Staff
from qqops.staff.sealed_fields import PURPOSE
from tests.accounts.identity.test_record import whole
from tests.campaign import size
from tests.identities import ADULT, MINOR, tell, tell_many
from tests.qqops.crypto.conftest import NAME, NEW, OLD
from tests.qqops.staff.signin.steps import app_of, recovery_codes_of
from tests.terminal import Terminal

Start = Callable[..., None]
Many = Callable[..., list[int]]


def rotated() -> list[tuple[str, dict[str, Any]]]:
    found = Event.objects.filter(verb__startswith="seal.").order_by("seq")
    return list(found.values_list("verb", "facts"))


def in_all() -> dict[str, dict[str, int]]:
    """Where something lies at all."""
    return {table: rows for table, rows in rotation.under().items() if rows}


def test_everything_is_sealed_anew_and_the_old_key_retired(
    number: Callable[..., Any], privacy: Staff, officer: Staff, terminal: Terminal, with_keys: Start
) -> None:
    one, two = tell(number(), privacy), tell(number(), privacy, **MINOR)
    secret, codes = app_of(officer), recovery_codes_of(officer)
    before = {"vault_housekey": {NAME: 2}, "accounts_identitykey": {NAME: 2}, "mfa_authenticator": {NAME: 2}}
    search = keys.house_key(keys.SEARCH)

    with_keys(NEW, OLD)
    dry = terminal(None, "seal_rotate", "--json")
    assert dry.code == 4 and {table: rows for table, rows in dry.json["under"].items() if rows} == before
    assert (dry.json["remain"], dry.json["idle"], dry.json["removable"]) == (6, [], [])
    assert in_all() == before and rotated() == []

    done = terminal(None, "seal_rotate", "--apply")
    assert done.code == 0, done.error
    assert done.out.splitlines() == [
        "Sealed anew under the key new: 6 rows.",
        f"Retired: {NAME}.",
        f"The key {NAME} can be taken out of QQOPS_SEAL_KEYS.",
    ]
    assert in_all() == {table: {"new": 2} for table in before}
    assert rotated() == [
        ("seal.rotated", {"to": "new", "rows": 2, "what": "vault_housekey"}),
        ("seal.rotated", {"to": "new", "rows": 2, "what": "accounts_identitykey"}),
        ("seal.rotated", {"to": "new", "rows": 2, "what": "mfa_authenticator"}),
        ("seal.retired", {"key": NAME}),
    ]
    assert set(Event.objects.filter(verb__startswith="seal.").values_list("actor_label", flat=True)) == {"system-keys"}
    assert list(SealingKey.objects.values_list("pk", flat=True)) == ["new"]
    assert list(RetiredKey.objects.values_list("pk", flat=True)) == [NAME]

    with_keys(NEW)  # the old key is gone for good
    keys.ready()
    assert opened(identities().get(pk=one.pk), Field) == ADULT
    assert opened(identities().get(pk=two.pk), Field) == MINOR
    assert opened(Registrant.objects.get(pk=one.pk), Field) == ADULT
    assert keys.house_key(keys.SEARCH) == search
    totp, recovery = Authenticator.objects.order_by("type").reverse()
    assert decrypt(totp.data["secret"]) == secret and recovery.wrap().get_unused_codes() == codes
    assert terminal(None, "seal_rotate", "--apply").out == "Sealed anew under the key new: 0 rows.\n"
    in_order = terminal(None, "seal_rotate", "--lost", NAME, "--apply")
    assert (in_order.code, "was retired in order" in in_order.error) == (2, True)
    assert len(rotated()) == 4
    assert whole()


def test_with_nothing_to_do_nothing_is_written(cast: dict[str, Staff], terminal: Terminal) -> None:
    said = terminal(None, "seal_rotate", "--apply")
    assert (said.code, said.out) == (0, f"Sealed anew under the key {NAME}: 0 rows.\n")
    assert rotated() == [] and not RetiredKey.objects.exists()


def meanwhile(words: tuple[str, ...], act: Callable[[], object]) -> Any:
    """Within it, `act` happens once, just before the first statement with these words in it."""
    done = list[str]()

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        if not done and all(word in sql for word in words):
            done.append(sql)
            act()
        return execute(sql, params, many, context)

    return connection.execute_wrapper(watch)


def test_what_a_process_on_the_old_order_seals_meanwhile_keeps_the_key_until_the_next_run(
    number: Callable[..., Any], privacy: Staff, terminal: Terminal, with_keys: Start
) -> None:
    late = number()

    def on_the_old_order() -> None:
        with_keys(OLD, NEW)
        tell(late, privacy)
        with_keys(NEW, OLD)

    with_keys(NEW, OLD)
    with meanwhile(("mfa_authenticator", "FOR NO KEY UPDATE"), on_the_old_order):
        said = terminal(None, "seal_rotate", "--apply")
    assert said.code == 3 and "Meanwhile 1 rows came to lie under other keys" in said.out
    assert SealingKey.objects.filter(pk=NAME).exists() and not RetiredKey.objects.exists()
    assert terminal(None, "seal_rotate", "--apply", "--json").json["retired"] == [NAME]


def test_a_key_that_something_refers_to_after_the_count_is_not_retired(
    cast: dict[str, Staff], with_keys: Start
) -> None:
    with_keys(NEW, OLD)
    keys.ready()
    assert not rotation._retired(NAME, Staff.objects.system("system-keys"))
    assert SealingKey.objects.filter(pk=NAME).exists() and rotated() == []


def test_an_identity_that_is_told_anew_while_its_key_is_wrapped_anew_leaves_it_so(
    number: Callable[..., Any], privacy: Staff, with_keys: Start
) -> None:
    one = tell(number(), privacy)
    with_keys(NEW, OLD)
    keys.ready()
    rewrap = rotation.WrappedKeys(IdentityKey).anew
    with meanwhile(("INSERT INTO", '"accounts_identitykey"'), lambda: rewrap(None, 10)):
        tell(one.tenure, privacy, mobile="+8613700000000")
    assert IdentityKey.objects.get().master_id == "new"
    assert opened(identities().get(pk=one.pk), Field) == ADULT | {"mobile": "+8613700000000"}


def test_a_text_under_a_retired_key_is_found_and_sealed_anew(
    officer: Staff, terminal: Terminal, with_keys: Start
) -> None:
    with_keys(NEW, OLD)
    assert terminal(None, "seal_rotate", "--apply").code == 0
    app_of(officer)
    with_keys(OLD, NEW)
    text = seal.seal("JBSWY3DPEHPK3PXP", PURPOSE)
    Authenticator.objects.filter(type="totp").update(data={"secret": text})
    with_keys(NEW, OLD)
    dry = terminal(None, "seal_rotate", "--json")
    assert (dry.json["remain"], dry.json["removable"]) == (1, [])
    assert terminal(None, "seal_rotate", "--apply", "--json").json["removable"] == [NAME]
    with_keys(NEW)
    assert decrypt(Authenticator.objects.get(type="totp").data["secret"]) == "JBSWY3DPEHPK3PXP"


@pytest.mark.django_db(transaction=True)
def test_two_runs_at_once_share_the_work(numbers: Many, privacy: Staff, with_keys: Start, settings: Any) -> None:
    settings.QQOPS_CHUNK = 7
    numbers(120)
    tell_many(sorted(Tenure.objects.values_list("pk", flat=True)), privacy)
    with_keys(NEW, OLD)
    keys.ready()
    actor, done = Staff.objects.system("system-keys"), list[int]()

    def run() -> None:
        try:
            with origin.origin(origin.SYSTEM):
                done.append(rotation.rotate(actor=actor, progress=lambda _n: None))
                rotation.retire(actor=actor)
        finally:
            connections.close_all()

    threads = [Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 2 and sum(done) == 122
    assert rotation.elsewhere(rotation.under()).total() == 0
    assert [facts for verb, facts in rotated() if verb == "seal.retired"] == [{"key": NAME}]
    assert list(verify()) == []


@pytest.mark.campaign
@pytest.mark.django_db(transaction=True)
def test_a_run_killed_in_the_middle_leaves_all_openable_and_the_next_finishes(
    numbers: Many, privacy: Staff, process_env: dict[str, str], with_keys: Start
) -> None:
    kills, count = size(2, 20), size(3000, 20_000)
    numbers(count)
    pks = sorted(Tenure.objects.values_list("pk", flat=True))
    tell_many(pks, privacy)
    before = in_the_clear(pks)
    command = [sys.executable, "manage.py", "seal_rotate", "--apply", "--json"]
    env = process_env | {"QQOPS_CHUNK": "20", "PATH": os.environ["PATH"], "QQOPS_SEAL_KEYS": f"{NEW},{OLD}"}
    with_keys(NEW, OLD)
    for _kill in range(kills):
        left = IdentityKey.objects.filter(master=NAME).count()
        run = subprocess.Popen(command, cwd=django_settings.BASE_DIR, env=env, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 60
        while IdentityKey.objects.filter(master=NAME).count() > left - 60 and time.monotonic() < deadline:
            time.sleep(0.005)
        run.send_signal(signal.SIGKILL)
        assert run.wait(timeout=10) == -signal.SIGKILL
    half = IdentityKey.objects.filter(master="new").count()
    assert 60 * kills <= half < count
    assert in_the_clear(pks) == before
    with_keys(OLD, NEW)  # as processes do that were not started anew yet
    assert in_the_clear(pks) == before
    done = subprocess.run(command, cwd=django_settings.BASE_DIR, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    with_keys(NEW)
    keys.ready()
    assert in_the_clear(pks) == before
    assert set(IdentityKey.objects.values_list("master", flat=True)) == {"new"}
    assert HouseKey.objects.filter(master="new").count() == len(keys.HOUSE_KEYS)
    written = [facts["rows"] for verb, facts in rotated() if facts.get("what") == "accounts_identitykey"]
    assert sum(written) == count and rotated()[-1] == ("seal.retired", {"key": NAME})
    assert list(verify()) == []


def in_the_clear(pks: list[int]) -> list[dict[Field, str]]:
    return [opened(one, Field) for one in identities().filter(pk__in=pks).order_by("pk")]
