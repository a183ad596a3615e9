"""What waits for approval, what lapses the soonest first: the overview reads no further than it shows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("appeals", "0011_acts_by_clause")]

    operations = [
        AddIndexConcurrently(
            model_name="ruling",
            index=models.Index(
                fields=["expires_at", "proposed_at"], name="ruling_waiting", condition=models.Q(("state", "proposed"))
            ),
        ),
    ]
