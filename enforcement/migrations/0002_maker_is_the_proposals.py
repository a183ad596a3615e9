from django.db import migrations

from qqops.approvals import maker_is_the_proposals


class Migration(migrations.Migration):
    dependencies = [("enforcement", "0001_initial")]

    operations = [migrations.RunSQL(*maker_is_the_proposals("enforcement_approval", "enforcement_decision"))]
