"""`manage.py appeals report`: the figures of a month, and the part of them that may be published."""

import datetime
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appeals.statistics import text as figures
from appeals.statistics.services import report
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid
from qqops.templatetags.ops import plain


class Report(StaffCommand):
    called = "appeals report"
    help = gettext_noop(
        "How appeals were decided in a month; with --public only what may be published. Needs no --apply."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--month", default="", metavar="YYYY-MM", help=_("the month; without it the present one"))
        parser.add_argument("--public", action="store_true", help=_("only the transparency report"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        found = report(_month(options["month"]), actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        if options["json"]:
            told = asdict(found)
            self.say_json({"month": f"{found.month:%Y-%m}", "lines": told["lines"]} if options["public"] else told)
            return Exit.DONE
        for table in [figures.transparency(found)] if options["public"] else figures.tables(found):
            self.say(table.title)
            self.say("  " + " | ".join(table.head))
            for row in table.rows:
                self.say("  " + " | ".join("–" if cell in (None, "") else str(plain(cell)) for cell in row))
        return Exit.DONE


def _month(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(f"{text}-01") if text else timezone.localdate()
    except ValueError:
        raise Invalid(_("Write the month as in 2026-01.")) from None
