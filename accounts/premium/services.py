"""Proposals to allocate a number that needs a supervisor's approval. The holder is sealed in the proposal."""

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.allocation import services as allocate
from accounts.allocation.services import Wish
from accounts.allocation.terms import Charge, Terms
from accounts.holders.new_holder import Holder
from accounts.models import Number, ResourceProposal, RuleVersion
from accounts.resources.policy import Case, Kind
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff


def wanted(wish: Wish) -> Wanted:
    terms = wish.terms
    content: dict[str, Any] = {
        "channel": terms.channel,
        "reference": terms.reference,
        "acceptance": terms.acceptance,
        "rules": terms.rules.pk,
        "order": "",
        "price": None,
        "until": None,
    }
    if charge := terms.charge:
        content |= {"order": charge.order, "price": charge.price, "until": charge.until.isoformat()}
    holder = wish.holders[0].as_json() if wish.holders else None
    return Wanted(Kind.ALLOCATE, content, wish.numbers, holder)


def _check(wanted: Wanted, actor: Staff) -> Case:
    if len(wanted.numbers) != 1:
        raise Invalid(_("One number in one proposal."))
    (found,) = allocate.check(_wish(wanted), actor=actor)
    if not found.supervised:
        raise Invalid(_("This number needs no supervisor: allocate it."))
    return Case(Kind.ALLOCATE)


def _apply(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    """Allocate the number. The right of use begins now; the approval only permitted it (3.2)."""
    wish, maker = _wish(wanted), proposal.maker
    why: dict[str, Any] = {"actor": actor, "reason": proposal.reason, "ticket": proposal.ticket}
    facts = {"channel": wish.terms.channel, "n": 1}
    with recorder.act("number.allocated", subject=Number(pk=wanted.numbers[0]), facts=facts, **why) as own:
        found = allocate.check(wish, actor=maker, lock=True)
        own.facts["pool"] = found[0].pool
        allocate.carry_out(own, wish, found, patient=False, **why)


def _wish(wanted: Wanted) -> Wish:
    content = wanted.content
    charge = None
    if content["price"] is not None:
        charge = Charge(content["order"], content["price"], datetime.datetime.fromisoformat(content["until"]))
    rules = RuleVersion.objects.get(pk=content["rules"])
    terms = Terms(content["channel"], content["reference"], content["acceptance"], rules, timezone.now(), charge)
    holders = [Holder.of_json(wanted.holder)] if wanted.holder else []
    return Wish(terms, numbers=wanted.numbers, holders=holders)


kinds.declare(Kind.ALLOCATE, Work(_check, _apply))
