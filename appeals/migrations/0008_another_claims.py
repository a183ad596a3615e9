"""Messages of somebody else, who asks under another contact for what an appeal is about."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("appeals", "0007_appeals_by_day")]

    operations = [
        migrations.AlterField(
            model_name="message",
            name="kind",
            field=models.CharField(
                choices=[
                    ("receipt", "receipt"),
                    ("asked", "asked for more"),
                    ("answer", "answer of the appellant"),
                    ("another", "from somebody else"),
                    ("ruling", "decision"),
                    ("warning", "notice to who is bound"),
                    ("talks", "talked over"),
                    ("reset", "request for new credentials"),
                    ("other", "message"),
                ],
                max_length=8,
                verbose_name="kind",
            ),
        ),
    ]
