"""Starting up: what is refused, in which words, and what a start leaves behind."""

import importlib.util
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import ProgrammingError, connections, transaction

from qqops.boot import database, preflight, translations
from qqops.crypto import seal

GOOD = {
    "QQOPS_ENV": "production",
    "SECRET_KEY": "".join(chr(33 + i) for i in range(60)),
    "DATABASE_URL": "postgresql://app@db.example/qqops",
    "ALLOWED_HOSTS": "qqops.example",
    "QQOPS_SEAL_KEYS": f"k1:{seal.new_key()}",
    "QQOPS_CHECKPOINT_KEY": f"c1:{seal.new_key()}",
}


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a process of its own, with none of our variables but these."""
    ours = {"DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY", "ALLOWED_HOSTS", "DEBUG", "PORT", "ALERT_EMAIL",
            "ALERT_WEBHOOK", "EMAIL_URL", "DJANGO_ALLOW_ASYNC_UNSAFE"}  # fmt: skip
    env = {key: value for key, value in os.environ.items() if key not in ours and not key.startswith("QQOPS_")}
    env |= {"DJANGO_SETTINGS_MODULE": "qqops.settings"} | variables
    command = [sys.executable, *arguments]
    return subprocess.run(command, env=env, cwd=database.BASE_DIR, capture_output=True, text=True)


def settings(**variables: str) -> subprocess.CompletedProcess[str]:
    return run("-c", "import qqops.settings", **variables)


def test_production_starts_when_everything_is_given():
    assert settings(**GOOD).returncode == 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is missing or shorter than 50 characters"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY is missing or shorter than 50 characters"),
        ({"SECRET_KEY": "django-insecure-" + GOOD["SECRET_KEY"]}, "SECRET_KEY is an insecure default"),
        ({"DEBUG": "1"}, "DEBUG is on"),
        ({"DATABASE_URL": ""}, "DATABASE_URL is missing"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS does not name the hosts to serve"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS does not name the hosts to serve"),
        ({"QQOPS_SECOND_FACTOR": "0"}, "QQOPS_SECOND_FACTOR is off"),
        ({"QQOPS_SEAL_KEYS": ""}, "QQOPS_SEAL_KEYS is missing"),
        ({"QQOPS_CHECKPOINT_KEY": ""}, "QQOPS_CHECKPOINT_KEY is missing"),
    ],
)
def test_production_refuses(change, sentence):
    done = settings(**GOOD | change)
    assert done.returncode == 1
    assert f"ImproperlyConfigured: Production does not start: {sentence}" in done.stderr


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({}, "alerts.W001"),
        ({"ALERT_EMAIL": "oncall@qqops.example"}, "alerts.W001"),  # no mail server
        ({"ALERT_EMAIL": "oncall@qqops.example", "EMAIL_URL": "smtp+tls://mail.qqops.example:587"}, ""),
        ({"ALERT_WEBHOOK": "https://hooks.qqops.example/x"}, ""),
        ({"ALERT_WEBHOOK": "http://hooks.qqops.example/x"}, "alerts.E001"),
    ],
)
def test_the_deployment_check_names_a_house_that_nobody_would_hear(change, sentence):
    assert settings(**GOOD | change).returncode == 0  # it starts all the same
    done = run("manage.py", "check", "--deploy", "--fail-level", "WARNING", **GOOD | change)
    assert (done.returncode, sentence in done.stderr) == (1 if sentence else 0, True), done.stderr


def test_production_refuses_the_secret_of_the_demo():
    assert settings().returncode == 0  # a demo makes its secret
    secret = database.BASE_DIR / ".demo" / "secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    done = settings(**GOOD | {"SECRET_KEY": secret.read_text()})
    assert "SECRET_KEY is the demo's" in done.stderr


def test_production_refuses_the_seal_of_the_demo():
    assert settings().returncode == 0
    kept = database.BASE_DIR / ".demo" / "seal"
    assert kept.stat().st_mode & 0o777 == 0o600
    for keys in (kept.read_text(), f"{GOOD['QQOPS_SEAL_KEYS']},other:{kept.read_text().partition(':')[2]}"):
        done = settings(**GOOD | {"QQOPS_SEAL_KEYS": keys})
        assert "QQOPS_SEAL_KEYS has the demo's key in it" in done.stderr


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"QQOPS_SEAL_KEYS": "k1:short"}, "QQOPS_SEAL_KEYS cannot be read: "),
        ({"QQOPS_SEAL_KEYS": ","}, "QQOPS_SEAL_KEYS cannot be read: there is no key in it."),
        ({"QQOPS_SEAL_KEYS": f"k1:{seal.new_key()},k1:{seal.new_key()}"}, "two keys have the name k1."),
        ({"QQOPS_SEAL_KEYS": f"k1:{seal.new_key()[:-4]}"}, "the key 32 bytes in URL-safe base64."),
        ({"QQOPS_SEAL_KEYS": f"k1:{seal.new_key()};k2:{seal.new_key()}"}, "the key 32 bytes in URL-safe base64."),
        ({"QQOPS_SEAL_KEYS": f":{seal.new_key()}"}, "each key is name:key"),
        ({"QQOPS_ADDRESSES": "10.0.0.0/8,office"}, "QQOPS_ADDRESSES cannot be read: 'office' does not appear to be"),
        ({"QQOPS_ADDRESSES": "10.0.0.1/8"}, "QQOPS_ADDRESSES cannot be read: 10.0.0.1/8 has host bits set."),
    ],
)
def test_what_cannot_be_read_is_said(change, sentence):
    for others in ({}, GOOD):
        done = settings(**others | change)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert not any(
            key.partition(":")[2] in done.stderr for key in change.get("QQOPS_SEAL_KEYS", "").split(",") if key[4:]
        )


def test_production_names_everything_missing_at_once():
    done = settings(QQOPS_ENV="production", DEBUG="1")
    assert all(name in done.stderr for name in ("SECRET_KEY", "DEBUG", "DATABASE_URL", "ALLOWED_HOSTS", "SEAL"))


@pytest.mark.parametrize("name", ["QQOPS_ENV", "QQOPS_LANGUAGE"])
def test_an_unknown_choice_is_refused(name):
    assert f"{name} is 'staging': set it to" in settings(**{name: "staging"}).stderr


@pytest.mark.parametrize("url", ["sqlite:///db.sqlite3", "mysql://app@db.example/qqops"])
def test_only_postgresql_is_served(url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(ImproperlyConfigured, match="must begin with postgresql://"):
        database.settings_dicts(database.BASE_DIR, environ.Env())


def test_the_owner_is_the_given_login_when_there_is_no_other(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:pw@db.example:6432/qqops")
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    found = database.settings_dicts(database.BASE_DIR, environ.Env())
    assert [found[alias]["USER"] for alias in ("default", "owner")] == ["app", "app"]
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql://owner:pw@db.example:5432/qqops")
    found = database.settings_dicts(database.BASE_DIR, environ.Env())
    assert [(one["USER"], one["PORT"]) for one in found.values()] == [("app", 6432), ("owner", 5432)]


def test_importing_the_settings_starts_no_database():
    code = "import qqops.boot.database as d; d.Engine.start = None; d.subprocess.run = None; import qqops.settings"
    assert run("-c", code).returncode == 0


def engine(base_dir: Path) -> database.Engine:
    return database.Engine(base_dir, base_dir / ".postgres" / "main")


def test_a_path_with_a_space_is_refused(tmp_path):
    with pytest.raises(database.CannotStart, match="has a space in it: move the checkout"):
        engine(tmp_path / "two words").start()


@pytest.mark.parametrize("letter", ["x", "号"])
def test_a_path_too_long_for_a_socket_is_refused(letter):
    base = "/" + letter * 80
    longest = database.SOCKET_LIMIT - len("/.postgres/main/.s.PGSQL.5432")
    fits = engine(Path("/" + "x" * (longest - 1)))
    fits.refuse()
    for path in (Path("/" + "x" * longest), Path(base)):
        with pytest.raises(database.CannotStart, match="is too long for the database's socket"):
            engine(path).refuse()


def test_a_path_in_chinese_is_fine():
    engine(Path("/号码运营台")).refuse()


def test_a_folder_of_another_user_is_refused(tmp_path, monkeypatch):
    home = tmp_path / ".postgres" / "main"
    home.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: home.stat().st_uid + 1)
    with pytest.raises(database.CannotStart, match="belongs to user .*: run as that user, or remove it"):
        engine(tmp_path).refuse()


def test_a_checkout_begun_by_another_user_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "BASE_DIR", str(tmp_path))
    monkeypatch.setattr(os, "geteuid", lambda: tmp_path.stat().st_uid + 1)
    assert preflight.ownership_refusal() is None  # a shared checkout, writable by its group
    (tmp_path / ".demo").mkdir()
    assert "/.demo belongs to user" in (preflight.ownership_refusal() or "")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert preflight.ownership_refusal() is None


def test_another_kind_of_machine_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(database.CannotStart, match="does not run on .* riscv64: set DATABASE_URL"):
        engine(tmp_path).refuse()


def test_missing_binaries_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(database.CannotStart, match="install requirements.txt"):
        engine(tmp_path)._binaries()


def test_the_preflight_names_what_is_wrong(monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert preflight.machine_refusal() is None
    monkeypatch.setattr(platform, "libc_ver", lambda: ("glibc", "2.17"))
    assert "needs glibc 2.28 or newer, here is glibc 2.17" in (preflight.machine_refusal() or "")
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    assert "here is another C library" in (preflight.machine_refusal() or "")
    monkeypatch.setattr(preflight, "BASE_DIR", "/two words")
    assert "has a space in it" in (preflight.machine_refusal() or "")
    monkeypatch.setattr(sys, "version_info", (3, 9, 2))
    assert "is too old: 3.11 or newer is needed" in (preflight.machine_refusal() or "")


def test_a_port_in_use_is_named_before_anything_slow():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        sentence = f"Port {port} cannot be used (Address already in use): stop what uses it, or choose another"
        for module in (("qqops.boot.preflight", "--port"), ("qqops.boot.serve",)):
            done = run("-m", *module, PORT=port)
            assert done.returncode == 1
            assert done.stderr.startswith(sentence)
    assert preflight.port_refusal(port) is None
    assert "set it to a number from 1 to 65535" in (preflight.port_refusal("http") or "")


@pytest.mark.django_db
def test_the_code_under_test_is_the_application_and_may_not_define_tables():
    with connections["default"].cursor() as cursor, connections["owner"].cursor() as owner:
        seen = []
        for one in (cursor, owner):
            one.execute("SELECT current_user, current_database()")
            seen.append(one.fetchone())
        assert seen[0][1] == seen[1][1] and seen[0][1].startswith("test_")
        if seen[0][0] != seen[1][0]:
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                cursor.execute("CREATE TABLE mine (a int)")


@pytest.mark.django_db(transaction=True)
def test_another_process_meets_the_database_of_this_test(process_env):
    code = (
        "import django; django.setup(); from django.db import connections as c;"
        "print(*(x.cursor().execute('SELECT current_database()').fetchone()[0] for x in c.all()))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=process_env, capture_output=True, text=True)
    name = connections["default"].settings_dict["NAME"]
    assert done.stdout.split() == [name, name], done.stderr


def test_the_catalogue_is_compiled_without_gettext(tmp_path, monkeypatch):
    monkeypatch.setattr(translations, "BASE_DIR", tmp_path)
    po = tmp_path / translations.PO
    po.parent.mkdir(parents=True)
    po.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\nmsgid "Number"\nmsgstr "号码"\n')
    translations.compile()
    assert "号码".encode() in po.with_suffix(".mo").read_bytes()
    assert [one.name for one in po.parent.iterdir() if one.suffix not in (".po", ".mo")] == []


def test_fuzzy_and_empty_messages_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(translations, "BASE_DIR", tmp_path)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    po = tmp_path / translations.PO
    po.parent.mkdir(parents=True)
    assert translations.problems() == [f"{translations.PO} is missing: run make translations"]
    po.write_text('msgid "Range"\nmsgstr ""\n\n#, fuzzy\nmsgid "Tier"\nmsgstr "级"\n\nmsgid "Number"\nmsgstr "号码"\n')
    assert translations.problems() == ["fuzzy: 'Tier'", "not translated: 'Range'"]


def test_the_readme_and_the_server_name_the_same_address():
    """Passkeys need a name: what is printed must be what is to be opened."""
    printed = re.search(r"Serving on (\S+)", (database.BASE_DIR / "qqops/boot/serve.py").read_text())
    first, _rest = (database.BASE_DIR / "README.md").read_text().split("## Try it")
    assert printed and printed[1].replace("{port}", "8000") in first
