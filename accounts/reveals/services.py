"""The act that reveals one item for one case: permission, purpose, daily quota, duration.

The reveal is recorded, but never the value, which is decrypted each time it is shown.
"""

import datetime
import uuid
from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.formats import Field
from accounts.identity.queries import concerns_minor, identity_of, opened, registrant_of, with_items
from accounts.models import Identity, Registrant, Reveal, RevealRequest, Tenure
from accounts.reveals import case_kinds
from accounts.reveals.case_kinds import Case
from accounts.reveals.policy import ROLES_FOR, Purpose
from accounts.reveals.queries import content_hash, flags_of, midnight, tally
from accounts.reveals.unusual import weigh
from qqops.alerts.services import raise_alert, raised_within
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff
from qqops.staff.people.services import as_of_now

REVEAL, ANY_CASE = "accounts.reveal_identity", "accounts.reveal_any_case"
# The permission to see a locked identity (PIPL 47): needed to decide the person's own requests.
THOUGH_LOCKED = "accounts.decide_datarequest"
SHOWN_FOR = datetime.timedelta(minutes=10)
QUOTA = "reveal_quota"


@dataclass(frozen=True)
class Wanted:
    """A requested reveal: the item, the purpose, the case and the reason."""

    tenure: Tenure
    whose: str
    field: str
    purpose: str
    case_kind: str
    case_ref: str
    reason: str

    @property
    def columns(self) -> dict[str, Any]:
        names = ("tenure", "whose", "field", "purpose", "case_kind", "case_ref")
        return {name: getattr(self, name) for name in names}

    @property
    def facts(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.columns.items() if name != "tenure"}


@dataclass(frozen=True)
class Found:
    """The result of the checks of a requested reveal."""

    items: Identity | Registrant
    case: Case
    minor: bool
    own: bool  # the actor works on the case
    alone: bool  # only the actor took part in the case


class NeedsApproval(Refused):
    """The item is a minor's, and no unused approval exists."""

    def __init__(self) -> None:
        super().__init__(gettext_noop("This is a minor's information: another person must agree first."))


OVER_QUOTA = gettext_noop("You have revealed %(n)s items today: no more until tomorrow.")


class OverQuota(Refused):
    def __init__(self, quota: int) -> None:
        super().__init__(OVER_QUOTA, n=quota)
        self.recorded = True  # recorded once a day, with an alert


def daily_quota() -> int:
    quota: int = settings.QQOPS_DAILY_REVEALS
    return quota


def purposes_of(actor: Staff) -> list[Purpose]:
    return [purpose for purpose in Purpose if actor.roles & ROLES_FOR[purpose]]


def understood(wanted: Wanted) -> Wanted:
    """Return the request with its case reference in normal form. Raise Invalid if it is malformed, without an event."""
    if wanted.whose not in Reveal.Whose.values or wanted.field not in Field.values:
        raise Invalid(_("There is no such item."))
    if wanted.purpose not in Purpose.values:
        raise Invalid(_("Choose a purpose."))
    ref = case_kinds.read(wanted.case_kind, wanted.case_ref)
    if wanted.purpose not in case_kinds.kind_of(wanted.case_kind).purposes:
        raise Invalid(_("A case of this kind does not serve this purpose."))
    must_say_why(wanted.reason)
    no_personal_data(wanted.reason)
    return replace(wanted, case_ref=ref)


def as_it_is_now(wanted: Wanted) -> Wanted:
    """Return the request with its tenure read again: the identity may have been changed, locked or erased meanwhile."""
    return replace(wanted, tenure=with_items().get(pk=wanted.tenure.pk))


def attempt(act: str, wanted: Wanted) -> dict[str, Any]:
    """Return the facts and the subject of a refused act, for `recorder.refusals`."""
    return {"facts": {"act": act} | wanted.facts, "subject": wanted.tenure}


def item_of(tenure: Tenure, whose: str, field: str, *, actor: Staff) -> Identity | Registrant:
    """Return the identity or registrant that has the item. Raise Refused or Invalid if the actor may not reveal it."""
    if not actor.may_enter or not actor.has_perm(REVEAL):
        raise Refused(gettext_noop("Your role may not reveal identity information."))
    refuse_own(actor, [tenure.number_id])
    identity = identity_of(tenure)
    if identity is not None and identity.erased_at:
        raise Refused(gettext_noop("This identity information was erased: nobody can read it any more."))
    if identity is not None and identity.locked_at and not actor.has_perm(THOUGH_LOCKED):
        raise Refused(
            gettext_noop("Processing of this identity information is stopped: only the privacy officer sees it.")
        )
    items = identity if whose == Reveal.Whose.HOLDER else registrant_of(tenure)
    if items is None or getattr(items, field) is None:
        raise Invalid(_("This item was not given."))
    return items


def check(wanted: Wanted, *, actor: Staff) -> Found:
    """Check a request that `understood` returned. Raise Refused or Invalid if the actor may not reveal the item."""
    items = item_of(wanted.tenure, wanted.whose, wanted.field, actor=actor)
    if not actor.roles & ROLES_FOR[wanted.purpose]:
        raise Refused(gettext_noop("Your role may not reveal for this purpose."))
    case = case_kinds.find(wanted.case_kind, wanted.case_ref, wanted.tenure)
    own = case is not None and case.mine(actor)
    # The same refusal whether or not the case exists: other people's cases are confidential.
    if case is None or not (own or actor.has_perm(ANY_CASE)):
        raise Refused(
            gettext_noop("No case %(case)s that is yours to work on covers this number."), case=wanted.case_ref
        )
    if not case.open:
        raise Refused(gettext_noop("Case %(case)s is closed: nothing more is revealed for it."), case=wanted.case_ref)
    return Found(items, case, concerns_minor(wanted.tenure), own, case.alone(actor))


def reveal(wanted: Wanted, *, actor: Staff, nonce: uuid.UUID) -> Reveal:
    """Grant one item to one person for ten minutes. A second submission of a form returns its first grant.

    Raises OverQuota when the daily quota is used up, and NeedsApproval for a minor's item without an approval.
    """
    wanted = understood(wanted)
    try:
        with recorder.refusals(actor=actor, **attempt("reveal", wanted)), transaction.atomic():
            # as_of_now locks the person's row, so that concurrent reveals are counted one after the other.
            return _grant(wanted, as_of_now(actor), nonce)
    except OverQuota:
        _alert_once_a_day(actor)
        raise


def _grant(wanted: Wanted, actor: Staff, nonce: uuid.UUID) -> Reveal:
    earlier = Reveal.objects.filter(nonce=nonce).first()
    if earlier is not None:
        if earlier.staff_id != actor.pk:
            raise Refused(gettext_noop("This form is another person's."))
        return earlier
    wanted = as_it_is_now(wanted)
    found, now, quota = check(wanted, actor=actor), timezone.now(), daily_quota()
    before = tally(actor, wanted.tenure, now)
    if before.today >= quota:
        raise OverQuota(quota)
    request = _agreed(wanted, actor, found.items, now) if found.minor else None
    flags = flags_of(wanted.tenure, before, quota, now, minor=found.minor, own=found.own, alone=found.alone)
    until = now + SHOWN_FOR
    facts = wanted.facts | {"until": until.isoformat()}
    with recorder.act(
        "identity.revealed", actor=actor, reason=wanted.reason, subject=wanted.tenure, facts=facts
    ) as act:
        granted = Reveal.objects.create(
            event_id=act.event_id,
            **wanted.columns,
            reason=wanted.reason,
            staff=actor,
            request=request,
            at=now,
            until=until,
            flags=[flag.value for flag in flags],
            unusual=weigh(flags),
            nonce=nonce,
        )
        act.wrote(Reveal)
        if request is not None:
            request.state = State.APPLIED
            request.save(update_fields=["state"])
            act.wrote(recorder.history_model(RevealRequest))
    return granted


def _agreed(wanted: Wanted, actor: Staff, items: Identity | Registrant, now: datetime.datetime) -> RevealRequest:
    """Return the unused approval of exactly this request, for the present item. Raise NeedsApproval without one."""
    agreed = RevealRequest.objects.select_for_update(no_key=True).filter(
        **wanted.columns, maker=actor, state=State.APPROVED, expires_at__gt=now
    )
    for request in agreed.order_by("pk"):
        if request.content_hash == content_hash(request, items):
            return request
    raise NeedsApproval


def _alert_once_a_day(actor: Staff) -> None:
    with transaction.atomic():
        as_of_now(actor)  # locked, so that concurrent refusals raise one alert
        now = timezone.now()
        if raised_within(now - midnight(now), QUOTA, subject=actor):
            return
        facts = {"n": daily_quota()}
        with recorder.act("identity.reveals_stopped", actor=actor, reason="", subject=actor, facts=facts) as act:
            raise_alert(act, QUOTA, subject=actor, who=actor.username, n=daily_quota())


def shown(granted: Reveal, *, actor: Staff, now: datetime.datetime | None = None) -> str:
    """Return the value in clear while the grant is valid and its conditions still hold.

    Writes no event, because the grant has one. Raises Refused, Invalid or NeedsApproval otherwise.
    """
    facts = {"act": "show", "reveal": granted.pk, "whose": granted.whose, "field": granted.field}
    with recorder.refusals(actor=actor, subject=granted.tenure, facts=facts):
        if granted.staff_id != actor.pk:
            raise Refused(gettext_noop("This was revealed to another person. Reveal it for a case of your own."))
        if granted.until <= (now or timezone.now()):
            raise Refused(gettext_noop("The ten minutes are over. Reveal it again if the case still needs it."))
        items = item_of(granted.tenure, granted.whose, granted.field, actor=actor)
        if concerns_minor(granted.tenure) and not _still_agreed(granted, items):
            raise NeedsApproval
        return opened(items, (granted.field,))[Field(granted.field)]


def _still_agreed(granted: Reveal, items: Identity | Registrant) -> bool:
    request = granted.request
    return request is not None and request.content_hash == content_hash(request, items)
