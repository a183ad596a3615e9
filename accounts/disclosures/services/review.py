"""The second step: the privacy officer rules on each class asked for, and gives the least that the law lets him."""

from collections.abc import Mapping

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.disclosures.policy import refusal_of
from accounts.disclosures.services.steps import (
    REQUEST_HOLD,
    REVIEW,
    State,
    another,
    as_seen,
    in_state,
    locked,
    may,
    not_stopped,
    saved,
)
from accounts.models import Disclosure, DisclosureRuling
from accounts.retention import holds
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import REASON_MIN, must_say_why
from qqops.staff.models import Staff

Rulings = Mapping[str, tuple[bool, str]]  # class → granted, and the reason (of a refusal it is written back)


def check_review(disclosure: Disclosure, *, actor: Staff) -> None:
    """May this person review it now? Asked by the page and by the act."""
    may(actor, disclosure, REVIEW)
    another(actor, disclosure.maker_id)
    in_state(disclosure, State.REGISTERED)


def check_rulings(disclosure: Disclosure, rulings: Rulings) -> None:
    if set(rulings) != set(disclosure.wants):
        raise Invalid(_("Rule on each class of information asked for, and on no other."))
    for data_class, (granted, reason) in rulings.items():
        if granted and refusal_of(disclosure.asked_by, data_class):
            raise Refused(
                gettext_noop("The table does not let this class be given to this asker (%(data_class)s)."),
                data_class=data_class,
            )
        if not granted and len(reason.strip()) < REASON_MIN:
            raise Invalid(_("Each refusal needs its reason: it is written back."))
        no_personal_data(reason)
    if any(granted for granted, _reason in rulings.values()):
        not_stopped(disclosure)


def review(
    disclosure: Disclosure, rulings: Rulings, *, secret: bool, reason: str, actor: Staff, content_hash: str
) -> Disclosure:
    """Rule on every class. Where nothing is granted the request is over, refused in writing."""
    with (
        recorder.refusals(actor=actor, subject=disclosure, facts={"act": "disclosure.review"}),
        transaction.atomic(),
    ):
        disclosure = locked(disclosure)
        check_review(disclosure, actor=actor)
        check_rulings(disclosure, rulings)
        must_say_why(reason)
        as_seen(disclosure, content_hash)
        granted = sorted(one for one, (yes, _reason) in rulings.items() if yes)
        refused = sorted(set(rulings) - set(granted))
        facts = {"granted": granted, "refused": refused, "secret": secret}
        with recorder.act("disclosure.reviewed", actor=actor, reason=reason, subject=disclosure, facts=facts) as act:
            DisclosureRuling.objects.bulk_create(
                DisclosureRuling(
                    event_id=act.event_id,
                    disclosure=disclosure,
                    data_class=one,
                    granted=rulings[one][0],
                    reason=rulings[one][1].strip(),
                )
                for one in disclosure.wants
            )
            act.wrote(DisclosureRuling, rows=len(rulings))
            disclosure.reviewer, disclosure.reviewed_at = actor, timezone.now()
            disclosure.review_reason, disclosure.secret = reason, secret
            disclosure.state = State.REVIEWED if granted else State.REFUSED
            disclosure.closed_at = None if granted else disclosure.reviewed_at
            saved(act, disclosure, "reviewer", "reviewed_at", "review_reason", "secret", "state", "closed_at")
            if not granted:
                _over(act, disclosure, actor)
    return disclosure


def _over(act: recorder.Act, disclosure: Disclosure, actor: Staff) -> None:
    holds.release_holds(REQUEST_HOLD, disclosure.receipt, actor=actor, act=act)
    facts = {"asked_by": disclosure.asked_by, "step": "review"}
    with recorder.act("disclosure.refused", actor=actor, reason="", subject=disclosure, facts=facts):
        pass
