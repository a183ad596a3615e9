from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class EnforcementConfig(AppConfig):
    name = "enforcement"
    verbose_name = _("Enforcement")

    def ready(self) -> None:
        # Each of these modules registers what enforcement knows with a lower app.
        import enforcement.audit_checks
        import enforcement.decisions.disclosed_facts
        import enforcement.decisions.reveal_case
        import enforcement.feed.checks
        import enforcement.letters.audit_checks
        import enforcement.measures.retention_blockers  # noqa: F401
        from qqops.alerts import watch

        watch.declare("enforcement.expire", gettext_noop("the expiry sweep"), within=timedelta(minutes=5))
        watch.declare("enforcement.deliver", gettext_noop("the delivery of notices"), within=timedelta(minutes=5))
        watch.declare(
            "enforcement.announce", gettext_noop("the notices before a reclaim"), within=timedelta(minutes=30)
        )
        watch.declare("enforcement.evidence", gettext_noop("the retention of evidence"), within=timedelta(hours=26))
        watch.declare("enforcement.lists", gettext_noop("the forgetting of lists"), within=timedelta(hours=3))
        watch.declare("enforcement.feed", gettext_noop("the state feed"), within=timedelta(minutes=5))
