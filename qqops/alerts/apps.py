from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AlertsConfig(AppConfig):
    name = "qqops.alerts"
    label = "alerts"
    verbose_name = _("Alerts")

    def ready(self) -> None:
        from qqops.alerts import checks  # noqa: F401  # registers them

        post_migrate.connect(_begin, dispatch_uid="alerts.begin")


def _begin(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After the last app's migrations, when every app has said what it waits for and the table is there."""
    from qqops.alerts import watch

    if using == "owner" and sender is list(apps.get_app_configs())[-1]:
        watch.begin(using)
