from django.db import migrations

from qqops.approvals.models import copied


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0001_initial")]

    operations = [migrations.RunSQL(*copied("enforcement_approval", "proposal_id", "enforcement_decision", "maker_id"))]
