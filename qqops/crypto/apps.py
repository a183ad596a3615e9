from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _


class VaultConfig(AppConfig):
    name = "qqops.crypto"
    label = "vault"
    verbose_name = _("Keys")

    def ready(self) -> None:
        from qqops.crypto import checks

        register(checks.the_keys_fit, Tags.database)
        autodiscover_modules("sealed_fields")
