from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Decisions and notices are many in a house that runs: nobody waits while these are built."""

    atomic = False
    dependencies = [("enforcement", "0007_what_a_maker_filed")]

    operations = [
        AddIndexConcurrently("notice", models.Index(fields=["due_at"], name="notice_pending", condition=Q(state="pending"))),
        AddIndexConcurrently(
            "notice",
            models.Index(fields=["state", "id"], name="notice_undelivered", condition=~Q(state__in=("pending", "sent"))),
        ),
        AddIndexConcurrently("decision", models.Index(fields=["maker", "proposed_at"], name="decision_made")),
    ]
