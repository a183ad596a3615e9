from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What rests on a clause, for the review; built while the house runs."""

    atomic = False
    dependencies = [("appeals", "0010_evidence_of_both_sides")]

    operations = [
        AddIndexConcurrently("rulingground", models.Index(fields=["clause", "ruling"], name="ruling_ground_clause")),
    ]
