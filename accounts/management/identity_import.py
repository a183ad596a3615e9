"""`manage.py identity import FILE`: set and update identity information by tenure. Values are never repeated."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import self_dealing
from accounts.identity.formats import Field
from accounts.identity.services import Recorded
from accounts.imports import services as intake
from accounts.imports.files import File
from accounts.imports.services import Checked
from accounts.management.file_faults import line_of
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid
from qqops.core.progress import bar

NAMED = 50


class Import(StaffCommand):
    called = "identity import"
    help = gettext_noop(
        "Set and update identity information from CSV, XLSX or JSON Lines. Dry run unless --apply.\n\n"
        "  Columns: number (or a tenure, 10001/2), name, document_kind, document, mobile, email, born;\n"
        "  for an item already verified mobile_verified_method, mobile_verified_at, mobile_verified_source; basis.\n"
        "  An empty cell leaves the item as it is, “-” takes it away. Any wrong line refuses the whole file.\n"
        "  Each run, dry or not, is on the record; there are 20 a day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help=_("the file"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        why: dict[str, Any] = {"actor": self.actor, "reason": options["reason"], "ticket": options["ticket"]}
        intake.may(**why)
        with File(Path(options["file"])) as file:
            named = None if options["json"] else NAMED
            found = intake.check(file.rows(), actor=self.actor, figures=not options["apply"], named=named)
            file.must_be_the_same()
            if found.wrongs or not options["apply"]:
                intake.tried(found, source=file.sha256, **why)
            if found.wrongs:
                return self._refuse(found, file, as_json=options["json"])
            done = self._apply(file, found, why) if options["apply"] else found.would
        self._report(done, found.lines, file, options)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _apply(self, file: File, found: Checked, why: dict[str, Any]) -> Recorded:
        with bar(self.stdout, _("recording"), found.lines) as advance:
            return intake.apply(file.rows(), found, source=file.sha256, step=advance, **why)

    def _refuse(self, found: Checked, file: File, *, as_json: bool) -> int:
        if as_json:
            self.say_json(
                {
                    "applied": False,
                    "sha256": file.sha256,
                    "lines": found.lines,
                    "wrong": found.wrongs,
                    "errors": [asdict(one) for one in found.wrong],
                }
            )
        else:
            self.say(f"SHA-256 {file.sha256}")
            for one in found.wrong:
                self.say(line_of(one))
            if found.wrongs > len(found.wrong):
                self.say(_("… and %(n)d more") % {"n": found.wrongs - len(found.wrong)})
        if found.own:
            raise self_dealing(found.own)
        if not as_json:
            counts = {"wrong": found.wrongs, "lines": found.lines}
            raise Invalid(_("The file was refused, nothing was done. Faults: %(wrong)d, lines: %(lines)d.") % counts)
        return Exit.USAGE

    def _report(self, done: Recorded, lines: int, file: File, options: dict[str, Any]) -> None:
        counts = {"lines": lines, "new": done.new, "changed": done.changed, "same": done.same}
        if options["json"]:
            fields = dict(done.fields)
            self.say_json({"applied": options["apply"], "sha256": file.sha256, **counts, "fields": fields})
            return
        self.say(f"SHA-256 {file.sha256}")
        if options["apply"]:
            self.say(_("Recorded. Lines: %(lines)d, new: %(new)d, changed: %(changed)d, same: %(same)d.") % counts)
        else:
            self.say(
                _("Dry run. Lines: %(lines)d, would be new: %(new)d, changed: %(changed)d, same: %(same)d.") % counts
            )
        for item in Field:
            if done.fields[item]:
                self.say(f"  {item.label}: {done.fields[item]}")
