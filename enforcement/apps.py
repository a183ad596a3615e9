from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class EnforcementConfig(AppConfig):
    name = "enforcement"
    verbose_name = _("Enforcement")

    def ready(self) -> None:
        from enforcement import cases, checks, disclosing, keeping, proof  # noqa: F401  # each registers what it knows
        from enforcement.letters import proof as proof_of_letters  # noqa: F401
        from qqops.alerts import watch

        watch.declare("enforcement.expire", gettext_noop("the expiry sweep"), within=timedelta(minutes=5))
        watch.declare("enforcement.deliver", gettext_noop("the delivery of notices"), within=timedelta(minutes=5))
        watch.declare(
            "enforcement.announce", gettext_noop("the notices before a reclaim"), within=timedelta(minutes=30)
        )
        watch.declare("enforcement.evidence", gettext_noop("the retention of evidence"), within=timedelta(hours=26))
        watch.declare("enforcement.lists", gettext_noop("the forgetting of lists"), within=timedelta(hours=3))
        watch.declare("enforcement.feed", gettext_noop("the state feed"), within=timedelta(minutes=5))
