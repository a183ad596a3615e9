"""What all three steps share: their rights, the request as locked, and what an answer binds to."""

import hashlib
import json
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.disclosures.policy import ASKERS
from accounts.models import Disclosure
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.staff.models import Staff

TOOK_A_STEP = conflict(
    gettext_noop("You took an earlier step of this request: each step is another person's (three people).")
)

VIEW, VIEW_SECRET = "accounts.view_disclosure", "accounts.view_secret_disclosure"
REGISTER, REVIEW, RELEASE = (
    "accounts.register_disclosure",
    "accounts.review_disclosure",
    "accounts.release_disclosure",
)
State = Disclosure.State
OPEN_STATES = (State.REGISTERED, State.REVIEWED)
REQUEST_HOLD = "request"


def locked(disclosure: Disclosure) -> Disclosure:
    return Disclosure.objects.select_for_update(no_key=True).get(pk=disclosure.pk)


def numbers_of(disclosure: Disclosure) -> list[int]:
    return sorted({target.number for target in disclosure.targets.all()})


def may(actor: Staff, disclosure: Disclosure, *permissions: str) -> None:
    """Refused unless he holds one of the rights and may see it, and none of its numbers is his own."""
    if not any(map(actor.has_perm, permissions)) or (disclosure.secret and not actor.has_perm(VIEW_SECRET)):
        raise Refused(gettext_noop("Your role may not take this step of a disclosure."))
    refuse_own(actor, numbers_of(disclosure))


def not_stopped(disclosure: Disclosure) -> None:
    """What is only kept (PIPL 47) goes to those whom the law sends, and not to who asks for himself or his own."""
    stopped = disclosure.targets.filter(tenure__identity__locked_at__isnull=False)
    if not ASKERS[disclosure.asked_by].authority and stopped.exists():
        raise Refused(gettext_noop("Processing of this information is stopped: only authorities are given it, by law."))


def another(actor: Staff, *earlier: int | None) -> None:
    if actor.pk in earlier:
        raise Refused(TOOK_A_STEP)


def in_state(disclosure: Disclosure, *states: str) -> None:
    if disclosure.state not in states:
        raise Invalid(_("This request is not waiting for this step."))


def content_hash(disclosure: Disclosure) -> str:
    """Of all that the next person answers to: whatever is added or ruled meanwhile makes it another."""
    content: list[Any] = [
        disclosure.receipt,
        disclosure.asked_by,
        disclosure.state,
        disclosure.authority,
        disclosure.legal_basis,
        sorted(disclosure.wants),
        [str(disclosure.period_from), str(disclosure.period_to), disclosure.secret],
        [hashlib.sha256(bytes(text or b"")).hexdigest() for text in (disclosure.scope, disclosure.statement)],
        sorted([target.number, target.tenure_id or 0] for target in disclosure.targets.all()),
        sorted(
            [paper.kind, paper.number, str(paper.dated), str(paper.deadline), paper.stamped]
            for paper in disclosure.papers.all()
        ),
        sorted(disclosure.papers.exclude(scan=None).values_list("scan__sha256", flat=True)),
        sorted([ruling.data_class, ruling.granted, ruling.reason] for ruling in disclosure.rulings.all()),
        disclosure.review_reason,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def as_seen(disclosure: Disclosure, seen: str) -> None:
    if seen != content_hash(disclosure):
        raise Invalid(_("The request is not the one you saw. Look at it again; nothing was done."))


def saved(act: recorder.Act, disclosure: Disclosure, *fields: str) -> None:
    disclosure.save(update_fields=fields)
    act.wrote(recorder.history_model(Disclosure))
