"""Acts on correction demands (4.1(d)): demand, record the notification, withdraw, close.

An item that is not corrected in time may lead to restrictions of service only.
"""

import datetime
from collections.abc import Iterable

from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.identity.formats import Field
from accounts.identity.queries import identity_of, standing
from accounts.identity.services import closed_to_change
from accounts.models import CorrectionDemand, Tenure
from qqops.audit import recorder
from qqops.core.days import end_of
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

DEMAND = "accounts.demand_correction"
DAYS, DAYS_MIN, DAYS_MAX = 15, 3, 60
LANGUAGES = ("zh-hans", "en")  # of the letter


def problems(tenure: Tenure, field: str) -> list[str]:
    """Return the problems that a demand on this item may name: its recorded problem, and "wrong" if it was given."""
    item = next(one for one in standing(tenure) if one.field == field)
    wrong = CorrectionDemand.Problem.WRONG.value
    found = [item.problem] if item.problem else []
    return [*found, wrong] if item.given_at and wrong not in found else found


def due(days: int, now: datetime.datetime) -> datetime.datetime:
    """Return the end of the last day. The day of the demand does not count."""
    return end_of(timezone.localdate(now) + datetime.timedelta(days=days))


def check_demand(tenure: Tenure, field: str, *, actor: Staff) -> list[str]:
    """Return the problems that a demand on this item may name. Raise Refused or Invalid if none is possible now."""
    if not actor.has_perm(DEMAND):
        raise Refused(gettext_noop("Your role may not demand corrections."))
    refuse_own(actor, [tenure.number_id])
    if tenure.ended_at is not None:
        raise Refused(gettext_noop("This tenure has ended: nothing more can be demanded of its holder."))
    if refused := closed_to_change(identity_of(tenure)):
        raise Refused(refused)
    if field not in Field.values:
        raise Invalid(_("Unknown item."))
    if CorrectionDemand.objects.filter(tenure=tenure, field=field, closed_at=None).exists():
        raise Invalid(_("A correction of this item has been demanded already."))
    found = problems(tenure, field)
    if not found:
        raise Invalid(_("Nothing is missing here: this registration does not need the item."))
    return found


def demand(
    tenure: Tenure, field: str, problem: str, *, days: int = DAYS, actor: Staff, reason: str, ticket: str = ""
) -> CorrectionDemand:
    """Demand that the holder correct this item within `days` days."""
    tried = {"act": "identity.demand", "field": field}
    with recorder.refusals(actor=actor, subject=tenure, facts=tried), transaction.atomic():
        Tenure.objects.select_for_update(no_key=True).get(pk=tenure.pk)  # lock first: the next read is then current
        tenure = Tenure.objects.select_related("identity").get(pk=tenure.pk)
        if problem not in check_demand(tenure, field, actor=actor):
            raise Invalid(_("This is not what is wrong with the item."))
        if not DAYS_MIN <= days <= DAYS_MAX:
            raise Invalid(_("Give the holder %(low)d to %(high)d days.") % {"low": DAYS_MIN, "high": DAYS_MAX})
        must_say_why(reason)
        now = timezone.now()
        until = due(days, now)
        facts = {"field": field, "problem": problem, "until": until.isoformat()}
        with recorder.act(
            "identity.correction_demanded", actor=actor, reason=reason, ticket=ticket, subject=tenure, facts=facts
        ) as act:
            made = CorrectionDemand.objects.create(
                tenure=tenure, field=field, problem=problem, maker=actor, made_at=now, due_at=until
            )
            act.wrote(recorder.history_model(CorrectionDemand))
    return made


def check_tell(demand: CorrectionDemand, *, actor: Staff) -> None:
    """Raise Refused or Invalid unless the actor may record now that the holder was notified."""
    if not actor.has_perm(DEMAND):
        raise Refused(gettext_noop("Your role may not record that a holder was told."))
    refuse_own(actor, [demand.tenure.number_id])
    if demand.closed_at is not None:
        raise Invalid(_("This correction demand is closed already."))
    if demand.told_at is not None:
        raise Invalid(_("The holder was told already."))
    left = timezone.localdate(demand.due_at) - timezone.localdate()
    if left.days < DAYS_MIN:  # 4.1(d): the holder must have enough time after the notification
        fewest = {"low": DAYS_MIN}
        raise Invalid(_("Fewer than %(low)d days are left: withdraw this demand, and demand anew.") % fewest)


def tell(demand: CorrectionDemand, how: str, *, actor: Staff, reason: str, ticket: str = "") -> CorrectionDemand:
    """Record that the holder was notified of this demand. Before that, nothing may follow from it (4.1(d))."""
    tried = {"act": "identity.tell", "field": demand.field}
    with recorder.refusals(actor=actor, subject=demand.tenure, facts=tried), transaction.atomic():
        demand = _locked(demand)
        check_tell(demand, actor=actor)
        if how not in CorrectionDemand.Told.values:
            raise Invalid(_("Say how the holder was told."))
        must_say_why(reason)
        facts = {"field": demand.field, "how": how}
        with recorder.act(
            "identity.holder_told", actor=actor, reason=reason, ticket=ticket, subject=demand.tenure, facts=facts
        ) as act:
            demand.told_at, demand.told_how = timezone.now(), how
            demand.save(update_fields=["told_at", "told_how"])
            act.wrote(recorder.history_model(CorrectionDemand))
    return demand


def check_withdraw(demand: CorrectionDemand, *, actor: Staff) -> None:
    if not actor.has_perm(DEMAND):
        raise Refused(gettext_noop("Your role may not withdraw correction demands."))
    refuse_own(actor, [demand.tenure.number_id])
    if demand.closed_at is not None:
        raise Invalid(_("This correction demand is closed already."))


def withdraw(demand: CorrectionDemand, *, actor: Staff, reason: str, ticket: str = "") -> CorrectionDemand:
    """Withdraw a demand that was a mistake or does not matter. Any person who may make demands may withdraw one."""
    tried = {"act": "identity.withdraw", "field": demand.field}
    with recorder.refusals(actor=actor, subject=demand.tenure, facts=tried), transaction.atomic():
        demand = _locked(demand)
        check_withdraw(demand, actor=actor)
        must_say_why(reason)
        how = CorrectionDemand.Closed.WITHDRAWN
        facts = {"field": demand.field, "how": how.value}
        with recorder.act(
            "identity.correction_closed", actor=actor, reason=reason, ticket=ticket, subject=demand.tenure, facts=facts
        ) as act:
            demand.closed_at, demand.closed = timezone.now(), how
            demand.save(update_fields=["closed_at", "closed"])
            act.wrote(recorder.history_model(CorrectionDemand))
    return demand


def close_open(tenures: Iterable[int], act: recorder.Act) -> None:
    """Close the open demands on these tenures within the act after which their items cannot be corrected.

    A holder must not suffer for a demand that they cannot meet. The caller has locked the tenures.
    """
    still = CorrectionDemand.objects.filter(closed_at=None, tenure__in=tenures).order_by("pk")
    moot = list(still.select_for_update(no_key=True).values_list("pk", flat=True))
    if moot:
        closed = {"closed_at": timezone.now(), "closed": CorrectionDemand.Closed.MOOT}
        CorrectionDemand.objects.filter(pk__in=moot).update(**closed)
        act.history(CorrectionDemand, moot)


def _locked(demand: CorrectionDemand) -> CorrectionDemand:
    found = CorrectionDemand.objects.select_related("tenure").filter(pk=demand.pk)
    return found.select_for_update(no_key=True, of=("self",)).get()


def letter(demand: CorrectionDemand, language: str) -> str:
    """Return the letter to the holder, in plain text. It names the item and never its value."""
    with translation.override(language):
        known = {"demand": demand, "number": demand.tenure.number_id, "item": demand.get_field_display()}
        return render_to_string(f"accounts/letters/correction.{language}.txt", known).strip()
