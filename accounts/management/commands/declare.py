"""`manage.py declare N…`: put one's own and one's relatives' numbers on one's list."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations import services as declared
from accounts.models import DeclaredNumber
from accounts.numbers.parsing import parse_list
from qqops.core.commands import Exit, StaffCommand


class Command(StaffCommand):
    help = gettext_noop(
        "Declare your own and your relatives' numbers: you may not act on them. Dry run unless --apply."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="+", metavar="N", help=_("numbers"))
        parser.add_argument(
            "--relation", required=True, choices=DeclaredNumber.Relation.values, help=_("whose they are")
        )
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        given, relation = parse_list(options["number"]), options["relation"]
        if not options["apply"]:
            wanted = declared.check(self.actor, given, relation, actor=self.actor)
            if options["json"]:
                self.say_json({"applied": False, "numbers": wanted, "relation": relation})
            else:
                self.say(_("Dry run: would declare %(numbers)s.") % {"numbers": ", ".join(map(str, wanted))})
            return Exit.DRY_RUN
        done = declared.declare(
            self.actor, given, relation, actor=self.actor, reason=options["reason"], ticket=options["ticket"]
        )
        if options["json"]:
            self.say_json({"applied": True, "declared": done.declared, "already": done.already})
        else:
            self.say(_("Declared: %(declared)d, on your list already: %(already)d.") % vars(done))
        return Exit.DONE
