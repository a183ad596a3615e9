"""Record the registrations in a file of the upstream system (3.1).

The whole file is checked first, then recorded chunk by chunk with the same statements as an allocation at the desk. A
registration never opens a second tenure, so the next run of the same file completes an interrupted one.
"""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from accounts.allocation import quota, supply
from accounts.allocation.effects import Opened, Taking
from accounts.allocation.registration_lines import Line, lines_of
from accounts.allocation.supply import Cursor
from accounts.allocation.terms import Terms
from accounts.identity import services as identity
from accounts.imports.columns import Row
from accounts.imports.files import changed
from accounts.imports.lines import Wrong
from accounts.lists.chunks import chunks, digest
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

REASON = "registrations of the upstream system"
AT_ONCE = 2_000  # lines in memory at a time, each with its holder and the key of the tenure
LOCK = 0x71717267  # "qqrg": concurrent runs alternate, chunk by chunk


@dataclass
class Checked:
    """The result of checking a file."""

    lines: int = 0
    known: dict[str, int] = field(default_factory=dict)  # registration → number, of those recorded before
    wrongs: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # the first ones, by line
    digests: list[bytes] = field(default_factory=list)  # of each chunk, so that only checked rows are recorded


@dataclass
class Registered:
    """The recorded registrations of a file, with their numbers. `stopped`: the reason why the others are not."""

    known: dict[str, int]
    opened: list[tuple[str, int]] = field(default_factory=list)
    stopped: str = ""


def check(rows: Iterable[Row], *, named: int | None = None) -> Checked:
    """Check every line and count its faults. List at most `named` of them. Raises Invalid if the file has no lines."""
    found = Checked()
    ids: dict[str, int] = {}
    numbers: dict[int, int] = {}
    campaigns = quota.Count()
    for chunk in chunks(rows, _size()):
        found.digests.append(digest(chunk))
        for line in lines_of(chunk):
            found.lines += 1
            if line.known:
                found.known[line.registration] = line.known
            at = line.row.line
            if line.registration and (first := ids.setdefault(line.registration, at)) != at:
                line.fault("registration", _("The same registration stands on line %(line)d.") % {"line": first})
            if line.number and (first := numbers.setdefault(line.number, at)) != at:
                line.fault("number", _("The same number stands on line %(line)d.") % {"line": first})
            _count(line, campaigns)
            found.wrongs += len(line.wrong)
            left = len(line.wrong) if named is None else max(0, named - len(found.wrong))
            found.wrong += line.wrong[:left]
    if not found.lines:
        raise Invalid(_("There is nothing below the heading."))
    return found


def _count(line: Line, campaigns: quota.Count) -> None:
    """Count the line against the quota of its campaign, together with the lines before it (3.1(4))."""
    terms = line.terms
    if line.wrong or line.known or terms is None or terms.channel != "campaign":
        return
    try:
        campaigns.add(terms.reference, terms.at)
    except Invalid as error:
        line.fault("reference", str(error))


def apply(
    rows: Iterable[Row],
    checked: Checked,
    *,
    actor: Staff,
    source: str,
    step: Callable[[int], None] = lambda lines: None,
) -> Registered:
    """Record a checked file chunk by chunk.

    Stop at a chunk whose rows differ from the checked ones, or that cannot be recorded. Raises Invalid if no
    registration of the file is recorded; otherwise the reason is in `stopped`.
    """
    done, digests = Registered(dict(checked.known)), iter(checked.digests)
    try:
        for chunk in chunks(rows, _size()):
            if digest(chunk) != next(digests, None):
                raise changed()
            _record(chunk, done, actor=actor, source=source)
            step(len(chunk))
        if next(digests, None) is not None:
            raise changed()
    except Invalid as error:
        if not (done.known or done.opened):
            raise
        done.stopped = str(error)
    return done


def _record(chunk: list[Row], done: Registered, *, actor: Staff, source: str) -> None:
    try:
        with recorder.refusals(actor=actor, facts={"act": "register", "targets": len(chunk)}):
            _chunk(chunk, done, actor=actor, source=source)
    except Invalid as error:
        recorded = len(done.known) + len(done.opened)
        values = {"first": chunk[0].line, "last": chunk[-1].line, "why": error, "n": recorded}
        raise Invalid(
            _(
                "Lines %(first)d to %(last)d were not recorded: %(why)s Registrations of this file that are recorded"
                " and stay: %(n)d. Run the command again with the same file to continue: none of them is recorded"
                " twice."
            )
            % values
        ) from error


def _chunk(chunk: list[Row], done: Registered, *, actor: Staff, source: str) -> None:
    for patient in (False, True):
        try:
            with recorder.act("number.registered", actor=actor, reason=REASON, facts={"sha256": source}) as act:
                known, new, opened = _open(act, chunk, patient=patient)
                if not new:
                    raise _NothingNew
                _identities(new, opened, actor=actor, source=source)
        except _NothingNew:
            pass
        except supply.Contended:
            continue
        except supply.Short as short:
            supply.pass_by(short.passed)
            raise
        done.known |= known
        done.opened += [(new[one.at].registration, one.number) for one in opened]
        return


class _NothingNew(Exception):
    """Raised to roll back the act, so that a chunk of known registrations writes no event."""


def _open(act: recorder.Act, chunk: list[Row], *, patient: bool) -> tuple[dict[str, int], list[Line], list[Opened]]:
    """Return the known registrations with their numbers, the other lines, and the tenure opened for each of those."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    cursors = _wait(lines_of(chunk)) if patient else None
    lines = lines_of(chunk, lock=True)
    for each in (wrong for line in lines for wrong in line.wrong):
        facts = {"line": each.line, "why": each.why}
        raise Invalid(_("Line %(line)d has changed since it was checked: %(why)s") % facts)
    known = {line.registration: line.known for line in lines if line.known}
    new = [line for line in lines if not line.known]
    terms = [line.terms for line in new if line.terms]
    taking = Taking(act, terms, cursors)
    for recycled in (False, True):
        places = [at for at, line in enumerate(new) if line.number and line.recycled == recycled]
        taking.named([new[at].number or 0 for at in places], places, recycled=recycled)
    if len(taking.opened) < sum(line.number is not None for line in new):
        raise Invalid(_("Somebody else took one of these numbers meanwhile."))
    for pool, _terms, places in _groups(new):
        taking.from_pool(pool, places)
    _spend(terms)
    taking.name([line.registration for line in new])
    act.facts |= {
        "n": len(new),
        "channels": dict(Counter(one.channel for one in terms)),
        "pools": dict(Counter(line.pool for line in new)),
    }
    return known, new, taking.opened


def _wait(lines: Sequence[Line]) -> list[Cursor]:
    """Lock the cursors of all groups at once, and before any number: the owner of a cursor may wait for that number."""
    return supply.all_cursors(
        (pool, terms) for pool, terms, _places in _groups([one for one in lines if not one.known])
    )


def _groups(lines: Sequence[Line]) -> list[tuple[str, Terms, list[int]]]:
    """Group the lines that name no number by pool, channel and price, which decide which ranges are open to them.

    Return each group as its pool, terms, and indexes of its lines.
    """
    groups: dict[tuple[str, str, int], tuple[str, Terms, list[int]]] = {}
    for at, line in enumerate(lines):
        if line.number is None and line.terms:
            key = (line.pool, line.terms.channel, line.terms.price or 0)
            groups.setdefault(key, (line.pool, line.terms, []))[2].append(at)
    return [groups[key] for key in sorted(groups)]


def _spend(terms: Sequence[Terms]) -> None:
    campaigns: dict[str, list[datetime.datetime]] = {}
    for one in terms:
        if one.channel == "campaign":
            campaigns.setdefault(one.reference, []).append(one.at)
    for code, moments in sorted(campaigns.items()):
        quota.spend(code, moments)


def _identities(new: Sequence[Line], opened: Sequence[Opened], *, actor: Staff, source: str) -> None:
    given = []
    for one in opened:
        holder, terms = new[one.at].holder, new[one.at].terms
        if holder and terms:
            given.append(holder.told(one.tenure, terms.at))
    if given:
        identity.record(given, actor=actor, reason=REASON, source=source)


def _size() -> int:
    chunk: int = settings.QQOPS_CHUNK
    return min(chunk, AT_ONCE)
