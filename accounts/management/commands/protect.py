"""`manage.py protect N… --kind vip|system|none`: put numbers under protection, change it or end it."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lifecycle import Protection
from accounts.numbers.parsing import parse_list
from accounts.protection.services import check, protect
from qqops.core.commands import Exit, StaffCommand


class Command(StaffCommand):
    help = gettext_noop(
        "Protect numbers: every act on them waits for a supervisor. --kind none ends it. Dry run unless --apply."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="+", metavar="N", help=_("numbers"))
        parser.add_argument("--kind", required=True, choices=(*Protection.values, "none"), help=_("which protection"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        given = parse_list(options["number"])
        kind = "" if options["kind"] == "none" else options["kind"]
        if options["apply"]:
            found = protect(given, kind, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        else:
            found = check(given, kind, actor=self.actor)
        counts = {"changed": len(found.changing), "already": found.already}
        if options["json"]:
            self.say_json({"applied": options["apply"], **counts})
        elif options["apply"]:
            self.say(_("Protection changed: %(changed)d, already so: %(already)d.") % counts)
        else:
            self.say(_("Dry run: protection would change: %(changed)d, already so: %(already)d.") % counts)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN
