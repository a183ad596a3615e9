from django.db import migrations, models
from django.db.models.fields.json import KeyTransform

KEYS = "((facts -> 'clause'), seq DESC) WHERE facts ? 'clause'"
MISSING = """
SELECT t.inhrelid::regclass::text FROM pg_inherits t WHERE t.inhparent = 'audit_event'::regclass AND NOT EXISTS (
  SELECT FROM pg_index i JOIN pg_inherits a ON a.inhrelid = i.indexrelid
  WHERE i.indrelid = t.inhrelid AND a.inhparent = 'event_clause'::regclass)
ORDER BY 1"""


def build(apps, schema_editor):
    """A month at a time, and again from where it was cut off. A month made meanwhile has its index from the start."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS event_clause ON ONLY audit_event {KEYS}")
        cursor.execute(MISSING)
        for (month,) in cursor.fetchall():
            name = f"{month}_expr_seq_idx1"  # as a month that is made later calls it
            cursor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            cursor.execute(f"CREATE INDEX CONCURRENTLY {name} ON {month} {KEYS}")
            cursor.execute(f"ALTER INDEX event_clause ATTACH PARTITION {name}")


class Migration(migrations.Migration):
    """What was done under a clause and names it by itself, for the review; built while the house runs."""

    atomic = False
    dependencies = [("audit", "0006_months")]

    operations = [
        migrations.RunPython(build, lambda apps, schema_editor: schema_editor.execute("DROP INDEX event_clause")),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddIndex(
                    "event",
                    models.Index(
                        KeyTransform("clause", "facts"),
                        models.F("seq").desc(),
                        name="event_clause",
                        condition=models.Q(facts__has_key="clause"),
                    ),
                ),
            ]
        ),
    ]
