"""`manage.py decisions …`: look at a decision, carry it out, hold it up, take it back."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement import tasks
from enforcement.approval import withdrawal
from enforcement.approval.withdrawal import may_withdraw
from enforcement.decisions.queries import decision_by_id
from enforcement.decisions.services import Report
from enforcement.management.decision_text import (
    decision_lines,
    filed_json,
    outcome_counts,
    preview_json,
    preview_lines,
    progress_bar,
    report_code,
    say_report,
)
from enforcement.models import Decision
from enforcement.policy import BASES, Kind
from enforcement.runs import services as runs
from enforcement.runs.apply import apply, may_run
from enforcement.runs.services import may_go_on, may_run_it, may_stop_all, stop_all
from enforcement.undo import services as undo_services
from enforcement.undo.services import look_at_undo, undo_order
from qqops.approvals.models import State
from qqops.core.commands import Exit, OpsCommand, StaffCommand
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

OF_NOBODY = ("show", "run")  # to look needs no person at a shell of the machine, and to go on no third one
Argument = tuple[str, dict[str, Any]]


class Command(StaffCommand):
    help = gettext_noop(
        "Show a decision; continue, pause, slow down or stop what is being applied; undo what was.\n\n"
        "  decisions show 17\n"
        "  decisions run 17 --apply                     (continue what was interrupted, here)\n"
        "  decisions pause 17 --actor officer --reason '…' --apply\n"
        "  decisions limit 17 --rate 500 …              (--rate 0: no limit)\n"
        "  decisions withdraw 17 --actor officer --reason '…' --apply    (one's own, while it waits)\n"
        "  decisions undo 17 --clause 10.1 --in-error …\n"
        "  decisions stop_all …    decisions go_on …\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(
            dest="do", required=True, metavar="{show,run,pause,resume,limit,stop,withdraw,undo,stop_all,go_on}"
        )
        one: Argument = ("decision", {"type": int, "metavar": "DECISION"})
        rate: Argument = ("--rate", {"type": int, "required": True, "metavar": "N", "help": _("0: no limit")})
        undo: tuple[Argument, ...] = (
            one,
            ("--clause", {"required": True, "choices": [b.code for b in BASES if Kind.UNDO in b.kinds],
                          "help": _("ground of the undo")}),
            ("--citation", {"default": "", "help": _("with “law”: the law and article, or the order")}),
            ("--fact", {"default": "", "help": _("what happened")}),
            ("--in-error", {"action": "store_true", "help": _("it was wrong: it never counts, the holders have an"
                                                              " apology")}),
        )  # fmt: skip
        self._add(acts, "show", _("the case file and what came of it"), one)
        self._add(acts, "run", _("continue an approved one that was interrupted"), one)
        self._add(acts, "pause", _("finish the present chunk and wait"), one)
        self._add(acts, "resume", _("go on where it was paused; the worker does it"), one)
        self._add(acts, "limit", _("apply at most so many numbers a second"), one, rate)
        self._add(acts, "stop", _("stop it for good; what was done can be undone"), one)
        self._add(acts, "withdraw", _("take back a proposal of your own; what acted provisionally ends"), one)
        self._add(acts, "undo", _("take back exactly what it did"), *undo)
        self._add(acts, "stop_all", _("stop every run at its next chunk"))
        self._add(acts, "go_on", _("end the stop of all runs"))

    def _add(self, acts: Any, name: str, told: str, *arguments: Argument) -> None:
        own = acts.add_parser(name, help=told, description=told)
        if name in OF_NOBODY:
            OpsCommand.add_arguments(self, own)
            own.add_argument("--apply", action="store_true", help=_("run: do it; without this nothing is changed"))
        else:
            super().add_arguments(own)
        for flag, options in arguments:
            own.add_argument(flag, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["do"] in OF_NOBODY:
            OpsCommand.handle(self, *args, **options)
        else:
            super().handle(*args, **options)

    def act(self, **options: Any) -> int:
        if options["do"] in OF_NOBODY:
            decision = decision_by_id(options["decision"])
            return self._run(decision, options) if options["do"] == "run" else self._show(decision, options)
        return super().act(**options)

    def act_for(self, **options: Any) -> int:
        if options["do"] in ("stop_all", "go_on"):
            return self._all(options)
        decision = decision_by_id(options["decision"])
        act = {"undo": self._undo, "withdraw": self._withdraw}.get(options["do"], self._hold_up)
        return act(decision, options)

    def _show(self, decision: Decision, options: dict[str, Any]) -> int:
        counts = outcome_counts(decision)
        if options["json"]:
            report = Report(decision, targets=decision.target_count, applied=counts.pop("", 0))
            report.skipped.update(counts)
            self.say_json(report.as_json() | {"dry_run": filed_json(decision)})
        else:
            for line in decision_lines(decision):
                self.say(line)
        return Exit.DONE

    def _run(self, decision: Decision, options: dict[str, Any]) -> int:
        """Two people have decided already; to continue needs no third: it is the worker's task, done by hand."""
        if decision.state != State.APPROVED:
            raise Invalid(_("Decision #%(id)d is not approved and unfinished.") % {"id": decision.pk})
        report = Report(decision, targets=decision.target_count)
        may_run(decision)
        if not options["apply"]:
            left = decision.target_count - sum(outcome_counts(decision).values())
            if options["json"]:
                self.say_json(report.as_json())
            else:
                self.say(_("Dry run: would continue with %(n)d targets.") % {"n": left})
            return Exit.DRY_RUN
        worker = Staff.objects.system("system-worker")
        with progress_bar(self.stderr, decision.target_count) as progress:
            report.applied, report.skipped = apply(decision, actor=worker, progress=progress)
        say_report(self, report, as_json=options["json"])
        return report_code(report)

    def _hold_up(self, decision: Decision, options: dict[str, Any]) -> int:
        may_run_it(decision, self.actor)
        if not options["apply"]:
            return self._would(decision, options)
        said: dict[str, Any] = {"actor": self.actor, "reason": options["reason"]}
        match options["do"]:
            case "pause":
                runs.pause(decision, **said)
            case "resume":
                runs.resume(decision, **said, later=tasks.run_later)
            case "limit":
                runs.limit(decision, options["rate"] or None, **said)
            case "stop":
                runs.stop(decision, **said)
        return self._done(decision, options)

    def _withdraw(self, decision: Decision, options: dict[str, Any]) -> int:
        if options["apply"]:
            decision = withdrawal.withdraw(decision, actor=self.actor, reason=options["reason"])
            return self._done(decision, options)
        may_withdraw(decision, self.actor)
        return self._would(decision, options)

    def _undo(self, decision: Decision, options: dict[str, Any]) -> int:
        order = undo_order(
            decision,
            clause=options["clause"],
            citation=options["citation"],
            facts=options["fact"],
            reason=options["reason"],
            ticket=options["ticket"],
            in_error=options["in_error"],
        )
        if options["apply"]:
            report = undo_services.undo(order, actor=self.actor)
            say_report(self, report, as_json=options["json"])
            return report_code(report)
        found = look_at_undo(order, actor=self.actor)
        if options["json"]:
            self.say_json(preview_json(found))
        else:
            for line in preview_lines(order, found):
                self.say(line)
        return Exit.DRY_RUN

    def _all(self, options: dict[str, Any]) -> int:
        may = may_stop_all if options["do"] == "stop_all" else may_go_on
        may(self.actor)
        if not options["apply"]:
            return self._would(None, options)
        if options["do"] == "stop_all":
            stop_all(actor=self.actor, reason=options["reason"])
            self.say(_("All runs stop at their next chunk."))
        else:
            n = runs.go_on(actor=self.actor, reason=options["reason"], later=tasks.run_later)
            self.say(_("Runs go on; handed to the worker: %(n)d.") % {"n": n})
        return Exit.DONE

    def _would(self, decision: Decision | None, options: dict[str, Any]) -> int:
        if options["json"]:
            self.say_json({"decision": decision.pk if decision else None, "state": "dry_run", "do": options["do"]})
        else:
            self.say(_("Dry run: nothing is changed. With --apply it is done."))
        return Exit.DRY_RUN

    def _done(self, decision: Decision, options: dict[str, Any]) -> int:
        if options["json"]:
            self.say_json({"decision": decision.pk, "state": decision.state, "do": options["do"]})
        else:
            self.say(_("Decision #%(id)d: done.") % {"id": decision.pk})
        return Exit.DONE
