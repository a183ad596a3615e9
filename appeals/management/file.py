"""`manage.py appeals file FILE`: the appeals that were filed at the portal, each once (7, 11)."""

from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.imports.files import File as Source
from accounts.management.file_faults import line_of
from appeals.filing import portal_file
from appeals.filing.portal_file import PORTAL, Checked
from appeals.filing.services import Filed
from appeals.lifecycle import Kind
from appeals.policy import Why
from qqops.core.commands import Exit, SystemCommand
from qqops.core.errors import Invalid
from qqops.core.progress import bar

NAMED = 50


class File(SystemCommand):
    system_actor = "system-appeals"
    help = gettext_noop(
        "File the portal's appeals from CSV, XLSX or JSON Lines. Dry run unless --apply.\n\n"
        "  Columns: portal_id, number (or a tenure, 10001/2), kind (recovery, objection, enquiry), ground, statement,\n"
        "  contact, agreement (not for enquiries), decision (of an objection), relation (empty: the holder), and one\n"
        "  for each kind of evidence: past_passwords (as 3/5), registration, mobile, …; see docs/appeals.md.\n"
        "  Any wrong line refuses the whole file. A portal id that is known is left as it is.\n"
        "  --json tells the receipt number of each portal id that is on the register, known or new, also where a run\n"
        "  stopped on its way, or could not take a line in at that moment, with why (exit code 3: run it again).\n"
        "  A line about what is on the register under another contact is another person's: it is kept for whoever\n"
        "  hears that, told under others, and has no receipt number (exit code 3; nothing is to be run again for it)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        as_json = options["json"]
        with Source(Path(options["file"]), PORTAL) as file:
            found = portal_file.check(file.rows(), figures=not options["apply"], named=None if as_json else NAMED)
            file.must_be_the_same()
            told: dict[str, Any] = {"applied": False, "sha256": file.sha256, "lines": found.lines}
            if found.wrongs:
                return self._refuse(found, told, as_json=as_json)
            if not options["apply"]:
                self._tell(told | figures(found.would), found.known, as_json)
                return Exit.DRY_RUN
            with bar(self.stdout, _("recording"), found.lines) as advance:
                done = portal_file.apply(file.rows(), found, actor=self.actor, source=file.sha256, step=advance)
        told |= {"applied": True, "stopped": done.stopped, "refused": done.refused} | figures(done.filed)
        told["others"] = dict.fromkeys(done.others, _("It was received and is kept, and a person will look at it."))
        self._tell(told, done.receipts, as_json)
        return Exit.PARTLY if done.stopped or done.refused or done.others else Exit.DONE

    def _tell(self, told: dict[str, Any], receipts: dict[str, str], as_json: bool) -> None:
        if as_json:
            self.say_json(told | {"receipts": receipts})
            return
        self.say(f"SHA-256 {told['sha256']}")
        if told["applied"]:
            self.say(_("Filed. Lines: %(lines)d, new: %(new)d, known: %(known)d, open already: %(open)d.") % told)
        else:
            self.say(_("Dry run. Lines: %(lines)d, would be new: %(new)d, known: %(known)d, open already: %(open)d.")
                     % told)  # fmt: skip
        for kind, n in told["kinds"].items():
            self.say(f"  {Kind(kind).label}: {n}")
        self.say(_("  recoveries taken as objections: %(routed)d, second reviews: %(again)d") % told)
        self.say(_("  heard by a supervisor, as filed too often: %(gated)d; measures over already: %(over)d") % told)
        for why, n in told["declined"].items():
            self.say(_("  not heard: %(why)s: %(n)d") % {"why": Why(why).label, "n": n})
        for portal, why in islice(told.get("refused", {}).items(), NAMED):
            self.say(_("  not taken in: %(portal)s: %(why)s") % {"portal": portal, "why": why})
        for portal, answer in islice(told.get("others", {}).items(), NAMED):
            self.say(_("  without a receipt number: %(portal)s: %(answer)s") % {"portal": portal, "answer": answer})
        if why := told.get("stopped"):
            self.say(why)

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


def figures(filed: Filed) -> dict[str, Any]:
    numbers = ("new", "known", "open", "again", "routed", "gated", "over")
    return {name: getattr(filed, name) for name in numbers} | {
        "kinds": dict(sorted(filed.kinds.items())),
        "declined": dict(sorted(filed.declined.items())),
    }
