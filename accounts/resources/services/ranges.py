"""Ranges 号段 (T1-T3, T20): opened, moved from state to state, and planned anew. Opening 10^10 numbers is one row and
its cursors; nothing is listed."""

import datetime
import math
import secrets
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.backends.postgresql.psycopg_any import NumericRange
from django.db.models import BigIntegerField, Sum
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from psycopg.errors import LockNotAvailable

from accounts.lifecycle import L, pairs
from accounts.models import NumberRange, RangeCursor, RangeTally, ResourceProposal, Tenure
from accounts.models.resources import SLOTS
from accounts.numbers.parsing import LIKE_A_MOBILE, NUMBER_MIN
from accounts.resources.policy import ALONE, MOVES_TO, Case, Kind, Pool
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

PATIENCE = "2s"
LONGEST_PRODUCT = 2**62  # multiplier · i stays within a bigint

# Rows that are there already: the differences that came before the range did are moved under it.
_TALLIED = """
WITH there AS (
  SELECT n.lifecycle, count(*) AS n FROM accounts_number n WHERE n.id >= %(first)s AND n.id <= %(last)s GROUP BY 1)
INSERT INTO accounts_rangetally (range_id, lifecycle, n)
SELECT x.range_id, t.lifecycle, x.sign * t.n
FROM there t, (VALUES (%(range)s::bigint, 1), (NULL, -1)) x(range_id, sign)"""


def wanted(
    first: int,
    last: int,
    pool: str,
    purpose: str,
    *,
    plan: str = "",
    opens_on: datetime.date | None = None,
    price: int | None = None,
    channels: tuple[str, ...] = (),
) -> Wanted:
    """A range to be opened: its first and last number, both in it."""
    return Wanted(
        Kind.RANGE,
        {
            "first": first,
            "last": last,
            "pool": pool,
            "purpose": purpose.strip(),
            **_planned(plan, opens_on, price, channels),
        },
    )


def moved(range: NumberRange, to: str) -> Wanted:
    """The range to be moved to another state: it is that of all its numbers that have no row."""
    return Wanted(Kind.RANGE_MOVE, {"range": range.pk, "to": str(to)})


def planned(
    range: NumberRange,
    *,
    plan: str = "",
    opens_on: datetime.date | None = None,
    price: int | None = None,
    channels: tuple[str, ...] = (),
) -> Wanted:
    """The release plan, the day, the price in fen and the channels that the range is to have."""
    return Wanted(Kind.RANGE_PLAN, {"range": range.pk, **_planned(plan, opens_on, price, channels)})


def _planned(plan: str, opens_on: datetime.date | None, price: int | None, channels: tuple[str, ...]) -> dict[str, Any]:
    return {
        "plan": plan.strip(),
        "opens_on": opens_on.isoformat() if opens_on else None,
        "price": price,
        "channels": sorted(channels),
    }


def _check_open(wanted: Wanted, actor: Staff) -> Case:
    content = wanted.content
    first, last = content["first"], content["last"]
    if first > last:
        raise Invalid(_("The range is reversed: its first number is the smaller one."))
    if first < NUMBER_MIN or last > settings.QQOPS_NUMBER_MAX:
        raise Invalid(
            _("A range lies within %(low)d to %(high)d.") % {"low": NUMBER_MIN, "high": settings.QQOPS_NUMBER_MAX}
        )
    low, high = LIKE_A_MOBILE
    if first <= high and last >= low:
        raise Invalid(
            _("%(low)d to %(high)d look like mobile numbers: no range has any of them. Open one beside it.")
            % {"low": low, "high": high}
        )
    if content["pool"] not in Pool.values:
        raise Invalid(_("There is no such pool."))
    if not content["purpose"] or len(content["purpose"]) > 200:
        raise Invalid(_("Say what the range is for, in at most 200 characters."))
    _check_plan(content)
    if over := NumberRange.objects.filter(numbers__overlap=_as_range(first, last)).order_by("numbers").first():
        raise _overlaps(over)
    return Case(Kind.RANGE, numbers=last - first + 1, before=_alone_today(actor))


def _alone_today(actor: Staff) -> int:
    """How many numbers this person has set aside today with nobody's agreement; today is Shanghai's."""
    said = {name: Cast(KeyTextTransform(name, "content"), BigIntegerField()) for name in ("first", "last")}
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    alone = ResourceProposal.objects.filter(maker=actor, kind=Kind.RANGE, rule=ALONE.code, proposed_at__gte=midnight)
    total = alone.aggregate(n=Sum(said["last"] - said["first"] + 1))["n"]
    return int(total or 0)


def _check_plan(content: Any) -> None:
    if len(content["plan"]) > 500:
        raise Invalid(_("The release plan has at most 500 characters."))
    if content["price"] is not None and not 0 < content["price"] <= 100_000_000:
        raise Invalid(_("A price is more than nothing and at most a million yuan."))
    if unknown := set(content["channels"]) - set(Tenure.Channel.values):
        raise Invalid(_("There is no such channel: %(channel)s.") % {"channel": ", ".join(sorted(unknown))})


def _open(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    content = wanted.content
    first, last = content["first"], content["last"]
    size = last - first + 1
    opened = NumberRange(
        numbers=_as_range(first, last),
        pool=content["pool"],
        state=L.RESERVED,
        purpose=content["purpose"],
        plan=content["plan"],
        opens_on=_day(content["opens_on"]),
        price=content["price"],
        channels=content["channels"],
        multiplier=_coprime(size),
        offset=secrets.randbelow(size),
        proposal=proposal,
    )
    with recorder.act(
        "range.opened", actor=actor, reason=proposal.reason, ticket=proposal.ticket,
        facts={"pool": opened.pool, "targets": size},
    ) as own, connection.cursor() as cursor:  # fmt: skip
        _no_number_moves(cursor)
        try:
            with transaction.atomic():
                NumberRange.objects.bulk_create([opened])  # the pen writes its history
        except IntegrityError as clash:
            if "range_no_overlap" not in str(clash):
                raise
            raise _overlaps(NumberRange.objects.filter(numbers__overlap=opened.numbers).first()) from None
        own.subject = opened
        own.history(NumberRange, [opened.pk], recorder.CREATED)
        slots = min(SLOTS, size)
        RangeCursor.objects.bulk_create(
            RangeCursor(
                range=opened,
                slot=slot,
                start=size * slot // slots,
                next=size * slot // slots,
                end=size * (slot + 1) // slots,
            )
            for slot in range(slots)
        )
        cursor.execute(_TALLIED, {"first": first, "last": last, "range": opened.pk})


def _no_number_moves(cursor: Any) -> None:
    """Nor does one, until this is done, between what is there already and the trigger's first look at the range.
    Whoever comes later waits behind this: so it does not wait long itself."""
    cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
    try:
        cursor.execute("LOCK TABLE accounts_number IN SHARE ROW EXCLUSIVE MODE")
    except OperationalError as error:
        if not isinstance(error.__cause__, LockNotAvailable):
            raise
        raise Invalid(_("Other acts are moving numbers just now; nothing was done. Try again.")) from None
    cursor.execute("SET LOCAL lock_timeout TO DEFAULT")  # what follows waits as everywhere


def _coprime(size: int) -> int:
    """A multiplier without a common divisor, so that every number of the range comes once."""
    most = max(1, min(size, LONGEST_PRODUCT // size) - 1)
    while math.gcd(found := 1 + secrets.randbelow(most), size) != 1:
        pass
    return found


def _check_move(wanted: Wanted, actor: Staff) -> Case:
    found, to = _range(wanted), wanted.content["to"]
    if to not in MOVES_TO or (found.state, to) not in pairs():
        raise Invalid(
            _("A range that is “%(state)s” cannot become “%(to)s”.")
            % {"state": found.get_state_display(), "to": L(to).label if to in L.values else to}
        )
    return Case(Kind.RANGE_MOVE, numbers=found.size, moves=frozenset({(found.state, to)}))


def _move(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    found = _range(wanted, lock=True)
    _check_move(wanted, actor)
    facts = {"from": found.state, "to": wanted.content["to"], "targets": found.size}
    with recorder.act(
        "range.moved", actor=actor, reason=proposal.reason, ticket=proposal.ticket, subject=found, facts=facts
    ) as own:
        found.state = wanted.content["to"]
        found.save(update_fields=["state"])
        own.wrote(recorder.history_model(NumberRange))


def _check_planned(wanted: Wanted, actor: Staff) -> Case:
    found = _range(wanted)
    if found.state == L.RETIRED:
        raise Invalid(_("The range is retired."))
    _check_plan(wanted.content)
    return Case(Kind.RANGE_PLAN, numbers=found.size)


def _plan(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    found, content = _range(wanted, lock=True), wanted.content
    with recorder.act(
        "range.planned", actor=actor, reason=proposal.reason, ticket=proposal.ticket, subject=found, facts={}
    ) as own:
        found.plan, found.price, found.channels = content["plan"], content["price"], content["channels"]
        found.opens_on = _day(content["opens_on"])
        found.save(update_fields=["plan", "opens_on", "price", "channels"])
        own.wrote(recorder.history_model(NumberRange))


def add_up() -> int:
    """Add the tally's differences up; return how many rows went. What is read is the same before and after."""
    gone = """
WITH gone AS (DELETE FROM accounts_rangetally RETURNING range_id, lifecycle, n)
INSERT INTO accounts_rangetally (range_id, lifecycle, n)
SELECT range_id, lifecycle, sum(n) FROM gone GROUP BY 1, 2 HAVING sum(n) <> 0"""
    with transaction.atomic(), connection.cursor() as cursor:
        before: int = RangeTally.objects.count()
        cursor.execute(gone)
        return before - int(cursor.rowcount)


def _range(wanted: Wanted, *, lock: bool = False) -> NumberRange:
    rows = NumberRange.objects.select_for_update(no_key=True) if lock else NumberRange.objects.all()
    found = rows.filter(pk=wanted.content["range"]).first()
    if found is None:
        raise Invalid(_("There is no such range."))
    return found


def _as_range(first: int, last: int) -> NumericRange:
    return NumericRange(first, last + 1)


def _day(text: str | None) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if text else None


def _overlaps(other: NumberRange | None) -> Invalid:
    return Invalid(_("The range overlaps %(other)s. Nothing was done.") % {"other": other})


kinds.declare(Kind.RANGE, Work(_check_open, _open))
kinds.declare(Kind.RANGE_MOVE, Work(_check_move, _move))
kinds.declare(Kind.RANGE_PLAN, Work(_check_planned, _plan))
