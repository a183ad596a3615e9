"""`python -m tests.locks`: does a migration hold up people who work? Asks squawk about the SQL of each new one.

What came up to BASELINE made the tables of an empty database: nobody had them yet. Every later migration meets tables
that are large and in use.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

from django.core.management import call_command
from django.db.migrations.loader import MigrationLoader

from qqops.boot import database

BASELINE = {
    "accounts": "0008_lines_counted",
    "alerts": "0001_initial",
    "appeals": "0006_contest_and_part",
    "audit": "0006_months",
    "enforcement": "0010_appeals",
    "staff": "0004_saved_filter",
    "vault": "0001_initial",
}
SQUAWK = Path(sys.executable).with_name("squawk")


def later() -> list[tuple[str, str]]:
    """App and name of each migration of ours that came after the baseline."""
    loader = MigrationLoader(None)
    ours = sorted(key for key in loader.disk_migrations if key[0] in BASELINE)
    return [(app, name) for app, name in ours if name > BASELINE[app]]


def written(migrations: list[tuple[str, str]], folder: Path) -> Iterator[Path]:
    """The SQL of each, as it would run, in a file of its own."""
    for app, name in migrations:
        sql = StringIO()
        call_command("sqlmigrate", app, name, database="owner", stdout=sql, no_color=True)
        path = folder / f"{app}.{name}.sql"
        path.write_text(sql.getvalue())
        yield path


def judge(*files: Path) -> subprocess.CompletedProcess[str]:
    config = database.BASE_DIR / ".squawk.toml"
    command = [SQUAWK, "--config", config, "--reporter", "gcc", *files]
    return subprocess.run([*map(str, command)], capture_output=True, text=True)


def main() -> int:
    asked = later()
    with TemporaryDirectory() as folder:
        files = list(written(asked, Path(folder)))
        done = judge(*files) if files else None
    if done and done.returncode:
        print((done.stdout + done.stderr).replace(f"{folder}/", ""), file=sys.stderr)
        print("A migration holds up people who work: see docs/upgrading.md, “Writing a migration”.", file=sys.stderr)
        return 1
    print(f"{len(asked)} migrations since the baseline hold nobody up.")
    return 0


if __name__ == "__main__":
    import django
    from django.conf import settings

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qqops.settings")
    if settings.EMBEDDED_DATABASE:
        database.start()
    django.setup()
    sys.exit(main())
