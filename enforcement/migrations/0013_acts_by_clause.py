from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What rests on a clause, for the review; built while the house runs."""

    atomic = False
    dependencies = [("enforcement", "0012_batches")]

    operations = [
        AddIndexConcurrently("ground", models.Index(fields=["clause", "decision"], name="ground_clause")),
    ]
