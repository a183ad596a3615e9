from django.db import migrations

from qqops.approvals import copied
from qqops.staff.sql import DROP_HOLDINGS, HOLDINGS


class Migration(migrations.Migration):
    dependencies = [("staff", "0001_initial")]

    operations = [
        migrations.RunSQL(HOLDINGS, DROP_HOLDINGS),
        migrations.RunSQL(*copied("staff_accessapproval", "proposal_id", "staff_accessrequest", "maker_id")),
        migrations.RunSQL(*copied("staff_accessapproval", "proposal_id", "staff_accessrequest", "staff_id")),
        migrations.RunSQL(*copied("staff_glassreview", "holding_id", "staff_holding", "staff_id")),
    ]
