"""`manage.py appeals resend RECEIPT`: what of an appeal did not reach whom it was for is sent again."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appeals.messages.resend import may_resend, resend
from appeals.queries import appeal_by_receipt
from qqops.core.commands import Exit, StaffCommand


class Resend(StaffCommand):
    called = "appeals resend"
    help = gettext_noop(
        "Send again what could not be delivered of an appeal, or had no way and has one now. What is not so any more is"
        " not sent, and told with its reason. Dry run unless --apply."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("receipt", metavar="RECEIPT", help=_("the receipt number"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        appeal, done = appeal_by_receipt(options["receipt"], self.actor), options["apply"]
        found = may_resend(appeal, self.actor)
        n = len(found.again)
        if done:
            n = resend(appeal, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        if options["json"]:
            outdated = [{"message": one.message.kind, "why": why} for one, why in found.outdated]
            self.say_json({"applied": done, "receipt": appeal.receipt, "messages": n, "outdated": outdated})
            return Exit.DONE if done else Exit.DRY_RUN
        if done:
            self.say(_("Messages on their way again: %(n)d.") % {"n": n})
        else:
            self.say(_("Dry run. Messages that would be sent again: %(n)d.") % {"n": n})
        for sentence in found.sentences():
            self.say(sentence)
        return Exit.DONE if done else Exit.DRY_RUN
