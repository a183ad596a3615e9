"""The act that records a verification of one item: method, result, source, legal basis (4.1(c))."""

import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.formats import Field
from accounts.identity.services import closed_to_change, meet_demands
from accounts.models import Identity, Tenure, Verification
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import no_personal_data
from qqops.staff.models import Staff

VERIFY = "accounts.verify_identity"
# The problems that a match resolves.
MET_BY_MATCH = ("unverified", "wrong", "outdated")


def check_verify(identity: Identity, field: str, *, actor: Staff) -> None:
    """Raise Refused or Invalid if the actor may not verify this item. The page and the act call it."""
    if not actor.has_perm(VERIFY):
        raise Refused(gettext_noop("Your role may not record verifications."))
    refuse_own(actor, [identity.tenure.number_id])
    if refused := closed_to_change(identity):
        raise Refused(refused)
    if field not in Field.values:
        raise Invalid(_("Unknown item."))
    if getattr(identity, field) is None:
        raise Invalid(_("This item was not given: there is nothing to verify."))


def verify(
    identity: Identity,
    field: str,
    *,
    method: str,
    result: str,
    source: str,
    basis: str = "",
    actor: Staff,
    reason: str = "",
    ticket: str = "",
) -> Verification:
    """Record that the item of this identity matches, does not match, or cannot be verified.

    A match marks the item as verified and closes the correction demands that it resolves. A mismatch marks it as wrong.
    Raises Invalid if the item was changed after `identity` was read.
    """
    tried = {"act": "identity.verify", "field": field}
    with recorder.refusals(actor=actor, subject=identity.tenure, facts=tried), transaction.atomic():
        check_verify(identity, field, actor=actor)
        # Lock before reading, so that a concurrent change of the identity is seen here.
        Tenure.objects.select_for_update(no_key=True).get(pk=identity.tenure_id)
        seen, identity = identity, Identity.objects.select_related("tenure").get(pk=identity.pk)
        check_verify(identity, field, actor=actor)
        if getattr(seen, f"{field}_at") != getattr(identity, f"{field}_at"):
            raise Invalid(_("This item was given anew meanwhile: what was verified is no longer what is recorded."))
        if method not in Verification.Method.values or result not in Verification.Result.values:
            raise Invalid(_("Unknown method or result."))
        if not source.strip():
            raise Invalid(_("Say where the result comes from."))
        no_personal_data(source, basis)
        facts = {"field": field, "method": method, "result": result}
        with recorder.act(
            "identity.verified", actor=actor, reason=reason, ticket=ticket, subject=identity.tenure, facts=facts
        ) as act:
            now = timezone.now()
            row = Verification.objects.create(
                event_id=act.event_id,
                tenure=identity.tenure,
                field=field,
                method=method,
                result=result,
                source=source.strip(),
                basis=basis.strip(),
                staff=actor,
                at=now,
            )
            act.wrote(Verification)
            if result == Verification.Result.MATCH:
                _compared(act, identity, field, verified_at=now, mismatch_at=None)
                meet_demands(act, [(identity.tenure_id, field, MET_BY_MATCH)])
            elif result == Verification.Result.MISMATCH:
                _compared(act, identity, field, verified_at=None, mismatch_at=now)
    return row


def _compared(act: recorder.Act, identity: Identity, field: str, **moments: datetime.datetime | None) -> None:
    columns = {f"{field}_{name}": at for name, at in moments.items()}
    for column, at in columns.items():
        setattr(identity, column, at)
    identity.save(update_fields=list(columns))
    act.wrote(recorder.history_model(Identity))
