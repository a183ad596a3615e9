"""`manage.py approve DECISION`: the second person, with his own command token."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.approval import services as approval
from enforcement.approval.services import capacity_of
from enforcement.decisions.queries import decision_by_id
from enforcement.decisions.services import Report
from enforcement.management.decision_text import decision_lines, filed_json, progress_bar, report_code, say_report
from qqops.core.commands import Exit, StaffCommand


class Command(StaffCommand):
    help = gettext_noop("Agree to a proposed decision (or --refuse it). Shows it and changes nothing unless --apply.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("decision", type=int)
        parser.add_argument("--refuse", action="store_true", help=_("refuse instead"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        decision = decision_by_id(options["decision"])
        if not options["apply"]:
            capacity_of(decision, self.actor)
            if options["json"]:
                report = Report(decision, targets=decision.target_count)
                self.say_json(report.as_json() | {"dry_run": filed_json(decision)})
            else:
                self.say(_("Dry run: nothing is changed. With --apply you would rule on:"))
                for line in decision_lines(decision):
                    self.say(line)
            return Exit.DRY_RUN
        seen = {"actor": self.actor, "reason": options["reason"], "content_hash": decision.content_hash}
        if options["refuse"]:
            report = approval.refuse(decision, **seen)
        else:
            with progress_bar(self.stderr, decision.target_count) as progress:
                report = approval.approve(decision, **seen, progress=progress)
        say_report(self, report, as_json=options["json"])
        return Exit.DONE if options["refuse"] else report_code(report)
