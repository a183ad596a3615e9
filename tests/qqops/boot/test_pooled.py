"""What docs/running.md promises of a pool in transaction mode: nothing of ours lives longer than its transaction."""

import re

from qqops.boot.database import BASE_DIR

APPS = ("qqops", "accounts", "enforcement", "appeals")
# What is kept for a session: whoever is given the connection next would have it, and we would not.
KEPT = {
    "a setting": re.compile(r"(?:[\"']|;\s*)SET (?!LOCAL |TRANSACTION |CONSTRAINTS )|set_config\([^()]*false"),
    "a lock": re.compile(r"pg_(try_)?advisory_(un)?lock"),
    "a table": re.compile(r"CREATE (\w+ )?TEMP(ORARY)? TABLE (?![^\";]*ON COMMIT DROP)"),
    "a cursor": re.compile(r"WITH HOLD"),
    "an ear": re.compile(r"\"(UN)?LISTEN\b"),
    "a statement": re.compile(r"\"PREPARE |prepare=True|prepare_threshold"),
}


def test_no_statement_leaves_anything_in_a_session() -> None:
    sources = [path for app in APPS for path in (BASE_DIR / app).rglob("*.py") if "migrations" not in path.parts]
    assert len(sources) > 100
    found = [f"{path.relative_to(BASE_DIR)}: {what}" for path in sources for what in _kept(path.read_text())]
    assert found == []


def test_what_would_stay_there_is_seen() -> None:
    for what, statement in {
        "a setting": "\"SET jit = off\" \"SET LOCAL jit = off; SET work_mem = '1GB'\" set_config('jit', 'off', false)",
        "a lock": "SELECT pg_advisory_lock(1)",
        "a table": "CREATE TEMPORARY TABLE staged (id bigint); CREATE TEMP TABLE one (id bigint) ON COMMIT DROP",
        "a cursor": "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
        "an ear": '"LISTEN jobs"',
        "a statement": "cursor.execute(sql, prepare=True)",
    }.items():
        assert _kept(statement) == [what], statement
    assert (
        _kept("SET LOCAL jit = off; set_config('jit', 'off', true) pg_advisory_xact_lock(1) UPDATE x SET a = 1") == []
    )


def _kept(source: str) -> list[str]:
    return [what for what, pattern in KEPT.items() if pattern.search(source)]
