"""`manage.py purge [confirm FILE]`: cancellations that are over, and numbers whose grace is (T16-T18)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.cancellation import services as cancel
from accounts.lists.feed import CLEARANCES, Feed
from accounts.logins.services import WrongLines
from accounts.management.feed_lines import say_skipped, say_wrong
from accounts.management.sweep_counts import say
from accounts.quarantine.clearance import confirm
from accounts.quarantine.events import UNCLEARED
from accounts.quarantine.policy import Service
from accounts.quarantine.purge import purge
from qqops.core.commands import Exit, SystemCommand
from qqops.core.errors import Invalid


class Command(SystemCommand):
    help = gettext_noop(
        "Carry out cancellations that are over, and purge numbers whose grace is. Dry run unless --apply.\n\n"
        "  purge confirm FILE records which services have cleared what they held: number, service, time.\n"
        "  What a hold or a waiting decision keeps is left, and counted."
    )
    system_actor = "system-release"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", nargs="?", choices=("confirm",), help=_("record what services have cleared"))
        parser.add_argument("file", nargs="?", metavar="FILE", type=Path, help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        apply = options["apply"]
        if options["do"]:
            return self._confirm(options)
        found = cancel.end(actor=self.actor, apply=apply) + purge(actor=self.actor, apply=apply)
        return say(self, found, apply=apply, as_json=options["json"])

    def _confirm(self, options: dict[str, Any]) -> int:
        if options["file"] is None:
            raise Invalid(_("Say which file."))
        with Feed(options["file"], CLEARANCES, Service.values) as feed:
            try:
                found = confirm(feed, actor=self.actor, apply=options["apply"])
            except WrongLines as error:
                return say_wrong(self, error, as_json=options["json"])
        counts = {"lines": found.lines, "recorded": found.recorded}
        if options["json"]:
            told = {"skipped": dict(found.skipped), "numbers": found.numbers}
            self.say_json({"applied": options["apply"], "sha256": feed.sha256, **counts, **told})
        else:
            text = (
                _("Recorded. Lines: %(lines)d, new: %(recorded)d.")
                if options["apply"]
                else _("Dry run. Lines: %(lines)d, would be new: %(recorded)d.")
            )
            self.say(text % counts)
            say_skipped(self, found.skipped, found.numbers, UNCLEARED)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN
