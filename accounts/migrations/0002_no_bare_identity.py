from django.db import migrations


class Migration(migrations.Migration):
    """The identity was a bare id until its items could be sealed: nothing is lost with it."""

    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.DeleteModel("Identity")]
