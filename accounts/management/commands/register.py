"""`manage.py register FILE`: the registrations of the upstream system (T4, 3.1), each once."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from accounts.intake import REGISTRATIONS, File
from accounts.management.faults import line_of
from accounts.services.allocation import register
from accounts.services.allocation.register import Checked
from qqops.commands import Exit, SystemCommand
from qqops.errors import Invalid
from qqops.progress import bar

NAMED = 50


class Command(SystemCommand):
    system_actor = "system-feed"
    help = (
        "Record registrations of the upstream system from CSV, XLSX or JSON Lines. Dry run unless --apply.\n\n"
        "  Columns: registration, channel, reference, accepted (explicit, by_use), rules, registered_at,\n"
        "  number (empty: one is handed out), pool, order, price (yuan), paid_until, and those of `identity import`.\n"
        "  Any wrong line refuses the whole file. A registration that is known is left as it is; a new one was\n"
        "  completed at most 7 days ago. A number that somebody of the staff declared is allocated by a person."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.description = self.help
        parser.add_argument("file", metavar="FILE", help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        as_json = options["json"]
        with File(Path(options["file"]), REGISTRATIONS) as file:
            found = register.check(file.rows(), named=None if as_json else NAMED)
            file.must_be_the_same()
            told: dict[str, Any] = {"applied": False, "sha256": file.sha256, "lines": found.lines}
            if found.wrongs:
                return self._refuse(found, told, as_json=as_json)
            if not options["apply"]:
                told |= {"new": found.lines - found.known, "known": found.known}
                said = _("Dry run. Lines: %(lines)d, would be new: %(new)d, known: %(known)d.")
            else:
                with bar(self.stdout, _("recording"), found.lines) as advance:
                    done = register.apply(file.rows(), found, actor=self.actor, source=file.sha256, step=advance)
                told |= {"applied": True, "new": len(done.opened), "known": done.known, "numbers": dict(done.opened)}
                said = _("Recorded. Lines: %(lines)d, new: %(new)d, known: %(known)d.")
        if as_json:
            self.say_json(told)
        else:
            self.say(f"SHA-256 {told['sha256']}")
            self.say(said % told)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _refuse(self, found: Checked, told: dict[str, Any], *, as_json: bool) -> int:
        if as_json:
            self.say_json(told | {"wrong": found.wrongs, "errors": [asdict(one) for one in found.wrong]})
            return Exit.USAGE
        for one in found.wrong:
            self.say(line_of(one))
        if found.wrongs > len(found.wrong):
            self.say(_("… and %(n)d more") % {"n": found.wrongs - len(found.wrong)})
        counts = {"wrong": found.wrongs, "lines": found.lines}
        raise Invalid(_("The file was refused, nothing was done. Faults: %(wrong)d, lines: %(lines)d.") % counts)
