from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AppealsConfig(AppConfig):
    name = "appeals"
    verbose_name = _("Appeals")

    def ready(self) -> None:
        from appeals import cases, hears, keeping, proof  # noqa: F401  # each registers what it knows
        from qqops.alerts import watch

        watch.declare("appeals.sweep", gettext_noop("the clock of appeals"), within=timedelta(minutes=5))
        watch.declare(
            "appeals.deliver", gettext_noop("the delivery of messages of appeals"), within=timedelta(minutes=5)
        )
        watch.declare("appeals.keys", gettext_noop("the retention of what appeals say"), within=timedelta(hours=26))
