"""`manage.py decisions show ID | run ID`."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from enforcement import services
from enforcement.management.reporting import decision_lines, outcome_counts, progress_bar, report_code, say_report
from enforcement.queries import decision_by_id
from enforcement.services import Report
from qqops.approvals import State
from qqops.commands import Exit, OpsCommand
from qqops.errors import Invalid
from qqops.staff.models import Staff


class Command(OpsCommand):
    help = "Show a decision, or continue an approved one that was interrupted (run)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("show", "run"), metavar="{show,run}")
        parser.add_argument("decision", type=int)
        parser.add_argument("--apply", action="store_true", help=_("run: do it; without this nothing is changed"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        decision = decision_by_id(options["decision"])
        return self._run(decision, options) if options["do"] == "run" else self._show(decision, options)

    def _show(self, decision: Any, options: dict[str, Any]) -> int:
        counts = outcome_counts(decision)
        if options["json"]:
            report = Report(decision, targets=decision.target_count, applied=counts.pop("", 0))
            report.skipped.update(counts)
            self.say_json(report.as_json())
        else:
            for line in decision_lines(decision):
                self.say(line)
        return Exit.DONE

    def _run(self, decision: Any, options: dict[str, Any]) -> int:
        """Two people have decided already; to continue needs no third: it is the worker's task, done by hand."""
        if decision.state != State.APPROVED:
            raise Invalid(_("Decision #%(id)d is not approved and unfinished.") % {"id": decision.pk})
        report = Report(decision, targets=decision.target_count)
        services.may_run(decision)
        if not options["apply"]:
            left = decision.target_count - sum(outcome_counts(decision).values())
            if options["json"]:
                self.say_json(report.as_json())
            else:
                self.say(_("Dry run: would continue with %(n)d targets.") % {"n": left})
            return Exit.DRY_RUN
        worker = Staff.objects.system("system-worker")
        with progress_bar(self.stderr, decision.target_count) as progress:
            report.applied, report.skipped = services.apply(decision, actor=worker, progress=progress)
        say_report(self, report, as_json=options["json"])
        return report_code(report)
