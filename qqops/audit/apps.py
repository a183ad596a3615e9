from datetime import timedelta

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AuditConfig(AppConfig):
    name = "qqops.audit"
    label = "audit"
    verbose_name = _("Audit review")

    def import_models(self) -> None:
        super().import_models()
        from qqops.audit.checkpoints import models  # noqa: F401  # a package of its own, with its own models

    def ready(self) -> None:
        autodiscover_modules("events")
        from qqops.alerts import watch

        watch.declare("audit.verify", gettext_noop("the verification of the record"), within=timedelta(hours=26))
        watch.declare("audit.months", gettext_noop("the making of the record's months"), within=timedelta(hours=26))
        watch.declare("audit.checkpoint", gettext_noop("the checkpoint of the record"), within=timedelta(hours=26))
