"""`manage.py enforce {restrict,freeze,terminate,lift,restore}`: a person's act on one number or a list."""

import sys
from array import array
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from accounts import numbers
from accounts.queries.policies import policy_by_code
from enforcement import services
from enforcement.management.reporting import preview_lines, report_code, say_report
from enforcement.order import Order
from enforcement.policy import FreezeKind, Kind, LeftOut, Scope, Severity
from enforcement.terms import parse_duration, parse_until
from qqops.commands import Exit, StaffCommand
from qqops.errors import Invalid

ACTS = [kind.value for kind in Kind if kind != Kind.UNDO]  # what was done is undone by `decisions undo`


class Command(StaffCommand):
    help = (
        "Restrict, freeze, terminate, lift or restore. Dry run unless --apply.\n\n"
        "  enforce freeze 88812345 --clause 10.1 --fact '…' --evidence '…' --reason '…' --for 7d --actor officer\n"
        "  enforce restrict --numbers list.csv --scope send_msg --clause 8.1 … --until 2026-12-31\n"
        "  enforce lift 88812345 --measure 17 …   (or --of DECISION, or --what freeze:security)\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=ACTS, metavar="ACT", help=", ".join(ACTS))
        parser.add_argument("number", nargs="*", metavar="N", help=_("numbers"))
        parser.add_argument("--numbers", metavar="FILE", help=_("file with numbers; - for standard input"))
        parser.add_argument("--clause", action="append", default=[], help=_("ground: a clause number, or “law”"))
        parser.add_argument("--citation", default="", help=_("with “law”: the law and article, or the order"))
        parser.add_argument("--article", default="", metavar="CODE:CLAUSE", help=_("with “contract”: the agreement"))
        parser.add_argument("--severity", default="", choices=Severity.values, help=_("of a violation"))
        parser.add_argument("--departure", default="", help=_("why it departs from what the ladder suggests"))
        parser.add_argument("--detected-by", default="", help=_("the rule or model that found it"))
        parser.add_argument("--then-review", action="store_true", help=_("back to review at its end"))
        parser.add_argument("--leave-out", action="append", default=[], choices=LeftOut.values,
                            help=_("leave these of a list for review by hand (repeatable)"))  # fmt: skip
        parser.add_argument("--in-error", action="store_true", help=_("a reversal: what it reverses was wrong"))
        parser.add_argument("--case", type=int, metavar="ID", help=_("the case that leads to it"))
        parser.add_argument("--fact", default="", help=_("what happened"))
        parser.add_argument("--evidence", action="append", default=[], help=_("what shows it (repeatable)"))
        parser.add_argument("--freeze-kind", choices=FreezeKind.values, help=_("default: violation"))
        parser.add_argument("--scope", action="append", default=[], choices=Scope.values, help=_("restriction scope"))
        parser.add_argument("--policy", metavar="CODE", help=_("with 10.3: the dormancy policy"))
        term = parser.add_mutually_exclusive_group()
        term.add_argument("--for", dest="duration", metavar="7d", help=_("duration: 7d, 12h"))
        term.add_argument("--until", metavar="DATE", help=_("end: a date is its 00:00 in Shanghai"))
        term.add_argument("--indefinite", action="store_true", help=_("without end"))
        lift = parser.add_mutually_exclusive_group()
        lift.add_argument("--measure", action="append", type=int, default=[], help=_("lift: this measure (repeatable)"))
        lift.add_argument("--of", type=int, metavar="DECISION", help=_("lift: the measures of this decision"))
        lift.add_argument(
            "--what", action="append", default=[], metavar="KIND", help=_("lift: freeze, restrict, freeze:security …")
        )
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        order = _order(options)
        given = self._numbers(options)
        if not options["apply"]:
            found = services.preview(order, given, actor=self.actor)
            if options["json"]:
                self.say_json(
                    {
                        "decision": None,
                        "state": "dry_run",
                        "effect": found.rule.effect,
                        "targets": found.known,
                        "applied": 0,
                        "would_apply": found.will,
                        "skipped": dict(found.skipped),
                        "unknown": found.unknown,
                        "failed": 0,
                    }
                )
            else:
                for line in preview_lines(order, found):
                    self.say(line)
            return Exit.DRY_RUN
        report = services.decide(order, given, actor=self.actor)
        say_report(self, report, as_json=options["json"])
        return report_code(report)

    def _numbers(self, options: dict[str, Any]) -> "array[int]":
        source = options["numbers"]
        if bool(source) == bool(options["number"]):
            raise Invalid(_("Give numbers, or a list with --numbers; not both, not neither."))
        if source == "-":
            return numbers.read_bytes(sys.stdin.buffer.read())
        return numbers.read_file(Path(source)) if source else numbers.parse_list(options["number"])


def _order(options: dict[str, Any]) -> Order:
    kind = Kind(options["kind"])
    default_freeze = FreezeKind.LEGAL if options["clause"] == ["law"] else FreezeKind.VIOLATION
    return Order(
        kind=kind,
        clauses=tuple(dict.fromkeys(options["clause"])),
        citation=options["citation"],
        facts=options["fact"],
        evidence=tuple(options["evidence"]),
        reason=options["reason"],
        ticket=options["ticket"],
        freeze_kind=(options["freeze_kind"] or default_freeze) if kind == Kind.FREEZE else "",
        scopes=tuple(dict.fromkeys(options["scope"])),
        duration=parse_duration(options["duration"]) if options["duration"] else None,
        until=parse_until(options["until"]) if options["until"] else None,
        indefinite=options["indefinite"],
        lift_measures=tuple(options["measure"]),
        lift_of=options["of"],
        lift_kinds=tuple(options["what"]),
        policy=policy_by_code(options["policy"]) if options["policy"] else None,
        article=options["article"],
        severity=options["severity"],
        departure=options["departure"],
        detected_by=options["detected_by"],
        then_review=options["then_review"],
        leave_out=tuple(dict.fromkeys(options["leave_out"])),
        in_error=options["in_error"],
        case=options["case"],
    )
