"""`manage.py seal_rotate`: seal everything under the first key anew, and let go of those that are done with."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from qqops.core import progress
from qqops.core.commands import Exit, SystemCommand
from qqops.crypto import lost, rotation, seal

Found = dict[str, dict[str, int]]


class Command(SystemCommand):
    help = gettext_noop(
        "Seal everything under the first key of QQOPS_SEAL_KEYS. Safe to stop and to run again. See docs/keys.md."
    )
    system_actor = "system-keys"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--lost",
            metavar="KEY",
            help=_("put on record that this key is lost for good, see docs/keys.md; nothing else"),
        )

    def act(self, **options: Any) -> int:
        if options["lost"]:
            return self.lose(options["lost"], apply=options["apply"], as_json=options["json"])
        found = rotation.under()
        rows, retired = 0, list[str]()
        if options["apply"]:
            with progress.bar(self.stderr, _("sealing anew"), rotation.elsewhere(found).total()) as advance:
                rows = rotation.rotate(actor=self.actor, progress=advance)
            retired, found = rotation.retire(actor=self.actor), rotation.under()
        remain = rotation.elsewhere(found).total()
        if options["json"]:
            self.say_json(
                {
                    "applied": options["apply"],
                    "to": seal.first(),
                    "under": found,
                    "rows": rows,
                    "remain": remain,
                    "retired": retired,
                    "idle": rotation.idle(found),
                    "removable": rotation.removable(found),
                }
            )
        elif options["apply"]:
            self.say_done(found, rows, retired, remain)
        else:
            self.say_found(found, remain)
        if not options["apply"]:
            return Exit.DRY_RUN
        return Exit.PARTLY if remain else Exit.DONE

    def lose(self, key: str, *, apply: bool, as_json: bool) -> int:
        made = lost.lost(key, actor=self.actor) if apply else lost.check(key)
        if as_json:
            self.say_json({"applied": apply, "lost": key, "made": made})
        elif apply:
            self.say(_("The loss of the key %(key)s is on the record.") % {"key": key})
        else:
            self.say(_("Dry run: with --apply the loss of the key %(key)s goes on the record.") % {"key": key})
        if made and not as_json:
            self.say(_("Keys of the house made anew: %(names)s.") % {"names": ", ".join(made)})
        return Exit.DONE if apply else Exit.DRY_RUN

    def say_found(self, found: Found, remain: int) -> None:
        for table, rows in found.items():
            for key, n in sorted(rows.items()):
                self.say(_("%(table)s: %(n)d under the key %(key)s") % {"table": table, "n": n, "key": key})
        self.say(
            ngettext(
                "Dry run: nothing is changed. With --apply %(n)d row is sealed anew under the key %(to)s.",
                "Dry run: nothing is changed. With --apply %(n)d rows are sealed anew under the key %(to)s.",
                remain,
            )
            % {"n": remain, "to": seal.first()}
        )
        for key in rotation.idle(found):
            self.say(_("Nothing lies under the key %(key)s: --apply retires it.") % {"key": key})
        self.say_removable(found)

    def say_done(self, found: Found, rows: int, retired: list[str], remain: int) -> None:
        self.say(_("Sealed anew under the key %(to)s: %(n)d rows.") % {"to": seal.first(), "n": rows})
        for key in retired:
            self.say(_("Retired: %(key)s.") % {"key": key})
        if remain:
            self.say(
                _(
                    "Meanwhile %(n)d rows came to lie under other keys: some process still has another key in front."
                    " Restart it and run this again."
                )
                % {"n": remain}
            )
        self.say_removable(found)

    def say_removable(self, found: Found) -> None:
        for key in rotation.removable(found):
            self.say(_("The key %(key)s can be taken out of QQOPS_SEAL_KEYS.") % {"key": key})
