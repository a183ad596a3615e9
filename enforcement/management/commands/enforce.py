"""`manage.py enforce {restrict,freeze,terminate,lift,adjust,restore}`: a person's act on one number or a list."""

import sys
from dataclasses import replace
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.dormancy.queries import policy_by_code
from accounts.lists.given_list import GivenList, read, read_path
from accounts.numbers import parsing
from enforcement.decisions.durations import parse_duration, parse_until
from enforcement.decisions.order import Order
from enforcement.decisions.preview import preview
from enforcement.decisions.services import decide
from enforcement.lists.number_set import Listed
from enforcement.management.decision_text import (
    list_json,
    list_lines,
    preview_json,
    preview_lines,
    report_code,
    say_report,
)
from enforcement.policy import FreezeKind, Kind, LeftOut, Scope, Severity
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid

ACTS = [kind.value for kind in Kind if kind != Kind.UNDO]  # what was done is undone by `decisions undo`


class Command(StaffCommand):
    help = gettext_noop(
        "Restrict, freeze, terminate, lift, change or restore. Dry run unless --apply.\n\n"
        "  enforce freeze 88812345 --clause 10.1 --fact '…' --evidence '…' --reason '…' --for 7d --actor officer\n"
        "  enforce restrict --numbers list.csv --scope send_msg --clause 8.1 … --until 2026-12-31\n"
        "  enforce … --numbers list.csv --expect SHA256 --apply   (only the list that the dry run showed)\n"
        "  enforce lift 88812345 --measure 17 …   (or --of DECISION, or --what freeze:security)\n"
        "  enforce adjust 88812345 --measure 17 … --until 2026-12-31   (and, of a restriction, --scope send_msg)\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", choices=ACTS, metavar="ACT", help=", ".join(ACTS))
        parser.add_argument("number", nargs="*", metavar="N", help=_("numbers"))
        parser.add_argument("--numbers", metavar="FILE", help=_("file with numbers; - for standard input"))
        parser.add_argument("--expect", metavar="SHA256", help=_("refuse a list that is not the one of the dry run"))
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
        parser.add_argument("--evidence-file", action="append", type=int, default=[], metavar="ID",
                            help=_("a file that `evidence add` took in (repeatable)"))  # fmt: skip
        parser.add_argument("--freeze-kind", choices=FreezeKind.values, help=_("default: violation"))
        parser.add_argument("--scope", action="append", default=[], choices=Scope.values, help=_("restriction scope"))
        parser.add_argument("--policy", metavar="CODE", help=_("with 10.3: the dormancy policy"))
        term = parser.add_mutually_exclusive_group()
        term.add_argument("--for", dest="duration", metavar="7d", help=_("duration: 7d, 12h"))
        term.add_argument("--until", metavar="DATE", help=_("end: a date is its 00:00 in Shanghai"))
        term.add_argument("--indefinite", action="store_true", help=_("without end"))
        lift = parser.add_mutually_exclusive_group()
        lift.add_argument(
            "--measure", action="append", type=int, default=[], help=_("lift, adjust: this measure (repeatable)")
        )
        lift.add_argument("--of", type=int, metavar="DECISION", help=_("lift, adjust: the measures of this decision"))
        lift.add_argument(
            "--what", action="append", default=[], metavar="KIND",
            help=_("lift, adjust: freeze, restrict, freeze:security …"),
        )  # fmt: skip
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        order = _order(options)
        source = _list(options)
        if source:
            order = replace(order, source_name=source.name, source_sha256=source.sha256)
        given = Listed(source.numbers if source else parsing.parse_list(options["number"]))
        if not options["apply"]:
            found = preview(order, given, actor=self.actor)
            if options["json"]:
                self.say_json(preview_json(found) | (list_json(order, given, found) if source else {}))
            else:
                for line in chain(preview_lines(order, found), list_lines(order, given, found) if source else ()):
                    self.say(line)
            return Exit.DRY_RUN
        report = decide(order, given, actor=self.actor)
        say_report(self, report, as_json=options["json"])
        return report_code(report)


def _list(options: dict[str, Any]) -> GivenList | None:
    """The list that was given, if one was; Invalid when it is not the one that was looked at."""
    source, expected = options["numbers"], options["expect"]
    if bool(source) == bool(options["number"]):
        raise Invalid(_("Give numbers, or a list with --numbers; not both, not neither."))
    if not source:
        if expected:
            raise Invalid(_("What --expect names is a list: give it with --numbers."))
        return None
    given = read(BytesIO(sys.stdin.buffer.read()), "stdin") if source == "-" else read_path(Path(source))
    if expected and given.sha256 != expected.strip().lower():
        raise Invalid(
            _("The list is not the one of the dry run: its SHA-256 is %(now)s. Nothing was done: look at it again.")
            % {"now": given.sha256}
        )
    return given


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
        files=tuple(dict.fromkeys(options["evidence_file"])),
    )
