from datetime import timedelta
from typing import Any

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class StaffConfig(AppConfig):
    name = "qqops.staff"
    label = "staff"
    verbose_name = _("Staff")

    def ready(self) -> None:
        from qqops.alerts import watch
        from qqops.staff import audit_checks  # noqa: F401  # registers its checks with audit_verify
        from qqops.staff.signin import signals

        signals.listen()
        watch.declare("staff.sweep", gettext_noop("the sweep of ended sessions"), within=timedelta(minutes=30))
        watch.declare("staff.remind", gettext_noop("the reminder of due reviews"), within=timedelta(hours=2))
        post_migrate.connect(_grant, dispatch_uid="staff.grant")


def _grant(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """After the migrations of the last app, grant the application's role its privileges on every table."""
    from qqops.audit import privileges

    if using == "owner" and sender is list(apps.get_app_configs())[-1]:
        privileges.grant(using)
