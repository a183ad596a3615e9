"""Each month of the record is made by itself: one that fails is named, and stops no other table's."""

from django.db import migrations

from qqops.audit.triggers import AHEAD


class Migration(migrations.Migration):
    dependencies = [('audit', '0005_few_among_many')]

    # Backwards there is nothing to do: the function gives way to the same one of 0001.
    operations = [migrations.RunSQL('DROP FUNCTION record_months_ahead();' + AHEAD, migrations.RunSQL.noop)]
