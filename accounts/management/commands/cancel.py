"""`manage.py cancel N…`: record that the holders of numbers cancel them, or withdraw that (12.1, T14, T15)."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.cancellation import services
from accounts.numbers.parsing import parse_list
from accounts.protection.services import attempted
from accounts.quarantine.policy import Confirmation
from qqops.audit import recorder
from qqops.core.commands import Exit, StaffCommand

ALL = "all"


class Command(StaffCommand):
    help = gettext_noop(
        "Record that the holders of numbers cancel them; --withdraw takes it back. Dry run unless --apply.\n\n"
        "  --confirmed names what the other systems have settled: all, or one by one. Without all of it none begins.\n"
        "  For 15 days a login or the holder's word withdraws it; then the right of use ends and is purged at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("number", nargs="+", metavar="N", help=_("numbers"))
        parser.add_argument(
            "--confirmed",
            action="append",
            default=[],
            choices=(ALL, *Confirmation.values),
            help=_("settled elsewhere; may be given several times"),
        )
        parser.add_argument("--withdraw", action="store_true", help=_("withdraw the cancellation"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        numbers = list(parse_list(options["number"]))
        why = {"actor": self.actor, "reason": options["reason"], "ticket": options["ticket"]}
        if options["withdraw"]:
            if options["apply"]:
                services.withdraw(numbers, **why)
            else:
                services.check_withdraw(numbers, actor=self.actor)
        else:
            confirmed = list(Confirmation.values) if ALL in options["confirmed"] else options["confirmed"]
            if options["apply"]:
                services.cancel(numbers, confirmed, **why)
            else:
                with recorder.refusals(actor=self.actor, **attempted("cancel", numbers, len(numbers))):
                    if found := services.check(numbers, actor=self.actor):
                        raise services.Blocked(found)
                services.must_be_confirmed(confirmed)
        self._report(len(set(numbers)), options)
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _report(self, n: int, options: dict[str, Any]) -> None:
        if options["json"]:
            self.say_json({"applied": options["apply"], "withdraw": options["withdraw"], "numbers": n})
        elif options["withdraw"]:
            done = _("Cancellations withdrawn: %(n)d.")
            self.say((done if options["apply"] else _("Dry run: cancellations would be withdrawn: %(n)d.")) % {"n": n})
        else:
            done = _("Cancellations begun: %(n)d. They end in 15 days unless they are withdrawn.")
            self.say((done if options["apply"] else _("Dry run: cancellations would begin: %(n)d.")) % {"n": n})
