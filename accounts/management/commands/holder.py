"""`manage.py holder N --on 2026-01-31`: who held a number on a day and answers for what was done with it (9.1)."""

import argparse
import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.holders.queries import Answer
from accounts.holders.services import tell
from accounts.numbers.parsing import parse
from qqops.core.commands import Exit, StaffCommand
from qqops.templatetags.ops import minute


class Command(StaffCommand):
    help = gettext_noop("Who held a number on a day: tenure, initial registrant and identity, masked. It only reads.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", metavar="N")
        parser.add_argument("--on", required=True, type=_day, metavar="YYYY-MM-DD", help=_("the day, in Shanghai"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        number, day = parse(options["number"]), options["on"]
        found = tell(number, day, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        if options["json"]:
            self.say_json({"number": number, "on": day, "answers": [_as_json(answer) for answer in found]})
            return Exit.DONE
        if not found:
            self.say(_("On %(day)s %(number)d belonged to nobody.") % {"day": day, "number": number})
        for answer in found:
            tenure = answer.tenure
            until = minute(tenure.ended_at) if tenure.ended_at else _("now")
            self.say(
                _("tenure %(seq)d: %(since)s – %(until)s, by %(channel)s")
                % {
                    "seq": tenure.seq,
                    "since": minute(tenure.started_at),
                    "until": until,
                    "channel": tenure.get_channel_display(),
                }
            )
            if answer.own:
                self.say(f"  {_('identity')}: {_('a number you declared')}")
            for label, shown in (
                (_("initial registrant"), answer.registrant_shown),
                (_("identity"), answer.identity_shown),
            ):
                if shown:
                    self.say(f"  {label}: " + " · ".join(f"{item.label} {value}" for item, value in shown.items()))
        return Exit.DONE


def _day(text: str) -> datetime.date:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(_("write the day as 2026-12-31")) from error


def _as_json(answer: Answer) -> dict[str, Any]:
    tenure = answer.tenure
    return {
        "tenure": tenure.seq,
        "started_at": tenure.started_at,
        "ended_at": tenure.ended_at,
        "channel": tenure.channel,
        "registrant": answer.registrant_shown,
        "identity": answer.identity_shown,
    }
