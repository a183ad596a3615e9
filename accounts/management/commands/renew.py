"""`manage.py renew FILE`: paid time that the sales system says was renewed: number and paid until, a line each."""

import csv
import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.allocation.renewal import Renewed, must_be_near, renew
from accounts.numbers.parsing import ENCODINGS, SHOWN_MAX, parse
from qqops.core.commands import Exit, SystemCommand
from qqops.core.days import end_of
from qqops.core.errors import Invalid

WHY = {
    "nobody": gettext_lazy("nobody holds it"),
    "over": gettext_lazy("its right of use is over"),
    "free": gettext_lazy("not a paid number"),
    "already": gettext_lazy("paid for as long already"),
}


class Command(SystemCommand):
    help = gettext_noop(
        "Record paid time that was renewed: lines of “number,paid until” (a date is its end in Shanghai; a heading is"
        " skipped). Never shortens. Any wrong line refuses the whole file. Dry run unless --apply."
    )
    system_actor = "system-feed"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help=_("the file"))
        super().add_arguments(parser)

    def act(self, **options: Any) -> int:
        found = renew(_read(Path(options["file"])), actor=self.actor, apply=options["apply"])
        if options["json"]:
            self.say_json({"applied": options["apply"], "renewed": found.renewed, "skipped": found.skipped})
        else:
            self._tell(found, options["apply"])
        if not options["apply"]:
            return Exit.DRY_RUN
        return Exit.PARTLY if found.skipped else Exit.DONE

    def _tell(self, found: Renewed, applied: bool) -> None:
        sentence = _("Renewed: %(n)d.") if applied else _("Dry run: would be renewed: %(n)d.")
        self.say(sentence % {"n": found.renewed})
        for why, numbers in sorted(found.skipped.items()):
            more = " …" if len(numbers) > SHOWN_MAX else ""
            self.say(f"  {WHY[why]}: {', '.join(map(str, numbers[:SHOWN_MAX]))}{more}")


def _read(path: Path) -> dict[int, datetime.datetime]:
    for encoding in ENCODINGS:
        try:
            with path.open(encoding=encoding, newline="") as lines:
                return _parse(csv.reader(lines))
        except UnicodeDecodeError:
            continue
        except OSError as error:
            raise Invalid(_("Cannot read the list: %(error)s") % {"error": error}) from error
    raise Invalid(_("The file is neither UTF-8 nor GB18030 text."))


def _parse(rows: Iterator[list[str]]) -> dict[int, datetime.datetime]:
    found: dict[int, datetime.datetime] = {}
    wrong: list[str] = []
    for at, row in enumerate(rows, 1):
        if not any(cell.strip() for cell in row) or (at == 1 and row[0].strip().lower() in ("number", "号码", "qq")):
            continue
        try:
            if len(row) != 2:
                raise Invalid(_("a line is a number and a time"))
            number, until = parse(row[0]), _moment(row[1].strip())
            found[number] = max(found.get(number, until), until)
        except Invalid as error:
            wrong.append(_("line %(line)d: %(error)s") % {"line": at, "error": error})
    if wrong:
        more = [_("… and %(n)d more") % {"n": len(wrong) - SHOWN_MAX}] if len(wrong) > SHOWN_MAX else []
        raise Invalid("\n".join([_("The list was refused; nothing was done:"), *wrong[:SHOWN_MAX], *more]))
    if not found:
        raise Invalid(_("The list holds no numbers."))
    return found


def _moment(text: str) -> datetime.datetime:
    try:
        day = parse_date(text) if len(text) == 10 else None
        moment = end_of(day) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid(_("Write a time as 2026-01-31 18:00."))
    moment = timezone.make_aware(moment) if timezone.is_naive(moment) else moment
    must_be_near(moment)
    return moment
