from django.db import migrations

from qqops.approvals.models import copied


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0005_enforcement_in_depth")]

    # Until now nothing was sent: letters about measures of long ago are not sent all at once.
    operations = [
        migrations.RunSQL(
            "UPDATE enforcement_notice SET state = 'withdrawn' WHERE state = 'pending'", migrations.RunSQL.noop
        ),
        migrations.RunSQL(
            *copied("enforcement_templateapproval", "proposal_id", "enforcement_lettertemplate", "maker_id")
        )
    ]
