"""Numbers that nobody holds: moved (T1-T3, T20) or given a tier. A free one gets its row by being touched."""

from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from django.conf import settings
from django.db import connection, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lifecycle import POOL, L, pairs
from accounts.models import Number, ResourceProposal
from accounts.premium.policy import FUNCTION, NEVER_PUBLIC
from accounts.quarantine.services import must_not_wait
from accounts.resources.policy import MOVES_TO, Case, Kind
from accounts.resources.services import kinds
from accounts.resources.services.kinds import Wanted, Work
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

MANAGE = "accounts.manage_resources"
TIERED = (*POOL, L.QUARANTINED)  # nobody's: a held number keeps the tier that it was handed out with
NAMED = 20

# The state of each: its own where it has a row, else that of its range.
_SOURCES = """
SELECT g.id, coalesce(n.lifecycle, r.state), n.id IS NULL
FROM unnest(%(numbers)s::bigint[]) g(id) LEFT JOIN accounts_number n ON n.id = g.id
LEFT JOIN accounts_numberrange r ON n.id IS NULL AND r.numbers @> g.id ORDER BY g.id"""

_TOUCH = """
WITH number AS (
  INSERT INTO accounts_number (id, lifecycle, tier, legal_hold, protection, reclaim_exempt_reason, revision)
  SELECT g.id, r.state, {tier}(g.id), false, '', '', 0
  FROM unnest(%(numbers)s::bigint[]) g(id) JOIN accounts_numberrange r ON r.numbers @> g.id ORDER BY g.id
  ON CONFLICT (id) DO NOTHING RETURNING *),
history AS ({history})
SELECT count(*) FROM number"""

_MOVE = """
WITH number AS (
  UPDATE accounts_number n SET lifecycle = %(to)s, due_at = NULL, terminated_at = NULL, terminated_under = NULL,
    revision = n.revision + 1 WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({history})
SELECT count(*) FROM number"""

_TIER = """
WITH number AS (
  UPDATE accounts_number n SET tier = %(tier)s, tier_set_at = statement_timestamp(), revision = n.revision + 1
  WHERE n.id = ANY(%(numbers)s::bigint[]) RETURNING n.*),
history AS ({history})
SELECT count(*) FROM number"""

_RECOMPUTE = """
WITH due AS MATERIALIZED (
  SELECT n.id FROM accounts_number n WHERE n.id = ANY(%(numbers)s::bigint[]) AND n.lifecycle = ANY(%(states)s)
    AND n.tier_set_at IS NULL ORDER BY n.id FOR NO KEY UPDATE),
number AS (
  UPDATE accounts_number n SET tier = {tier}(n.id), revision = n.revision + 1
  FROM due WHERE n.id = due.id AND n.tier <> {tier}(n.id) RETURNING n.*),
history AS ({history})
SELECT count(*) FROM number"""

_TO_RECOMPUTE = f"""
SELECT n.id FROM accounts_number n WHERE n.lifecycle = %(state)s AND n.id > %(after)s AND n.tier_set_at IS NULL
  AND n.tier <> {FUNCTION}(n.id) ORDER BY n.id LIMIT %(size)s"""


@dataclass(frozen=True)
class Source:
    number: int
    state: str  # "" : neither a row nor a range
    free: bool


def sources(numbers: Collection[int], *, lock: bool = False) -> list[Source]:
    """Where each of these numbers is, in their order."""
    if lock:  # in key order, as every act does
        rows = Number.objects.filter(pk__in=numbers).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk"))
    with connection.cursor() as cursor:
        cursor.execute(_SOURCES, {"numbers": sorted(set(numbers))})
        return [Source(number, state or "", free) for number, state, free in cursor.fetchall()]


def moved(numbers: Collection[int], to: str) -> Wanted:
    return Wanted(Kind.NUMBERS_MOVE, {"to": str(to)}, tuple(sorted(set(numbers))))


def tiered(numbers: Collection[int], tier: int) -> Wanted:
    return Wanted(Kind.TIER, {"tier": tier}, tuple(sorted(set(numbers))))


def _check_move(wanted: Wanted, actor: Staff) -> Case:
    to = wanted.content["to"]
    if to not in MOVES_TO:
        raise Invalid(_("Numbers are not moved there by hand."))
    found = _known(wanted)
    if wrong := [s for s in found if (s.state, to) not in pairs()]:
        raise Invalid(
            _("These numbers cannot become “%(to)s”: %(numbers)s. Nothing was done.")
            % {"to": L(to).label, "numbers": _named({s.number: str(L(s.state).label) for s in wrong})}
        )
    must_not_wait(wanted.numbers, to)
    return Case(Kind.NUMBERS_MOVE, numbers=len(found), moves=frozenset((s.state, to) for s in found))


def _move(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    to, numbers = wanted.content["to"], list(wanted.numbers)
    with _own("number.moved", proposal, actor, to=to) as own:
        touch(numbers, own)
        sources(numbers, lock=True)
        _check_move(wanted, actor)
        _write(own, _MOVE, recorder.CHANGED, to=to, numbers=numbers)


def _check_tier(wanted: Wanted, actor: Staff) -> Case:
    if not 0 <= wanted.content["tier"] <= NEVER_PUBLIC:
        raise Invalid(_("A tier is 0 to %(n)d.") % {"n": NEVER_PUBLIC})
    found = _known(wanted)
    if held := {s.number: str(L(s.state).label) for s in found if s.state not in TIERED}:
        raise Invalid(
            _("Somebody holds these numbers, or did: %(numbers)s. Their tier stays; nothing was done.")
            % {"numbers": _named(held)}
        )
    return Case(Kind.TIER, numbers=len(found))


def _tier(wanted: Wanted, proposal: ResourceProposal, actor: Staff, act: recorder.Act) -> None:
    tier, numbers = wanted.content["tier"], list(wanted.numbers)
    with _own("number.tier_set", proposal, actor, tier=tier) as own:
        touch(numbers, own)
        sources(numbers, lock=True)
        _check_tier(wanted, actor)
        _write(own, _TIER, recorder.CHANGED, tier=tier, numbers=numbers)


def touch(numbers: Collection[int], act: recorder.Act) -> int:
    """Give the free ones among them their row, in the state of their range and with the tier of their digits."""
    return _write(act, _TOUCH, recorder.CREATED, numbers=sorted(numbers))


def recompute(*, actor: Staff, reason: str, ticket: str = "", apply: bool) -> int:
    """Give every number that nobody holds the tier of its digits, but for those whose tier was set by hand; return
    how many it is for. What is held keeps its tier."""
    with recorder.refusals(actor=actor, facts={"act": "tiers"}):
        if not actor.has_perm(MANAGE):
            raise Refused(gettext_noop("Your role may not do this."))
        must_say_why(reason)
    done = 0
    for chunk in _to_recompute():
        if not apply:
            done += len(chunk)
            continue
        with transaction.atomic(), recorder.act("tiers.recomputed", actor=actor, reason=reason, ticket=ticket) as act:
            states = [str(state) for state in TIERED]
            changed = _write(act, _RECOMPUTE, recorder.CHANGED, numbers=chunk, states=states)
            act.facts["numbers"] = changed
        done += changed
    return done


def _to_recompute() -> Iterator[list[int]]:
    """Numbers whose tier is not that of their digits, so many at a time: by state, each from where it went on."""
    for state in TIERED:
        after = 0
        while True:
            with connection.cursor() as cursor:
                cursor.execute(_TO_RECOMPUTE, {"state": state, "after": after, "size": settings.QQOPS_CHUNK})
                chunk = [number for (number,) in cursor.fetchall()]
            if not chunk:
                break
            yield chunk
            after = chunk[-1]


def _known(wanted: Wanted) -> list[Source]:
    if not wanted.numbers:
        raise Invalid(_("The list holds no numbers."))
    found = sources(wanted.numbers)
    if unknown := {s.number: _("in no range") for s in found if not s.state}:
        raise Invalid(_("Unknown numbers: %(numbers)s. Nothing was done.") % {"numbers": _named(unknown)})
    return found


def _own(verb: str, proposal: ResourceProposal, actor: Staff, **facts: object) -> AbstractContextManager[recorder.Act]:
    """The event of the numbers themselves, within that of the proposal."""
    subject = Number(pk=proposal.numbers[0]) if len(proposal.numbers) == 1 else None
    told = {**facts, "numbers": len(proposal.numbers)}
    return recorder.act(verb, actor=actor, reason=proposal.reason, ticket=proposal.ticket, subject=subject, facts=told)


def _write(act: recorder.Act, sql: str, kind: str, **params: object) -> int:
    history = recorder.history_insert(Number, kind, source="number live")
    with connection.cursor() as cursor:
        cursor.execute(sql.format(history=history, tier=FUNCTION), act.params | params)
        (rows,) = cursor.fetchone()
    act.wrote(recorder.history_model(Number), rows=rows)
    return int(rows)


def _named(numbers: dict[int, str]) -> str:
    told = [f"{number} ({why})" for number, why in list(numbers.items())[:NAMED]]
    more = [_("… and %(n)d more") % {"n": len(numbers) - NAMED}] if len(numbers) > NAMED else []
    return ", ".join([*told, *more])


kinds.declare(Kind.NUMBERS_MOVE, Work(_check_move, _move))
kinds.declare(Kind.TIER, Work(_check_tier, _tier))
