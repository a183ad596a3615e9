from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AppealsConfig(AppConfig):
    name = "appeals"
    verbose_name = _("Appeals")

    def ready(self) -> None:
        # Each of these modules registers what appeals know with a lower app.
        import appeals.audit_checks
        import appeals.hearing.evidence_access
        import appeals.hearing.reveal_case
        import appeals.rulings.retention_blockers  # noqa: F401
        from qqops.alerts import watch

        watch.declare("appeals.sweep", gettext_noop("the clock of appeals"), within=timedelta(minutes=5))
        watch.declare(
            "appeals.deliver", gettext_noop("the delivery of messages of appeals"), within=timedelta(minutes=5)
        )
        watch.declare("appeals.keys", gettext_noop("the retention of what appeals say"), within=timedelta(hours=26))
