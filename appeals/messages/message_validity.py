"""What a message of an appeal says, and is not so any more when it is to leave. One question for each time that it is
sent: first, tried again, or sent again by somebody (messages/delivery.py, messages/resend.py).

By the act that wrote it, as its event says. What is not named here is sent as it was written. A decision that stands is
so for good. A receipt tells what was made of the appeal on the day on which it was filed, and by when: taken as another
kind, or contested, it has another clock since, and the appellant needs its number all the same.
"""

from collections.abc import Callable, Mapping

from django.db.models import Subquery, TextChoices
from django.utils.translation import gettext_lazy as _

from accounts.lifecycle import Lifecycle
from appeals.lifecycle import LIVE, Kind, Outcome, State
from appeals.models import Appeal, Delivery, Message, Ruling
from appeals.queries import is_his_still
from appeals.recovery.contested import frozen_at
from qqops.approvals.models import State as Proposed
from qqops.audit.models import Event


class Outdated(TextChoices):
    """Why it is not sent any more: the code that its delivery ends with."""

    STOPPED = "stopped", _("the ruling that it tells of was stopped")
    OVER = "over", _("what it tells of is over")
    UNFROZEN = "unfrozen", _("the freeze that it tells of has ended")
    ANSWERED = "answered", _("nothing is waited for any more")
    ANOTHER = "another", _("the number has another holder by now")
    TERMINATED = "terminated", _("the right of use was terminated")
    RECOVERED = "recovered", _("a later recovery of the number was upheld")


W = Outdated


def outdated(message: Message) -> Outdated | None:
    """Why it is not to be sent, as things stand at this moment; None: it is so still."""
    ask = _BY_VERB.get(_verb(message))
    if ask is None:
        return None
    appeal = Appeal.objects.defer("statement", "contact").get(pk=message.appeal_id)
    return ask(message, appeal)


def why_unsent(delivery: Delivery) -> Outdated | None:
    """Why it was not sent and is not to be: as was found when it was to leave; of what was given up, as it is now."""
    if delivery.state == Delivery.State.FAILED:
        return outdated(delivery.message)
    return Outdated(delivery.fault) if delivery.state == Delivery.State.OUTDATED else None


def no_credentials(appeal: Appeal) -> Outdated | None:
    """Why nobody is asked for new credentials: they would open a number that is not, or no longer, the appellant's."""
    if not is_his_still(appeal):
        return W.ANOTHER
    if appeal.number.lifecycle == Lifecycle.TERMINATED:
        return W.TERMINATED
    upheld = Ruling.objects.filter(state=Proposed.APPLIED, outcome=Outcome.UPHELD)
    own = upheld.filter(appeal=appeal).order_by("-pk").values("pk")[:1]
    later = upheld.filter(appeal__tenure=appeal.tenure_id, appeal__kind=Kind.RECOVERY, pk__gt=Subquery(own))
    return W.RECOVERED if later.exists() else None


def _asked(message: Message, appeal: Appeal) -> Outdated | None:
    later = Message.objects.filter(appeal=appeal, kind=Message.Kind.ASKED, pk__gt=message.pk)
    return W.ANSWERED if appeal.state != State.WAITING or later.exists() else None


def _contested(message: Message, appeal: Appeal) -> Outdated | None:
    if not is_his_still(appeal):
        return W.ANOTHER
    if not _is_heard(appeal):
        return W.OVER
    return None


def outlived_freeze(message: Message) -> bool:
    """Does it tell of a freeze that has ended? What else it says to whoever is bound is so still: he is heard (7)."""
    if message.kind != Message.Kind.WARNING or _verb(message) != _CONTESTED:
        return False
    told_of = frozen_at(message.appeal, message.at)
    return bool(told_of) and not any(freeze.in_force for freeze in told_of)


def _verb(message: Message) -> str:
    return Event.objects.filter(pk=message.event_id).values_list("verb", flat=True).first() or ""


def _ruled(message: Message, appeal: Appeal) -> Outdated | None:
    """The decision itself, which stands unless it was stopped; and the warning of one that cools down (7)."""
    by_act = Ruling.history.filter(appeal_id=appeal.pk, event_id=message.event_id).values("id")
    if Ruling.objects.filter(pk__in=by_act, state=Proposed.STOPPED).exists():
        return W.STOPPED
    if message.kind != Message.Kind.WARNING:
        return None
    if appeal.state != State.COOLING:
        return W.OVER
    return None if is_his_still(appeal) else W.ANOTHER


def _heard_anew(message: Message, appeal: Appeal) -> Outdated | None:
    return None if _is_heard(appeal) else W.OVER


def _is_heard(appeal: Appeal) -> bool:
    return appeal.state in LIVE and appeal.state != State.COOLING


def _reset(message: Message, appeal: Appeal) -> Outdated | None:
    """The request for new credentials, and the letter that says so."""
    return no_credentials(appeal)


_CONTESTED = "appeal.contested"
_BY_VERB: Mapping[str, Callable[[Message, Appeal], Outdated | None]] = {
    "appeal.asked": _asked,
    _CONTESTED: _contested,
    "appeal.ruled": _ruled,
    "appeal.ruling_agreed": _ruled,
    "appeal.stopped": _heard_anew,
    "appeal.reset_asked": _reset,
}
MAY_BE_OUTDATED = tuple(_BY_VERB)
