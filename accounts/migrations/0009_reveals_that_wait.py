"""What waits for approval, what lapses the soonest first: the overview reads no further than it shows."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("accounts", "0008_lines_counted")]

    operations = [
        AddIndexConcurrently(
            model_name="revealrequest",
            index=models.Index(
                fields=["expires_at", "proposed_at"], name="reveal_waiting", condition=models.Q(("state", "proposed"))
            ),
        ),
    ]
