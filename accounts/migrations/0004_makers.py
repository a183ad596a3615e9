from django.db import migrations

from qqops.approvals import copied


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_identity")]

    operations = [
        migrations.RunSQL(*copied("accounts_revealapproval", "proposal_id", "accounts_revealrequest", "maker_id"))
    ]
