"""Appeals by the day on which they were filed, for the charts of the overview."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("appeals", "0006_contest_and_part")]

    operations = [
        AddIndexConcurrently(model_name="appeal", index=models.Index(fields=["filed_at"], name="appeal_filed")),
    ]
