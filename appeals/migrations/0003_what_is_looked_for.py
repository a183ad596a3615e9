from django.db import migrations, models
from django.db.models import F, Q, Value
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Coalesce


class Migration(migrations.Migration):
    """Recoveries by their score, what was closed in a month, and what could not be delivered, each by an index."""

    dependencies = [("appeals", "0002_who_has_part")]

    operations = [
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(
                Coalesce(CombinedExpression(F("score"), "*", Value(-1)), 1), F("id"),
                name="appeal_by_score", condition=Q(("kind", "recovery"), ("state", "filed")),
            ),
        ),
        migrations.AddIndex(
            model_name="appeal",
            index=models.Index(fields=["closed_at"], name="appeal_closed", condition=Q(("closed_at__isnull", False))),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["message"], name="delivery_failed", condition=Q(("state", "failed"))),
        ),
    ]
