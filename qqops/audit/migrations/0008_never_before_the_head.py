"""An event has a time that is not before the head's, also when the clock was set back over the first of a month."""

from django.db import migrations

from qqops.audit.triggers import AT


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_acts_by_clause")]

    # Backwards there is nothing to do: the function gives way to the same one of 0002.
    operations = [migrations.RunSQL(AT, migrations.RunSQL.noop)]
