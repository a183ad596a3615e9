from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Registry")

    def ready(self) -> None:
        from accounts import audit_checks  # noqa: F401  # registers its checks with audit_verify
        from qqops.alerts import watch

        watch.declare("accounts.purge", gettext_noop("the retention sweep"), within=timedelta(hours=26))
        watch.declare("accounts.breaches", gettext_noop("the check of breach reports"), within=timedelta(minutes=30))
        watch.declare("accounts.holds", gettext_noop("the end of legal holds"), within=timedelta(minutes=30))
        watch.declare("accounts.overdue", gettext_noop("the check of overdue requests"), within=timedelta(hours=2))
        watch.declare("accounts.logins", gettext_noop("the login feed"), within=timedelta(hours=26))
        watch.declare("accounts.cancellations", gettext_noop("the end of cancellations"), within=timedelta(hours=2))
        watch.declare("accounts.purge_numbers", gettext_noop("the purge of numbers"), within=timedelta(hours=2))
        watch.declare("accounts.release", gettext_noop("the release from quarantine"), within=timedelta(hours=2))
        watch.declare("accounts.tally", gettext_noop("the adding up of ranges"), within=timedelta(minutes=30))
        watch.declare("accounts.proposals", gettext_noop("the lapse of resource proposals"), within=timedelta(hours=2))
