"""What would hold up people who work is found in the SQL of a migration, before anybody runs it."""

from pathlib import Path

import pytest
from django.db.migrations.loader import MigrationLoader

from tests import locks

OURS = {"qqops", "accounts", "enforcement", "appeals"}
TABLE = "enforcement_decision"
ADD = f'ALTER TABLE "{TABLE}" ADD'


@pytest.mark.parametrize(
    ("sql", "rule"),
    [
        (f'{ADD} COLUMN "x" uuid DEFAULT gen_random_uuid() NOT NULL', "adding-field-with-default"),
        (f'CREATE INDEX "i" ON "{TABLE}" ("maker_id")', "require-concurrent-index-creation"),
        (f'{ADD} CONSTRAINT "c" CHECK ("maker_id" > 0)', "constraint-missing-not-valid"),
        (f'{ADD} CONSTRAINT "f" FOREIGN KEY ("x") REFERENCES "staff_staff" ("id")', "adding-foreign-key-constraint"),
        (f'{ADD} CONSTRAINT "u" UNIQUE ("x")', "disallowed-unique-constraint"),
        (f'{ADD} COLUMN "y" text NOT NULL', "adding-required-field"),
        (f'ALTER TABLE "{TABLE}" ALTER COLUMN "reason" TYPE varchar(9)', "changing-column-type"),
        (f'ALTER TABLE "{TABLE}" ALTER COLUMN "reason" SET NOT NULL', "adding-not-nullable-field"),
        (f'ALTER TABLE "{TABLE}" RENAME COLUMN "reason" TO "why"', "renaming-column"),
        (f'ALTER TABLE "{TABLE}" DROP COLUMN "reason"', "ban-drop-column"),
    ],
)
def test_a_statement_that_holds_people_up_is_named(tmp_path: Path, sql: str, rule: str) -> None:
    bad = tmp_path / "bad.sql"
    bad.write_text(f"BEGIN;\n{sql};\nCOMMIT;\n")
    done = locks.judge(bad)
    assert done.returncode == 1 and f" {rule} " in done.stdout, done.stdout


@pytest.mark.parametrize(
    "sql",
    [
        f'CREATE INDEX CONCURRENTLY "i" ON "{TABLE}" ("maker_id");',
        f'BEGIN;\n{ADD} CONSTRAINT "c" CHECK ("maker_id" > 0) NOT VALID;\nCOMMIT;',
        f'ALTER TABLE "{TABLE}" VALIDATE CONSTRAINT "c";',
        f'BEGIN;\n{ADD} COLUMN "x" uuid NULL;\nCOMMIT;',
        f"""BEGIN;\n{ADD} COLUMN "y" text DEFAULT '' NOT NULL;
        ALTER TABLE "{TABLE}" ALTER COLUMN "y" DROP DEFAULT;\nCOMMIT;""",
        'BEGIN;\nCREATE TABLE "new" ("id" bigint PRIMARY KEY, "n" bigint NOT NULL);\n'
        'CREATE INDEX "j" ON "new" ("n");\nALTER TABLE "new" ADD CONSTRAINT "k" UNIQUE ("n");\nCOMMIT;',
    ],
)
def test_the_ways_round_it_are_let_pass(tmp_path: Path, sql: str) -> None:
    good = tmp_path / "good.sql"
    good.write_text(sql + "\n")
    done = locks.judge(good)
    assert done.returncode == 0, done.stdout


def test_the_baseline_names_a_migration_of_each_app_of_ours() -> None:
    found = MigrationLoader(None).disk_migrations
    ours = {app for (app, _name), one in found.items() if one.__module__.partition(".")[0] in OURS}
    assert set(locks.BASELINE) == ours
    assert set(locks.BASELINE.items()) <= set(found)


@pytest.mark.django_db(transaction=True)  # as `AddIndexConcurrently` wants it
def test_what_is_judged_is_the_sql_of_every_migration_since(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ("enforcement", "0011_decisions_by_day") in locks.later() and locks.main() == 0
    # What added columns and checks to tables that were there would not pass.
    monkeypatch.setattr(locks, "BASELINE", locks.BASELINE | {"accounts": "0005_resources"})
    assert ("accounts", "0006_number_space") in locks.later() and locks.main() == 1
