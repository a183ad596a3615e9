from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class StaffConfig(AppConfig):
    name = "qqops.staff"
    label = "staff"
    verbose_name = _("Staff")

    def ready(self) -> None:
        post_migrate.connect(_grant, dispatch_uid="staff.grant")


def _grant(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After the last app's migrations: the rights of the application role on every table, and the roles of staff."""
    from qqops.audit import privileges
    from qqops.staff import services

    if using == "owner" and sender is list(apps.get_app_configs())[-1]:
        privileges.grant(using)
        services.load_roles(using)
