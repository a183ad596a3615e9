"""`manage.py identity purge_expired | erasures | reapply`: what goes when its time is over, and goes again."""

from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.retention import erasure_list
from accounts.retention.policy import CLASSES
from accounts.retention.purge import HOLDS, WAITED, due, purge
from accounts.retention.reapply import ERASE, GONE, HELD, UNKNOWN, reapply
from qqops.core import progress
from qqops.core.commands import Exit, OpsCommand, SystemCommand

SWEPT = {code: one.label for code, one in CLASSES.items()} | {
    WAITED: gettext_lazy("deletions that had to wait"),
    HOLDS: gettext_lazy("legal holds whose time is over"),
    "kept": gettext_lazy("left: something keeps them"),
}
REAPPLIED = {
    ERASE: gettext_lazy("erased again"),
    GONE: gettext_lazy("gone already"),
    UNKNOWN: gettext_lazy("not known to this database"),
    HELD: gettext_lazy("left: on legal hold in this database"),
}


class PurgeExpired(SystemCommand):
    help = gettext_noop("Erase what has been kept for long enough and nothing keeps longer. Dry run unless --apply.")
    system_actor = "system-retention"

    def act(self, **options: Any) -> int:
        found = due()
        if options["apply"]:
            with progress.bar(self.stderr, _("erasing"), found.total() - found["kept"] - found[HOLDS]) as done:
                found = purge(actor=self.actor, done=done)
                erasure_list.write_list()
        return _say(self, found, SWEPT, **options)


class Reapply(SystemCommand):
    help = gettext_noop("After a backup was restored: erase again what the erasure list names. Dry run unless --apply.")
    system_actor = "system-retention"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("file", type=Path, metavar="FILE", help=_("the erasure list"))

    def act(self, **options: Any) -> int:
        total = sum(
            1 for _line in erasure_list.read(options["file"])
        )  # every bad line is named before anything is done
        with progress.bar(self.stderr, _("erasing"), total if options["apply"] else 0) as done:
            lines = erasure_list.read(options["file"])
            found = reapply(lines, actor=self.actor, apply=options["apply"], done=done)
        code = _say(self, found, REAPPLIED, **options)
        return Exit.PARTLY if options["apply"] and (found[UNKNOWN] or found[HELD]) else code


class Erasures(OpsCommand):
    help = gettext_noop(
        "Print the erasure list as this database knows it: one line for each certificate, nothing personal."
    )

    def act(self, **options: Any) -> int:
        if options["json"]:
            self.say_json({"erasures": [line.signed for line in erasure_list.lines()]})
        else:
            for line in erasure_list.lines():
                self.say(line)
        return Exit.DONE


def _say(command: OpsCommand, found: Counter[str], words: dict[str, Any], **options: Any) -> int:
    if options["json"]:
        command.say_json({"applied": options["apply"], **found})
    else:
        command.say(_("Done:") if options["apply"] else _("Dry run: nothing is changed. With --apply:"))
        for code, n in found.items():
            command.say(f"  {words[code]}: {n}")
        if not found:
            command.say(_("  nothing"))
    return Exit.DONE if options["apply"] else Exit.DRY_RUN
