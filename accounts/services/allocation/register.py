"""Registrations that the upstream system tells of in a file (3.1): all of it is checked first, then recorded by the act
that allocates at the desk. The same registration never opens another tenure, so a run that was killed is finished by
the next one."""

import datetime
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _

from accounts.intake import Row, changed
from accounts.intake.chunks import chunks, digest
from accounts.services import identity
from accounts.services.allocation import quota, supply
from accounts.services.allocation.register_lines import Line, Reader
from accounts.services.allocation.take import Opened, Taking
from accounts.services.intake_lines import Wrong
from qqops.audit import pen
from qqops.errors import Invalid
from qqops.staff.models import Staff

REASON = "registrations of the upstream system"
AT_ONCE = 2_000  # lines in hand at a time, each with its holder and the key of him
LOCK = 0x71717267  # "qqrg": two runs at once take turns, chunk by chunk


@dataclass
class Checked:
    lines: int = 0
    known: int = 0
    wrongs: int = 0
    wrong: list[Wrong] = field(default_factory=list)  # the first of them, by line
    digests: list[bytes] = field(default_factory=list)  # of each chunk: what is recorded is what was checked


@dataclass
class Registered:
    known: int = 0
    opened: list[tuple[str, int]] = field(default_factory=list)  # registration, number


def check(rows: Iterable[Row], *, named: int | None = None) -> Checked:
    """Look at every line; at most `named` faults are told one by one."""
    found, reader = Checked(), Reader()
    ids: dict[str, int] = {}
    numbers: dict[int, int] = {}
    for chunk in chunks(rows, _size()):
        found.digests.append(digest(chunk))
        for line in reader.lines_of(chunk):
            found.lines += 1
            found.known += line.known
            at = line.row.line
            if line.registration and (first := ids.setdefault(line.registration, at)) != at:
                line.fault("registration", _("The same registration stands on line %(line)d.") % {"line": first})
            if line.number and (first := numbers.setdefault(line.number, at)) != at:
                line.fault("number", _("The same number stands on line %(line)d.") % {"line": first})
            found.wrongs += len(line.wrong)
            left = len(line.wrong) if named is None else max(0, named - len(found.wrong))
            found.wrong += line.wrong[:left]
    if not found.lines:
        raise Invalid(_("There is nothing below the heading."))
    return found


def apply(
    rows: Iterable[Row],
    checked: Checked,
    *,
    actor: Staff,
    source: str,
    step: Callable[[int], None] = lambda lines: None,
) -> Registered:
    """Record a file that was checked, chunk by chunk; it stops where the rows are not those that were checked."""
    done, digests, reader = Registered(), iter(checked.digests), Reader()
    for chunk in chunks(rows, _size()):
        if digest(chunk) != next(digests, None):
            raise changed()
        with pen.refusals(actor=actor, facts={"act": "register", "targets": len(chunk)}):
            _chunk(chunk, reader, done, actor=actor, source=source)
        step(len(chunk))
    if next(digests, None) is not None:
        raise changed()
    return done


def _chunk(chunk: list[Row], reader: Reader, done: Registered, *, actor: Staff, source: str) -> None:
    for patient in (False, True):
        try:
            with pen.act("number.registered", actor=actor, reason=REASON, facts={"sha256": source}) as act:
                new, opened = _open(act, chunk, reader, patient=patient)
                if not new:
                    raise _NothingNew
                _identities(new, opened, actor=actor, source=source)
        except _NothingNew:
            done.known += len(chunk)
        except supply.Contended:
            continue
        except supply.Short as short:
            supply.pass_by(short.passed)
            raise Invalid(
                _("Lines %(first)d to %(last)d: %(why)s What is recorded stays; run the command again to continue.")
                % {"first": chunk[0].line, "last": chunk[-1].line, "why": short.as_invalid()}
            ) from None
        else:
            done.known += len(chunk) - len(new)
            done.opened += [(new[one.at].registration, one.number) for one in opened]
        return


class _NothingNew(Exception):
    """A chunk that is known leaves no event."""


def _open(act: pen.Act, chunk: list[Row], reader: Reader, *, patient: bool) -> tuple[list[Line], list[Opened]]:
    """The lines that were not known, and a tenure for each."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    lines = reader.lines_of(chunk, lock=True)
    for each in (wrong for line in lines for wrong in line.wrong):
        facts = {"line": each.line, "why": each.why}
        raise Invalid(_("Line %(line)d has changed since it was checked: %(why)s") % facts)
    new = [line for line in lines if not line.known]
    terms = [line.terms for line in new if line.terms]
    campaigns: dict[str, list[datetime.datetime]] = {}
    for one in terms:
        if one.channel == "campaign":
            campaigns.setdefault(one.reference, []).append(one.at)
    for code, moments in sorted(campaigns.items()):
        quota.spend(code, moments)
    taking = Taking(act, terms)
    for recycled in (False, True):
        places = [at for at, line in enumerate(new) if line.number and line.recycled == recycled]
        taking.named([new[at].number or 0 for at in places], places, recycled=recycled)
    if len(taking.opened) < sum(line.number is not None for line in new):
        raise Invalid(_("Somebody else took one of these numbers meanwhile. Run the command again."))
    groups: dict[tuple[str, str, int], list[int]] = {}
    for at, line in enumerate(new):
        if line.number is None:
            groups.setdefault((line.pool, terms[at].channel, terms[at].price or 0), []).append(at)
    for (pool, _channel, _price), places in sorted(groups.items()):
        taking.from_pool(pool, places, patient=patient)
    taking.name([line.registration for line in new])
    act.facts |= {
        "n": len(new),
        "channels": dict(Counter(one.channel for one in terms)),
        "pools": dict(Counter(line.pool for line in new)),
    }
    return new, taking.opened


def _identities(new: Sequence[Line], opened: Sequence[Opened], *, actor: Staff, source: str) -> None:
    told = []
    for one in opened:
        holder, terms = new[one.at].holder, new[one.at].terms
        if holder and terms:
            told.append(holder.told(one.tenure, terms.at))
    if told:
        identity.record(told, actor=actor, reason=REASON, source=source)


def _size() -> int:
    chunk: int = settings.QQOPS_CHUNK
    return min(chunk, AT_ONCE)
