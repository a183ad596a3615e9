"""What of an appeal did not reach whom it was for is sent again: by who hears appeals, with a reason."""

from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from appeals.hearing.services import acting, may_write
from appeals.messages.delivery import OUTBOX, has_way
from appeals.messages.message_validity import MAY_BE_OUTDATED, Outdated, outdated
from appeals.models import Appeal, Delivery
from appeals.queue.services import locked
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Invalid
from qqops.core.reason import must_say_why
from qqops.delivery.outbox import Mail
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

S = Delivery.State
LOOKED_AT = 200


def undelivered() -> QuerySet[Delivery, int]:
    """The appeals of which a message was given up that is so still. So many of those that may be outdated are looked
    at, the oldest first, as one page can wait for; what is beyond is taken for so still."""
    given_up = Delivery.objects.filter(state=S.FAILED)
    changing = given_up.filter(Exists(Event.objects.filter(pk=OuterRef("message__event_id"), verb__in=MAY_BE_OUTDATED)))
    looked = changing.select_related("message").order_by("pk")[:LOOKED_AT]
    over = [one.pk for one in looked if outdated(one.message)]
    return given_up.exclude(pk__in=over).values_list("message__appeal", flat=True)


class Unsent(NamedTuple):
    again: list[Delivery]  # what would leave now
    outdated: list[tuple[Delivery, Outdated]]  # what is not so any more, and why: of that nobody is told

    def sentences(self) -> list[str]:
        said = _("%(message)s, not to be sent: %(why)s.")
        return [said % {"message": one.message.get_kind_display(), "why": why.label} for one, why in self.outdated]


def unsent(appeal: Appeal) -> Unsent:
    """What was given up, had no way, or was not so: as each stands now."""
    rows = Delivery.objects.filter(message__appeal=appeal, state__in=(S.FAILED, S.NO_WAY, S.OUTDATED)).order_by("pk")
    found = Unsent([], [])
    with Mail() as mail:
        for one in rows.select_related("message__appeal__tenure__identity"):
            if why := outdated(one.message):
                found.outdated.append((one, why))
            elif has_way(one, mail):
                found.again.append(one)
    return found


def may_resend(appeal: Appeal, actor: Staff) -> Unsent:
    """Raise as `resend` would; return what it would send, and what it would not."""
    may_write(appeal, actor)
    found = unsent(appeal)
    if not found.again:
        nothing = _("No message of this appeal waits to be sent again. Nothing was done.")
        raise Invalid(" ".join([*found.sentences(), nothing]))
    return found


def resend(appeal: Appeal, *, actor: Staff, reason: str, ticket: str = "") -> int:
    """Have what is so still tried anew, from the first attempt on, each as it was written and under the same id; how
    many."""
    with recorder.refusals(actor=actor, subject=appeal, facts={"act": "resend_message"}), transaction.atomic():
        appeal = locked(appeal)
        again = may_resend(appeal, as_of_now(actor)).again
        must_say_why(reason)
        with acting("appeal.sent_again", appeal, actor, reason, ticket, n=len(again)):
            return OUTBOX.try_again(Delivery.objects.filter(pk__in=[one.pk for one in again]))
