"""Static files in production: under names that change with their content, kept for ever, few and small."""

import json
from pathlib import Path

from qqops.boot.database import BASE_DIR
from tests.qqops.boot.test_setup import GOOD, run

ASKING = """
import django, json, re, sys; django.setup()
from django.core.management import call_command
from django.test import Client
from django.templatetags.static import static
call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=["admin", "account", "mfa"])
browser = Client(headers={"host": "qqops.example", "accept-encoding": "gzip"})
def ask(path):
    answer = browser.get(path, secure=True)
    return [answer.status_code, answer.headers.get("Cache-Control"), answer.headers.get("Content-Encoding"),
            "default-src 'self'" in answer.headers["Content-Security-Policy"]]
print(json.dumps({name: [static(name), ask(static(name))] for name in sys.argv[1:]}))
"""
OURS = BASE_DIR / "qqops" / "static"
LIMIT = 150_000  # bytes of a cold page, besides Django's own
NAMES = sorted(str(one.relative_to(OURS)) for one in OURS.rglob("*") if one.is_file())


def test_they_are_served_packed_under_the_digest_of_their_content_and_kept_for_ever(tmp_path: Path) -> None:
    done = run("-c", ASKING, *NAMES, STATIC_ROOT=str(tmp_path), **GOOD)
    assert done.returncode == 0, done.stderr
    for name, (path, answer) in json.loads(done.stdout).items():
        stem, _dot, kind = name.rpartition(".")
        assert path.startswith(f"/static/{stem}.") and path.endswith(f".{kind}") and path != f"/static/{name}"
        assert answer == [200, "max-age=315360000, public, immutable", "gzip", True], name
    assert NAMES


def test_all_of_ours_together_are_lighter_than_a_page_may_be() -> None:
    assert sum((OURS / name).stat().st_size for name in NAMES) < LIMIT  # unpacked: a third of it goes over the wire
