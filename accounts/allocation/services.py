"""Allocate numbers and open their tenures (T4), all or none, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.allocation import quota, supply
from accounts.allocation.effects import Opened, Taking
from accounts.allocation.requested_numbers import Named, judge, must_be_free
from accounts.allocation.terms import Terms, check_pool, identified
from accounts.allocation.terms import check as check_terms
from accounts.declarations.services import refuse_own
from accounts.holders.new_holder import Holder, must_be_identified
from accounts.identity import services as identity
from accounts.models import Number
from accounts.protection.services import attempted
from accounts.resources.policy import Pool
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

ALLOCATE, REGISTER = "accounts.allocate_number", "accounts.register_holder"


@dataclass(frozen=True)
class Wish:
    """A requested allocation: `count` numbers of a pool, or `numbers`.

    There is one holder for each number if the pool needs identified holders.
    """

    terms: Terms
    pool: str = Pool.PUBLIC.value
    count: int = 1
    numbers: tuple[int, ...] = ()
    holders: Sequence[Holder] = field(default=(), repr=False)
    registration: str = ""  # for one number: the registration id at its origin, which never opens a second tenure

    @property
    def many(self) -> int:
        return len(self.numbers) or self.count


def check(wish: Wish, *, actor: Staff, lock: bool = False) -> list[Named]:
    """Raise as `allocate` would, except for a shortage of numbers. Return the judgements of the requested numbers."""
    if not (actor.is_system or actor.has_perm(ALLOCATE)):
        raise Refused(gettext_noop("Your role may not allocate numbers."))
    if wish.holders and not (actor.is_system or actor.has_perm(REGISTER)):
        raise Refused(gettext_noop("Your role may not tell of a holder when it registers a number."))
    check_terms(wish.terms)
    if not 0 < wish.many <= settings.QQOPS_CHUNK:
        raise Invalid(
            _("One to %(n)d numbers at once; ask again for more, or use “register” for a file.")
            % {"n": settings.QQOPS_CHUNK}
        )
    found: list[Named] = []
    if wish.numbers:
        if len(set(wish.numbers)) != len(wish.numbers):
            raise Invalid(_("A number is named twice."))
        refuse_own(actor, wish.numbers)
        found = judge(wish.numbers, [wish.terms] * len(wish.numbers), lock=lock)
        must_be_free(found)
        pools = {one.pool for one in found}
    else:
        check_pool(wish.pool)
        pools = {wish.pool}
    if wish.terms.channel == "campaign":
        quota.check(wish.terms.reference, [wish.terms.at] * wish.many)
    _check_holders(wish, pools)
    return found


def allocate(wish: Wish, *, actor: Staff, reason: str, ticket: str = "") -> list[Opened]:
    """Hand out the numbers and open a tenure on each. Raises Invalid or Refused if any of them cannot be handed out."""
    tried = attempted("allocate", wish.numbers, wish.many, channel=wish.terms.channel)
    with recorder.refusals(actor=actor, **tried):
        must_say_why(reason)
        for patient in (False, True):
            try:
                return _allocate(wish, actor=actor, reason=reason, ticket=ticket, patient=patient)
            except supply.Contended:
                continue
            except supply.Short as short:
                supply.pass_by(short.passed)
                raise Invalid(_("%(why)s Nothing was handed out.") % {"why": short}) from None
    raise AssertionError  # a patient attempt waits instead of raising Contended


def _allocate(wish: Wish, *, actor: Staff, reason: str, ticket: str, patient: bool) -> list[Opened]:
    facts = {"channel": wish.terms.channel, "n": wish.many}
    with recorder.act("number.allocated", actor=actor, reason=reason, ticket=ticket, facts=facts) as act:
        found = check(wish, actor=actor, lock=True)
        if any(one.supervised for one in found):
            raise Refused(gettext_noop("A number of this tier is handed out when a supervisor has agreed: propose it."))
        act.facts["pool"] = found[0].pool if found else wish.pool
        return carry_out(act, wish, found, patient=patient, actor=actor, reason=reason, ticket=ticket)


def carry_out(act: recorder.Act, wish: Wish, found: Sequence[Named], *, patient: bool, **why: Any) -> list[Opened]:
    """Take the checked numbers and record their holders, inside the given act."""
    cursors = supply.all_cursors([(wish.pool, wish.terms)]) if patient else None
    taking = Taking(act, [wish.terms] * wish.many, cursors)
    if found:
        by_row: dict[bool, list[int]] = {False: [], True: []}
        for at, one in enumerate(found):
            by_row[one.recycled].append(at)
        for recycled, places in by_row.items():
            taking.named([found[at].number for at in places], places, recycled=recycled)
        if len(taking.opened) < wish.many:
            raise Invalid(_("Somebody else took one of these numbers meanwhile. Nothing was done."))
    else:
        taking.from_pool(wish.pool, range(wish.many))
    if wish.terms.channel == "campaign":
        quota.spend(wish.terms.reference, [wish.terms.at] * wish.many)
    if wish.many == 1:
        act.subject = Number(pk=taking.opened[0].number)
    if wish.registration:
        taking.name([wish.registration])
    if wish.holders:
        given = [wish.holders[one.at].told(one.tenure, wish.terms.at) for one in taking.opened]
        identity.record(given, **why)
    return sorted(taking.opened, key=lambda one: one.at)


def _check_holders(wish: Wish, pools: set[str]) -> None:
    needed = identified(pools)
    if not wish.holders and not needed:
        return
    if len(wish.holders) not in (0, wish.many):
        raise Invalid(
            _("Numbers: %(numbers)d, holders: %(holders)d; each number has one holder. Nothing was done.")
            % {"numbers": wish.many, "holders": len(wish.holders)}
        )
    if needed:
        if not wish.holders:
            must_be_identified(None)
        for holder in wish.holders:
            must_be_identified(holder)
