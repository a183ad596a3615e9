"""What of an appeal did not reach whom it was for is sent again: by who hears appeals, with a reason."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from appeals.lifecycle import LIVE
from appeals.models import Appeal, Delivery, Message
from appeals.queries import is_his_still
from appeals.services.deliver import OUTBOX, has_way
from appeals.services.hearing import acting, may_write
from appeals.services.queue import locked
from qqops.audit import pen
from qqops.errors import Invalid
from qqops.outbox import Mail
from qqops.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.services import as_of_now

S = Delivery.State


def undelivered() -> QuerySet[Delivery, int]:
    """The appeals of which a message was given up."""
    return Delivery.objects.filter(state=S.FAILED).values_list("message__appeal", flat=True)


def to_resend(appeal: Appeal) -> list[Delivery]:
    """What was given up, and what had no way and has one now; of what is not so any more nobody is told again."""
    given_up = Delivery.objects.filter(message__appeal=appeal, state__in=(S.FAILED, S.NO_WAY)).order_by("pk")
    with Mail() as mail:
        return [one for one in given_up.select_related("message__appeal__tenure__identity")
                if _is_so_still(one.message) and has_way(one, mail)]  # fmt: skip


def _is_so_still(message: Message) -> bool:
    """A warning is over with what it warns of, and no new credentials are asked for of another holder's number."""
    if message.kind == Message.Kind.WARNING:
        return message.appeal.state in LIVE
    return message.kind != Message.Kind.RESET or is_his_still(message.appeal)


def may_resend(appeal: Appeal, actor: Staff) -> list[Delivery]:
    """Raise as `resend` would; return what it would send."""
    may_write(appeal, actor)
    again = to_resend(appeal)
    if not again:
        raise Invalid(_("No message of this appeal waits to be sent again. Nothing was done."))
    return again


def resend(appeal: Appeal, *, actor: Staff, reason: str, ticket: str = "") -> int:
    """Have them tried anew, from the first attempt on, each as it was written and under the same id; how many."""
    with pen.refusals(actor=actor, subject=appeal, facts={"act": "resend_message"}), transaction.atomic():
        appeal = locked(appeal)
        again = may_resend(appeal, as_of_now(actor))
        must_say_why(reason)
        with acting("appeal.sent_again", appeal, actor, reason, ticket, n=len(again)):
            return OUTBOX.try_again(Delivery.objects.filter(pk__in=[one.pk for one in again]))
