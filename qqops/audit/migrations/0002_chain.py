from django.db import migrations

from qqops.audit.triggers import CHAIN, DROP_CHAIN


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunSQL(CHAIN, DROP_CHAIN)]
