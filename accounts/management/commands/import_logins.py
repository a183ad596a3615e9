"""`manage.py import_logins FILE [--covers MOMENT]`: the login feed (5.1)."""

from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lists.feed import Feed, moment
from accounts.logins.queries import SKIPPED
from accounts.logins.services import NAMED, Imported, WrongLines, import_logins
from accounts.management.feed_lines import say_skipped, say_wrong
from qqops.core.commands import Exit, SystemCommand
from qqops.core.progress import bar


class Command(SystemCommand):
    help = gettext_noop(
        "Record logins from CSV or JSON Lines: number, time, service. Dry run unless --apply.\n\n"
        "  A time without a zone is Beijing's. Lines may be late or come twice. The first login activates a number,\n"
        "  one within the cooling-off withdraws its cancellation. Any wrong line refuses the whole file.\n"
        "  --covers says up to when every login of every service is in this file and those before it. Until then, and\n"
        "  no further, cancellations end and whoever did not log in is reclaimed. The file may be empty: nobody did."
    )
    system_actor = "system-feed"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help=_("the file"))
        parser.add_argument("--covers", metavar="MOMENT", help=_("up to when every login is known with this file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        covers = moment(options["covers"]) if options["covers"] else None
        with Feed(options["file"]) as feed, bar(self.stderr, _("recording"), feed.about()) as step:
            try:
                found = import_logins(feed, actor=self.actor, apply=options["apply"], covers=covers, step=step)
            except WrongLines as error:
                return say_wrong(self, error, as_json=options["json"])
            self._report(found, feed.sha256, covers, options)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _report(self, found: Imported, sha256: str, covers: datetime | None, options: dict[str, Any]) -> None:
        counts = found.counts()
        if options["json"]:
            numbers = {why: list(listed) for why, listed in found.numbers.items()}
            told = {"covers": covers and covers.isoformat(), "numbers": numbers}
            self.say_json({"applied": options["apply"], "sha256": sha256, **counts, **told})
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
        if found.over and options["apply"]:
            named = ", ".join(map(str, found.over[:NAMED])) + (" …" if len(found.over) > NAMED else "")
            self.say(
                _("Reclaimed though they had been used: %(numbers)s. They wait for being restored (10.1).")
                % {"numbers": named}
            )
        self.say(
            _("Every login is known up to %(time)s.") % {"time": localtime(covers).isoformat(" ", "seconds")}
            if covers
            else _("It covers nothing: without --covers no cancellation ends, and nobody is reclaimed for no login.")
        )
        say_skipped(self, found.skipped, found.numbers, SKIPPED)
