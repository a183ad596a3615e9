"""`manage.py import_logins FILE`: the login feed (5.1)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from accounts.intake.feed import Feed
from accounts.management.lines import say_skipped, say_wrong
from accounts.queries.logins import SKIPPED
from accounts.services.logins import Imported, WrongLines, import_logins
from qqops.commands import Exit, SystemCommand
from qqops.progress import bar


class Command(SystemCommand):
    help = (
        "Record logins from CSV or JSON Lines: number, time, service. Dry run unless --apply.\n\n"
        "  A time without a zone is Beijing's. Lines may be late or come twice. The first login activates a number,\n"
        "  one within the cooling-off withdraws its cancellation. Any wrong line refuses the whole file."
    )
    system_actor = "system-feed"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        with Feed(options["file"]) as feed, bar(self.stderr, _("recording"), feed.about()) as step:
            try:
                found = import_logins(feed, actor=self.actor, apply=options["apply"], step=step)
            except WrongLines as error:
                return say_wrong(self, error, as_json=options["json"])
            self._report(found, feed.sha256, options)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _report(self, found: Imported, sha256: str, options: dict[str, Any]) -> None:
        counts = found.counts()
        if options["json"]:
            numbers = {why: list(listed) for why, listed in found.numbers.items()}
            self.say_json({"applied": options["apply"], "sha256": sha256, **counts, "numbers": numbers})
            return
        self.say(f"SHA-256 {sha256}")
        text = (
            _("Recorded. Lines: %(lines)d, logins new or later: %(logins)d, activated: %(activated)d,"
              " cancellations withdrawn: %(withdrawn)d, rules accepted by use: %(accepted)d.")
            if options["apply"]
            else _("Dry run. Lines: %(lines)d, logins: %(logins)d, would be activated: %(activated)d,"
                   " cancellations withdrawn: %(withdrawn)d, rules accepted by use: %(accepted)d.")
        )  # fmt: skip
        self.say(text % counts)
        say_skipped(self, found.skipped, found.numbers, SKIPPED)
