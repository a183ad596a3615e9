"""Evidence says who brought it; a message that is not so any more ends so. Rows of evidence that are there stay as they
are, empty: their digests hold."""

from django.db import migrations, models

# Until now it ended as one that had no way; of those no fault is kept.
ENDED = "UPDATE appeals_delivery SET state = 'outdated' WHERE state = 'no_way' AND fault <> ''"


class Migration(migrations.Migration):

    dependencies = [
        ('appeals', '0009_has_part'),
    ]

    operations = [
        migrations.AddField(
            model_name='appealevidence',
            name='side',
            field=models.CharField(choices=[('appellant', 'the appellant'), ('other', 'the other claimant')], max_length=9, null=True, verbose_name='brought by'),
        ),
        migrations.AlterField(
            model_name='delivery',
            name='state',
            field=models.CharField(choices=[('pending', 'waiting to be sent'), ('sent', 'sent'), ('failed', 'could not be delivered'), ('no_way', 'no way to reach the appellant'), ('outdated', 'not so any more')], default='pending', max_length=10, verbose_name='delivery'),
        ),
        migrations.RunSQL(ENDED, migrations.RunSQL.noop),
    ]
