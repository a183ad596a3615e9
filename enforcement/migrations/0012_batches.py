from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The few decisions about many numbers, for the review; built while the house runs, as 0011."""

    atomic = False
    dependencies = [("enforcement", "0011_decisions_by_day")]

    operations = [
        AddIndexConcurrently(
            "decision",
            models.Index(fields=["id"], condition=models.Q(target_count__gt=100), name="decision_batches"),
        ),
    ]
