"""`manage.py audit_report NAME`: a report of the record at the terminal; that it was taken out is on the record."""

import datetime
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit.reports import catalogue, period
from qqops.audit.reports.services import in_text, take_out
from qqops.core import spreadsheets
from qqops.core.commands import Exit, StaffCommand
from qqops.core.reason import must_say_why


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(_("write a day as in 2026-11-28")) from None


class Command(StaffCommand):
    help = gettext_noop(
        "Print a report of the record: what people did, hasty approvals, unusual reveals, own affairs, gaps."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        names = [report.name for report in catalogue.all_reports()]
        parser.add_argument("name", choices=names, metavar="NAME", help=", ".join(names))
        parser.add_argument("--from", dest="first", type=_day, metavar="DAY", help=_("first day (default: 7 days)"))
        parser.add_argument("--to", dest="last", type=_day, metavar="DAY", help=_("last day, counted (default: today)"))
        parser.add_argument("--csv", action="store_true", help=_("print a table for spreadsheet programs"))

    def act_for(self, **options: Any) -> int:
        must_say_why(options["reason"])
        report, span = catalogue.named(options["name"]), period.of(options["first"], options["last"])
        lines = take_out(report, span, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        head, rows = [str(label) for label in report.head], list(in_text(lines))
        if options["json"]:
            told = {"report": report.name, "from": span.first, "to": span.last}
            self.say_json(told | {"head": head, "lines": rows})
        elif options["csv"]:
            self.stdout.write(b"".join(spreadsheets.as_csv(head, rows)).decode("utf-8-sig"), ending="")
        else:
            self.say(f"{report.title}  {span}")
            self.say(report.counted)
            self.say(report.not_counted)
            self.say()
            for row in [head, *rows] if rows else [[str(report.empty)]]:
                self.say("  ".join(row))
        return Exit.DONE
