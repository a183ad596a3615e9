"""The terms of a tenure: its channel, its charge, the rulebook version, and how the holder accepted it."""

import datetime
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import RuleVersion, Tenure
from accounts.resources.policy import CHANNELS, HANDING, PAID_AHEAD, REGISTERED_WITHIN, Pool
from accounts.rulebook.queries import is_in_force, version_in_force
from qqops.core.days import end_of
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import looks_personal

TEXT_MAX = 80
PRICE_MAX = 100_000_000  # fen, as for a range


@dataclass(frozen=True, slots=True)
class Charge:
    """A payment: the order, the price in fen, and the end of the paid time."""

    order: str
    price: int
    until: datetime.datetime


@dataclass(frozen=True, slots=True)
class Terms:
    channel: str
    reference: str
    acceptance: str
    rules: RuleVersion
    at: datetime.datetime  # completion of the registration: the right of use of a new number begins then (3.2)
    charge: Charge | None = None

    @property
    def price(self) -> int | None:
        return self.charge.price if self.charge else None


def rules_of(version: str, at: datetime.datetime) -> RuleVersion:
    """Return the rulebook version in force at that moment. Raise Invalid if there is none or `version` is another."""
    rules = version_in_force(at)
    if rules is None:
        raise none_in_force()
    must_be_named(version, rules)
    return rules


def none_in_force() -> Invalid:
    return Invalid(_("No such version of the rules was in force then."))


def must_be_named(version: str, in_force: RuleVersion) -> None:
    """Raise Invalid if `version` is given and is not the one in force, which a registrant accepts (preamble ¶2)."""
    if version not in ("", in_force.version):
        raise Invalid(
            _("Not this version of the rules was in force then, but %(version)s.") % {"version": in_force.version}
        )


def charge_of(order: str, price: str, until: str) -> Charge:
    """Parse a payment: the price is in yuan, and `until` is the last paid day, inclusive. Raises Invalid."""
    try:
        fen, day = Decimal(price) * 100, parse_date(until)
        end = end_of(day) if day else None
    except (ArithmeticError, ValueError):
        fen, end = Decimal("NaN"), None
    if not fen.is_finite() or fen != fen.to_integral_value() or end is None:
        raise Invalid(_("Write the price as 12.50 and the last day paid for as 2026-12-31."))
    if not 0 < fen <= PRICE_MAX:
        raise _no_price()
    return Charge(order.strip(), int(fen), end)


def _no_price() -> Invalid:
    return Invalid(_("Who has paid has an order and a price, of at most a million yuan."))


def check(terms: Terms) -> None:
    """Raise Invalid or Refused if no tenure may be opened on these terms."""
    for _column, fault in faults(terms):
        raise fault
    if not is_in_force(terms.rules, terms.at):
        # Another version may have taken effect between the proposal and its approval (preamble ¶2).
        in_force = rules_of("", terms.at)
        raise Invalid(
            _(
                "The rules have changed meanwhile: version %(version)s is in force. Nothing was handed out; propose it"
                " again, so that the holder accepts that version."
            )
            % {"version": in_force.version}
        )


def faults(terms: Terms, *, known: bool = False) -> Iterator[tuple[str, Invalid | Refused]]:
    """Yield each fault of the terms with its column in a file. A `known` registration may be of any age."""
    channel = CHANNELS.get(terms.channel)
    if channel is None:
        yield "channel", Invalid(_("There is no such channel; there are: %(known)s.") % {"known": ", ".join(CHANNELS)})
    elif channel.required and not terms.reference.strip():
        needed = gettext_noop("By this channel nothing is registered without its reference (3.1).")
        yield "reference", Refused(needed)
    if terms.acceptance not in Tenure.Acceptance.values:
        needed = gettext_noop("Nothing is registered unless the rules were accepted, explicitly or by use.")
        yield "accepted", Refused(needed)
    for column, text in (("reference", terms.reference), ("order", terms.charge.order if terms.charge else "")):
        if len(text) > TEXT_MAX or not text.isprintable():
            yield column, Invalid(_("A reference has at most %(n)d characters.") % {"n": TEXT_MAX})
        elif looks_personal(text):
            yield column, Invalid(_("A reference holds no personal data."))
    if terms.at > timezone.now():
        yield "registered_at", Invalid(_("The registration is in the future."))
    elif not known and terms.at < timezone.now() - REGISTERED_WITHIN:
        late = _("A registration is recorded within %(n)d days: register the holder anew, at the desk.")
        yield "registered_at", Invalid(late % {"n": REGISTERED_WITHIN.days})
    if charge := terms.charge:
        if not charge.order.strip() or not 0 < charge.price <= PRICE_MAX:
            yield "order", _no_price()
        if charge.until <= terms.at:
            yield "paid_until", Invalid(_("Paid for until a time that is over already."))
        if charge.until > timezone.now() + PAID_AHEAD:
            yield "paid_until", Invalid(_("A number is paid for at most ten years ahead."))


def check_pool(pool: str) -> None:
    if pool not in Pool.values:
        raise Invalid(_("There is no such pool."))
    if HANDING[Pool(pool)].tiers is None:
        raise Invalid(_("Numbers of this pool are set aside: none is handed out."))


def identified(pools: Collection[str]) -> bool:
    """Return True if holders of numbers of any of these pools need a verified identity (4.1(c))."""
    return any(HANDING[Pool(pool)].identified for pool in pools)
