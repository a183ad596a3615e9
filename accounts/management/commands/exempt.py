"""`manage.py exempt N… --because "…" | --clear`: exempt numbers from reclaim, or end it (3.3)."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.numbers.parsing import parse_list
from accounts.protection.exemption import check, exempt
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid


class Command(StaffCommand):
    help = gettext_noop("Exempt numbers from reclaim (10.3), with a reason; --clear ends it. Dry run unless --apply.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="+", metavar="N", help=_("numbers"))
        wish = parser.add_mutually_exclusive_group(required=True)
        wish.add_argument("--because", default="", help=_("why they are not reclaimed: it stands on the number"))
        wish.add_argument("--clear", action="store_true", help=_("end the exemption"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        given, because = parse_list(options["number"]), "" if options["clear"] else options["because"].strip()
        if not because and not options["clear"]:
            raise Invalid(_("Say why they are not reclaimed."))
        if options["apply"]:
            found = exempt(given, because, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        else:
            found = check(given, because, actor=self.actor)
        counts = {"changed": len(found.changing), "already": found.already}
        if options["json"]:
            self.say_json({"applied": options["apply"], **counts})
        elif options["apply"]:
            self.say(_("Exemption changed: %(changed)d, already so: %(already)d.") % counts)
        else:
            self.say(_("Dry run: exemption would change: %(changed)d, already so: %(already)d.") % counts)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN
