from django.db import migrations

from qqops.approvals import copied


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0005_enforcement_in_depth")]

    operations = [
        migrations.RunSQL(
            *copied("enforcement_templateapproval", "proposal_id", "enforcement_lettertemplate", "maker_id")
        )
    ]
