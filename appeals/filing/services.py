"""Filing an appeal: for a caller at the desk, or many at once from the portal's file. One path for both.

What is filed is on the register whether or not it is heard, and whoever filed it has an answer: what it was taken as,
or why it is not heard. While it is open nothing of the tenure is purged or released.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.declarations.services import refuse_own
from accounts.models import Number
from appeals.filing import conflicting_filings as others
from appeals.filing import duplicate_filings
from appeals.filing.filing_validation import Filing, tidy
from appeals.filing.routing import Routed, routed
from appeals.filing.rows import Rows, evidence_of, keep_lines
from appeals.lifecycle import LIVE, State
from appeals.messages import sealed_text
from appeals.models import Appeal, AppealEvidence
from appeals.policy import FILE, Side
from appeals.rulings import second_review as again
from enforcement.models import Decision
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.crypto.seal import DataKey
from qqops.staff.models import Staff

__all__ = ["Filed", "Filing", "count", "file", "file_one", "look", "may_file", "tidy"]

# An array each: as a list of thousands of places such a statement costs more to write and to read than to answer.
_LOCKED = "SELECT id FROM accounts_number WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"
# Without the receipt number where the line was somebody else's: it is the appellant's.
_KNOWN = f"""
SELECT p.portal, CASE WHEN e.verb <> '{others.VERB}' THEN a.receipt END FROM appeals_portalfiling p
JOIN appeals_appeal a ON a.id = p.appeal_id JOIN audit_event e ON e.id = p.event
WHERE p.portal = ANY(%s::text[])"""

LOCK = 0x71716170  # "qqap": what no number's row can hold apart takes turns
Thing = tuple[Any, ...]  # what may be open once: the tenure, the kind and the decision


@dataclass
class Filed:
    """What came of a list: the receipts by the place of the line, and how many were what."""

    receipts: dict[int, str] = field(default_factory=dict)
    new: int = 0
    known: int = 0  # filed before: by the portal's id, or by the same form
    open: int = 0  # the same is open already
    again: int = 0  # taken as a second review
    routed: int = 0  # recoveries taken as objections
    gated: int = 0  # filed too often: a supervisor hears them
    over: int = 0  # objections to what has ended already: heard all the same
    others: set[int] = field(default_factory=set)  # somebody else's, by place: kept, under no receipt number
    refused: dict[int, str] = field(default_factory=dict)  # not taken in at this moment, by place, and why
    declined: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    things: set[Thing] = field(default_factory=set)  # heard of this list, whether or not they are written

    def add(self, route: Routed) -> None:
        """One more is new."""
        self.new += 1
        self.kinds[route.kind] += 1
        self.routed += route.route is not None
        self.gated += route.gated
        self.over += route.over
        if route.why:
            self.declined[route.why] += 1
        else:
            self.things.add(_thing(route))

    def refuse(self, at: int, why: str) -> None:
        """It is on the register under no receipt number."""
        self.receipts.pop(at, None)
        self.refused[at] = why

    def keep_apart(self, at: int) -> None:
        """Somebody else asks for what is on the register: the receipt number is the appellant's."""
        self.receipts.pop(at, None)
        self.others.add(at)

    def merge(self, more: "Filed") -> None:
        """The figures of another list, which was filed after it."""
        for name in ("new", "known", "open", "again", "routed", "gated", "over"):
            setattr(self, name, getattr(self, name) + getattr(more, name))
        self.declined += more.declined
        self.kinds += more.kinds


def may_file(actor: Staff) -> None:
    """The portal's file is brought by the system."""
    if not actor.is_system and not actor.has_perm(FILE):
        raise Refused(gettext_noop("Your role may not file appeals."))


def look(filing: Filing, *, actor: Staff) -> Routed:
    """What it would be taken as, before it is filed; raises as `file_one` would."""
    may_file(actor)
    refuse_own(actor, [filing.number])
    filing = tidy(filing)
    _decisions_exist([filing])
    found = routed([filing.asked])[0]
    if found.open_receipt:
        known = Appeal.objects.get(receipt=found.open_receipt)
        if not others.is_his(known, sealed_text.key_of(known), filing):
            return replace(found, open_receipt=None, open_of_other=True, cools=known.state == State.COOLING)
    if found.again:
        before = Appeal.objects.get(receipt=found.again)
        _must_be_his(before, sealed_text.key_of(before), filing)
    return found


def count(filings: Sequence[Filing], done: Filed) -> dict[int, str]:
    """Add to `done` what would come of these, with the lists before; return the receipts of those that are known, by
    place. Nothing is written."""
    known = Filed()
    fresh = _without_known(filings, range(len(filings)), known)
    done.known += known.known
    found = routed([filings[at].asked for at in fresh]) if fresh else []
    for route in found:
        if route.open_receipt or (route.tenure and not route.why and _thing(route) in done.things):
            done.open += 1
        elif route.again:
            done.again += 1
            done.things.add(_thing(route))
        else:
            done.add(route)
    return known.receipts


def file_one(filing: Filing, *, actor: Staff, ticket: str = "") -> Appeal | None:
    """File for a caller; the same form twice is one appeal. Invalid where he has the same open already; None where
    somebody else has: what he says is kept there, under no receipt number."""
    filed = file([tidy(filing)], actor=actor, ticket=ticket)
    for why in filed.refused.values():
        raise Invalid(why)
    if filed.others:
        return None
    appeal = Appeal.objects.get(receipt=filed.receipts[0])
    if filed.open:
        raise Invalid(_("The same is open already: %(receipt)s.") % {"receipt": appeal.receipt})
    return appeal


def file(filings: Sequence[Filing], *, actor: Staff, ticket: str = "", source: str = "") -> Filed:
    """File a list, one chunk in one transaction. They are in order (`tidy`); a portal id that is known is left as it
    is, so a file that came before changes nothing."""
    done = Filed()
    tried = {"act": "file_appeal", "targets": len(filings)}
    with recorder.refusals(actor=actor, facts=tried):
        may_file(actor)
        refuse_own(actor, {filing.number for filing in filings})
        _decisions_exist(filings)
        for at in range(0, len(filings), settings.QQOPS_CHUNK):
            _file_chunk(filings, range(at, min(at + settings.QQOPS_CHUNK, len(filings))), done, actor, ticket, source)
    return done


def _decisions_exist(filings: Iterable[Filing]) -> None:
    named = {filing.decision for filing in filings if filing.decision is not None}
    known = set(Decision.objects.filter(pk__in=named).values_list("pk", flat=True))
    if missing := sorted(named - known):
        raise Invalid(_("There is no decision #%(id)d.") % {"id": missing[0]})


def _file_chunk(
    filings: Sequence[Filing], places: Sequence[int], done: Filed, actor: Staff, ticket: str, source: str
) -> None:
    with transaction.atomic():
        _lock([filings[at] for at in places])
        fresh = _without_known(filings, places, done)
        found = dict(zip(fresh, routed([filings[at].asked for at in fresh]), strict=True)) if fresh else {}
        new: list[int] = []
        joined: list[int] = []
        seen: dict[Thing, int] = {}
        for at, route in found.items():
            if route.again:
                done.receipts[at] = route.again
            elif route.open_receipt or route.tenure and not route.why and _thing(route) in seen:  # twice in this list
                joined.append(at)
            else:
                new.append(at)
                seen.setdefault(_thing(route), at)
        if new:
            _write([(at, filings[at], found[at]) for at in new], done, actor, ticket, source)
        for at in joined:
            done.receipts[at] = found[at].open_receipt or done.receipts[seen[_thing(found[at])]]
    # After the numbers are free again: an appeal is locked before its number.
    for at, route in found.items():
        if route.again and not _ask_again(route.again, filings, at, done, actor, ticket, source):
            joined.append(at)
    _join(filings, joined, done, actor, ticket, source)


def _thing(route: Routed) -> Thing:
    return route.tenure, route.kind, route.decision


def _lock(filings: Sequence[Filing]) -> None:
    """So that two filings of one thing at once see each other: by its number, or in turn where that has no row, or
    where the portal may name one thing twice."""
    numbers = {filing.number for filing in filings}
    if any(filing.portal for filing in filings) or Number.objects.filter(pk__in=numbers).count() < len(numbers):
        _in_turn()
    with connection.cursor() as cursor:
        cursor.execute(_LOCKED, [list(numbers)])


def _in_turn() -> None:
    """Before any row is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def _without_known(filings: Sequence[Filing], places: Iterable[int], done: Filed) -> list[int]:
    """The places whose portal id, or form, is not on the register yet."""
    of_form = {form for at in places if (form := filings[at].form_key)}
    made = Appeal.objects.filter(form_key__in=of_form).values_list("form_key", "receipt")
    known: dict[str, str | None] = {str(form): receipt for form, receipt in made}
    if lines := [line for at in places if (line := filings[at].line)]:
        with connection.cursor() as cursor:
            cursor.execute(_KNOWN, [lines])
            known |= dict(cursor.fetchall())
    fresh = []
    for at in places:
        line = filings[at].line
        if line is None or line not in known:
            fresh.append(at)
            continue
        done.known += 1
        if receipt := known[line]:
            done.receipts[at] = receipt
        else:
            done.keep_apart(at)
    return fresh


def _write(lines: Sequence[tuple[int, Filing, Routed]], done: Filed, actor: Staff, ticket: str, source: str) -> None:
    rows = Rows([filing for _at, filing, _route in lines], [route for _at, _f, route in lines], maker=actor.pk)
    facts = _facts(len(lines), source)
    with recorder.act("appeal.filed", actor=actor, reason="", ticket=ticket, facts=facts) as act:
        for at, filing, route in lines:
            done.receipts[at] = rows.add(filing, route, act.event_id)
            done.add(route)
        if len(lines) == 1:
            act.subject = Appeal(pk=rows.appeals[0].id, receipt=rows.appeals[0].receipt)
        facts |= {"kinds": dict(Counter(appeal.kind for appeal in rows.appeals))}
        facts |= {"declined": dict(Counter(appeal.why for appeal in rows.appeals if appeal.why))}
        rows.insert(act)


def _facts(n: int, source: str) -> dict[str, Any]:
    return {"n": n} | ({"sha256": source} if source else {})


def _join(
    filings: Sequence[Filing], places: Sequence[int], done: Filed, actor: Staff, ticket: str, source: str
) -> None:
    """The same is open already: what is said goes to that, or to who hears it (filing/duplicate_filings.py)."""
    if not places:
        return
    with transaction.atomic():
        _in_turn()
        fresh = _without_known(filings, places, done)  # another run may just have brought them
        said = {at: (filings[at], done.receipts[at]) for at in fresh}
        joined = duplicate_filings.join(said, actor=actor, ticket=ticket, facts=_facts(len(fresh), source))
    for at in fresh:
        if why := joined.refused.get(at):
            done.refuse(at, why)
        elif at in joined.others:
            done.keep_apart(at)
        else:
            done.open += 1


def _ask_again(
    receipt: str, filings: Sequence[Filing], at: int, done: Filed, actor: Staff, ticket: str, source: str
) -> bool:
    """What is said, and brought, goes to the objection that was decided, and opens it once more. False: it is open,
    somebody asked for that just now."""
    filing = filings[at]
    with transaction.atomic():
        if filing.portal:
            _in_turn()
            if not _without_known(filings, [at], done):  # another run has just brought this line
                return True
        appeal = Appeal.objects.select_for_update(no_key=True).get(receipt=receipt)
        if appeal.state in LIVE:
            return False
        try:
            key = sealed_text.key_of(appeal)
            if filing.portal and not others.is_his(appeal, key, filing):
                others.keep([(filing, appeal, key)], actor=actor, ticket=ticket, facts=_facts(1, source))
                done.keep_apart(at)
                return True
            _must_be_his(appeal, key, filing)
            with transaction.atomic():
                appeal = again.ask(receipt, actor=actor, reason=filing.statement, ticket=ticket)
                if filing.evidence or filing.files:
                    _bring(appeal, filing, actor, ticket)
        except Invalid as why:
            done.refuse(at, str(why))
            return True
        done.again += 1
        if filing.portal:
            with recorder.act("appeal.joined", actor=actor, reason="", ticket=ticket, facts=_facts(1, source)) as act:
                keep_lines(act, {filing.portal: appeal.pk}, at=timezone.now())
    return True


def _must_be_his(appeal: Appeal, key: DataKey, filing: Filing) -> None:
    """There is one second review: nobody else uses it up. Who has a new contact asks for it on the appeal's page: he
    knows its receipt number, and whoever else asks is not told it."""
    if not others.is_his(appeal, key, filing):
        raise Invalid(
            _(
                "The same was decided, and whoever filed it gave another contact. If it is the same person, that person"
                " has its receipt number: ask for the second review on the page of that appeal. Nothing was done."
            )
        )


def _bring(appeal: Appeal, filing: Filing, actor: Staff, ticket: str) -> None:
    n = len(filing.evidence) + len(filing.files)
    facts = {"kind": str(appeal.kind), "n": n, "whose": Side.APPELLANT.value}
    with recorder.act(
        "appeal.evidence_added", actor=actor, reason="", ticket=ticket, subject=appeal, facts=facts
    ) as act:
        key = sealed_text.key_of(appeal)
        AppealEvidence.objects.bulk_create(
            evidence_of(appeal, filing, key=key, maker=actor.pk, at=timezone.now(), event=act.event_id)
        )
        act.wrote(AppealEvidence, rows=n)
