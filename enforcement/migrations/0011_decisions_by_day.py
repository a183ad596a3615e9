from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Nobody waits while it is built: decisions are many in a house that runs."""

    atomic = False
    dependencies = [("enforcement", "0010_appeals")]

    operations = [
        AddIndexConcurrently("decision", models.Index(fields=["proposed_at"], name="decision_proposed")),
    ]
