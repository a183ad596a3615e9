"""`manage.py release`: what nothing waits for any more leaves quarantine (T19)."""

from typing import Any

from django.utils.translation import gettext_noop

from accounts.management.sweep_counts import say
from accounts.quarantine.services import release
from qqops.core.commands import SystemCommand


class Command(SystemCommand):
    help = gettext_noop("Release numbers from quarantine, or count what they wait for. Dry run unless --apply.")
    system_actor = "system-release"

    def act(self, **options: Any) -> int:
        found = release(actor=self.actor, apply=options["apply"])
        return say(self, found, apply=options["apply"], as_json=options["json"])
