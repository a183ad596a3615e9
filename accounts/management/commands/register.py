"""`manage.py register FILE`: the registrations of the upstream system (T4, 3.1), each once."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.allocation import registration
from accounts.allocation.registration import Checked
from accounts.imports.columns import REGISTRATIONS
from accounts.imports.files import File
from accounts.management.file_faults import line_of
from qqops.core.commands import Exit, SystemCommand
from qqops.core.errors import Invalid
from qqops.core.progress import bar

NAMED = 50


class Command(SystemCommand):
    system_actor = "system-feed"
    help = gettext_noop(
        "Record registrations of the upstream system from CSV, XLSX or JSON Lines. Dry run unless --apply.\n\n"
        "  Columns: registration, channel, reference, accepted (explicit, by_use), rules, registered_at,\n"
        "  number (empty: one is handed out), pool, order, price (yuan), paid_until, and those of `identity import`.\n"
        "  Any wrong line refuses the whole file. A registration that is known is left as it is; a new one was\n"
        "  completed at most 7 days ago. A number that somebody of the staff declared is allocated by a person.\n"
        "  --json tells the number of each registration of the file that is on record, known or new, also where a run\n"
        "  stopped on its way (exit code 3)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        as_json = options["json"]
        with File(Path(options["file"]), REGISTRATIONS) as file:
            found = registration.check(file.rows(), named=None if as_json else NAMED)
            file.must_be_the_same()
            told: dict[str, Any] = {"applied": False, "sha256": file.sha256, "lines": found.lines}
            if found.wrongs:
                return self._refuse(found, told, as_json=as_json)
            if not options["apply"]:
                known = found.known
                told |= {"new": found.lines - len(known), "known": len(known), "numbers": known}
                self._tell(told, _("Dry run. Lines: %(lines)d, would be new: %(new)d, known: %(known)d."), as_json)
                return Exit.DRY_RUN
            with bar(self.stdout, _("recording"), found.lines) as advance:
                done = registration.apply(file.rows(), found, actor=self.actor, source=file.sha256, step=advance)
        told |= {"applied": True, "new": len(done.opened), "known": len(done.known), "stopped": done.stopped}
        told |= {"numbers": done.known | dict(done.opened)}
        self._tell(told, _("Recorded. Lines: %(lines)d, new: %(new)d, known: %(known)d."), as_json)
        return Exit.PARTLY if done.stopped else Exit.DONE

    def _tell(self, told: dict[str, Any], sentence: str, as_json: bool) -> None:
        if as_json:
            self.say_json(told)
            return
        self.say(f"SHA-256 {told['sha256']}")
        self.say(sentence % told)
        if why := told.get("stopped"):
            self.say(why)

    def _refuse(self, found: Checked, told: dict[str, Any], *, as_json: bool) -> int:
        if as_json:
            errors = [asdict(one) for one in found.wrong]
            self.say_json(told | {"wrong": found.wrongs, "errors": errors, "numbers": found.known})
            return Exit.USAGE
        for one in found.wrong:
            self.say(line_of(one))
        if found.wrongs > len(found.wrong):
            self.say(_("… and %(n)d more") % {"n": found.wrongs - len(found.wrong)})
        counts = {"wrong": found.wrongs, "lines": found.lines}
        raise Invalid(_("The file was refused, nothing was done. Faults: %(wrong)d, lines: %(lines)d.") % counts)
