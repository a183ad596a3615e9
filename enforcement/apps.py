from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class EnforcementConfig(AppConfig):
    name = "enforcement"
    verbose_name = _("Enforcement")

    def ready(self) -> None:
        from enforcement import cases, disclosing, keeping, proof  # noqa: F401  # each registers what it knows
        from qqops.alerts import watch

        watch.declare("enforcement.expire", gettext_noop("the expiry sweep"), within=timedelta(minutes=5))
        watch.declare(
            "enforcement.announce", gettext_noop("the notices before a reclaim"), within=timedelta(minutes=30)
        )
