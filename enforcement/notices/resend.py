"""Notices that did not reach their holder are tried again: by somebody, with a reason."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.models import Notice
from enforcement.notices.delivery import OUTBOX
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

RESEND = "enforcement.resend_notice"
AGAIN = (Notice.State.BLOCKED, Notice.State.FAILED, Notice.State.NO_WAY)


@dataclass(frozen=True)
class Which:
    """These notices; or all of a state, of one decision where it is named."""

    ids: Sequence[int] = ()
    state: str = ""
    decision: int | None = None


def to_resend(which: Which) -> QuerySet[Notice]:
    """Those of them that can be tried again."""
    states = [state for state in AGAIN if which.state in ("", state)]
    found = Notice.objects.filter(state__in=states)
    if which.ids:
        found = found.filter(pk__in=which.ids)
    elif not which.state:
        return found.none()
    return found if which.decision is None else found.filter(decision=which.decision)


def check_resend(*, actor: Staff) -> None:
    if not actor.may_enter or not actor.has_perm(RESEND):
        raise Refused(gettext_noop("Your role may not have notices sent again."))


def resend(which: Which, *, actor: Staff, reason: str) -> int:
    """Have them tried anew, from the first attempt on; how many. What is written is the letter as it is in use then."""
    facts = {"act": "resend_notice", "state": which.state}
    with recorder.refusals(actor=actor, facts=facts):
        check_resend(actor=actor)
        must_say_why(reason)
        with recorder.act("notice.again", actor=actor, reason=reason, decision_id=which.decision, facts={}) as act:
            again = OUTBOX.try_again(to_resend(which), channel="")
            if not again:
                raise Invalid(_("None of these notices waits to be sent again. Nothing was done."))
            act.facts["n"] = again
    return again
