from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Registry")

    def ready(self) -> None:
        from accounts import proof  # noqa: F401  # registers its checks with audit_verify
        from qqops.alerts import watch

        watch.declare("accounts.purge", gettext_noop("the retention sweep"), within=timedelta(hours=26))
        watch.declare("accounts.breaches", gettext_noop("the check of breach reports"), within=timedelta(minutes=30))
        watch.declare("accounts.holds", gettext_noop("the end of legal holds"), within=timedelta(minutes=30))
        watch.declare("accounts.overdue", gettext_noop("the check of overdue requests"), within=timedelta(hours=2))
