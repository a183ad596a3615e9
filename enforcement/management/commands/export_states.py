"""`manage.py export_states`: the state feed as JSON Lines, and how far its readers have come."""

import os
import sys
import time
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.feed import queries as feed
from enforcement.feed import services
from enforcement.models import FeedReader
from qqops.core.commands import Exit, SystemCommand
from qqops.core.errors import Invalid

PAUSE = 1.0  # seconds between two looks of --follow
LIMIT_MAX = 100_000


class Command(SystemCommand):
    """The feed's.

    A command of the system, without a person's token: a gateway asks day and night, and what it is told is about
    numbers only. To acknowledge decides whether the alarm rings, so that takes --apply as every change does.
    """

    help = gettext_noop(
        "Print what changed numbers are now, one JSON object a line; an {“upto”: SEQ} line after each page.\n\n"
        "  export_states --since SEQ                  all that changed after that; 0 from the beginning\n"
        "  export_states --reader NAME --acknowledge SEQ --apply\n"
        "  export_states --reader NAME --forget --apply\n"
        "  export_states --readers                    who follows the feed, and how far behind\n\n"
        "  docs/webhooks.md says what stands in a line and how to resume."
    )
    system_actor = "system-feed"
    opens = False  # nothing here is sealed

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        do = parser.add_mutually_exclusive_group(required=True)
        do.add_argument("--since", type=int, metavar="SEQ", help=_("print what changed after this event"))
        do.add_argument("--acknowledge", type=int, metavar="SEQ", help=_("everything up to there was taken over"))
        do.add_argument("--forget", action="store_true", help=_("give this reader up"))
        do.add_argument("--readers", action="store_true", help=_("list the readers"))
        parser.add_argument("--limit", type=int, default=feed.LIMIT, metavar="N", help=_("numbers of a page"))
        parser.add_argument("--follow", action="store_true", help=_("go on when there is more, until Ctrl-C"))
        parser.add_argument("--reader", default="", metavar="NAME", help=_("which reader"))

    def act(self, **options: Any) -> int:
        if options["readers"]:
            return self._readers(as_json=options["json"])
        if options["since"] is not None:
            return self._export(options["since"], options["limit"], follow=options["follow"])
        if not options["reader"]:
            raise Invalid(_("Say which reader: --reader NAME."))
        if options["forget"]:
            return self._forget(options["reader"], apply=options["apply"], as_json=options["json"])
        return self._acknowledge(options["reader"], options["acknowledge"], options["apply"], options["json"])

    def _export(self, since: int, limit: int, *, follow: bool) -> int:
        if not 1 <= limit <= LIMIT_MAX:
            raise Invalid(_("--limit is 1 to %(most)d.") % {"most": LIMIT_MAX})
        # Further than the record goes: this is another record, or an older state of it. Silence would hide the gap.
        head = feed.head()
        if not 0 <= since <= head:
            raise Invalid(
                _("The record goes from 0 to %(head)d: there is nothing to go on from %(seq)d. Begin again with 0.")
                % {"head": head, "seq": since}
            )
        after, told = 0, None
        try:
            while True:
                page = feed.page(since, after, limit=limit)
                for state in page.states:
                    self.say_json(state)
                if not page.after and page.upto != told:
                    self.say_json({"upto": page.upto})
                    self.stdout.flush()
                    told = page.upto
                if page.is_end(since):
                    if not follow:
                        return Exit.DONE
                    time.sleep(PAUSE)
                since, after = page.upto, page.after
        except KeyboardInterrupt:
            return Exit.DONE
        except BrokenPipeError:  # whoever read it has enough; nothing is left for Python to flush at its end
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.DONE

    def _acknowledge(self, reader: str, seq: int, apply: bool, as_json: bool) -> int:
        move = services.acknowledge(reader, seq, actor=self.actor) if apply else services.moves(reader, seq)
        said = _("Acknowledged up to %(seq)d.") if apply else _("Dry run: would acknowledge up to %(seq)d.")
        if not move:
            said = _("%(seq)d is not more than what was acknowledged already. Nothing was done.")
        if as_json:
            self.say_json({"applied": apply, "reader": reader, "acknowledged": seq, "moved": move})
        else:
            self.say(said % {"seq": seq})
        return Exit.DONE if apply else Exit.DRY_RUN

    def _forget(self, reader: str, *, apply: bool, as_json: bool) -> int:
        if apply:
            services.forget(reader, actor=self.actor)
        elif not FeedReader.objects.filter(pk=reader).exists():
            raise Invalid(_("There is no reader “%(name)s”.") % {"name": reader})
        if as_json:
            self.say_json({"applied": apply, "reader": reader})
        else:
            said = _("“%(name)s” is given up.") if apply else _("Dry run: would give up “%(name)s”.")
            self.say(said % {"name": reader})
        return Exit.DONE if apply else Exit.DRY_RUN

    def _readers(self, *, as_json: bool) -> int:
        lags, found = feed.lags(), []
        for reader in FeedReader.objects.order_by("pk"):
            lag = lags[reader.pk]
            found.append(
                {
                    "reader": reader.name,
                    "acknowledged": reader.acknowledged,
                    "acknowledged_at": reader.acknowledged_at and reader.acknowledged_at.isoformat(),
                    "changes": lag.changes,
                    "more": lag.more,
                    "since": lag.since and lag.since.isoformat(),
                    "fault": reader.fault,
                }
            )
        if as_json:
            self.say_json({"head": feed.head(), "readers": found})
            return Exit.DONE
        for one in found:
            changes = f"{one['changes']}+" if one["more"] else one["changes"]
            told = {"name": one["reader"], "seq": one["acknowledged"], "n": changes, "since": one["since"] or "–"}
            self.say(_("%(name)s: up to %(seq)s; not acknowledged: %(n)s changes, since %(since)s") % told)
        if not found:
            self.say(_("Nobody follows the feed."))
        return Exit.DONE
