"""Filing an appeal: for a caller at the desk, or many at once from the portal's file. One path for both.

What is filed is on the register whether or not it is heard, and whoever filed it has an answer: what it was taken as,
or why it is not heard. While it is open nothing of the tenure is purged or released.
"""

import datetime
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Hold, Number
from accounts.services import holds
from accounts.services.declared import refuse_own
from appeals import calendar, contact, letters
from appeals.lifecycle import Kind, Outcome, State
from appeals.models import Appeal, AppealEvidence, AppealKey, Delivery, Message
from appeals.policy import FILE, GROUNDS, EvidenceKind, Relation, clock_of
from appeals.routing import Asked, Routed, routed
from appeals.services import again, words
from enforcement.models import Decision
from qqops import bulk, receipts
from qqops.audit import pen
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff

LETTERS = {Kind.RECOVERY: "A", Kind.OBJECTION: "O", Kind.ENQUIRY: "E"}  # in a receipt number
STATEMENT_MIN, STATEMENT_MAX, EVIDENCE_MAX, ITEMS_MAX = 6, 4000, 2000, 30


@dataclass(frozen=True)
class Filing:
    """What somebody appeals for, as it was said; `tidy` has it in order."""

    number: int
    kind: str
    ground: str
    statement: str
    contact: str
    agreement: str = ""
    relation: str = Relation.HOLDER
    seq: int | None = None  # which tenure of the number; None: the latest that fits
    decision: int | None = None  # of an objection
    evidence: Sequence[tuple[str, str]] = ()  # (kind, what it says)
    portal: str | None = None
    form_key: uuid.UUID = field(default_factory=uuid.uuid4, compare=False)

    @property
    def asked(self) -> Asked:
        return Asked(self.number, Kind(self.kind), self.seq, self.decision)


@dataclass
class Filed:
    """What came of a list: the receipts by the place of the line, and how many were what."""

    receipts: dict[int, str] = field(default_factory=dict)
    new: int = 0
    known: int = 0  # filed before: by the portal's id, or by the same form
    open: int = 0  # the same is open already
    again: int = 0  # taken as a second review
    declined: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)


def may_file(actor: Staff) -> None:
    """The portal's file is brought by the system."""
    if not actor.is_system and not actor.has_perm(FILE):
        raise Refused(gettext_noop("Your role may not file appeals."))


def tidy(filing: Filing) -> Filing:
    """In its one form; Invalid says what is missing or wrong."""
    if filing.kind not in Kind.values:
        raise Invalid(_("Say what it is: a recovery, an objection or an enquiry."))
    kind = Kind(filing.kind)
    if filing.ground not in GROUNDS[kind]:
        raise Invalid(_("Say why: this ground does not belong to such an appeal."))
    if filing.relation not in Relation.values:
        raise Invalid(_("Say who appeals: the holder, a guardian or an agent."))
    if not STATEMENT_MIN <= len(filing.statement.strip()) <= STATEMENT_MAX:
        raise Invalid(
            _("Write down what is said, in %(least)d to %(most)d characters.")
            % {"least": STATEMENT_MIN, "most": STATEMENT_MAX}
        )
    if kind != Kind.ENQUIRY and not filing.agreement.strip():
        raise Invalid(_("Name the version of the appeal agreement that was accepted (7)."))
    if len(filing.agreement.strip()) > 40:
        raise Invalid(_("The version of the agreement is too long."))
    if (filing.decision is not None) != (kind == Kind.OBJECTION):
        if kind == Kind.OBJECTION:
            raise Invalid(_("Name the decision that is objected to."))
        raise Invalid(_("Only an objection names a decision."))
    return Filing(
        number=filing.number,
        kind=kind,
        ground=filing.ground,
        statement=filing.statement.strip(),
        contact=contact.normal(filing.contact),
        agreement=filing.agreement.strip() if kind != Kind.ENQUIRY else "",
        relation=filing.relation,
        seq=filing.seq,
        decision=filing.decision,
        evidence=tuple(_item(kind, text) for kind, text in filing.evidence),
        portal=filing.portal,
        form_key=filing.form_key,
    )


def _item(kind: str, text: str) -> tuple[str, str]:
    if kind not in EvidenceKind.values:
        raise Invalid(_("There is no such kind of evidence; there are: %(kinds)s.") % {
            "kinds": ", ".join(EvidenceKind.values)})  # fmt: skip
    if not 0 < len(text.strip()) <= EVIDENCE_MAX:
        raise Invalid(_("An item of evidence has 1 to %(n)d characters.") % {"n": EVIDENCE_MAX})
    return kind, text.strip()


def look(filing: Filing, *, actor: Staff) -> Routed:
    """What it would be taken as, before it is filed; raises as `file_one` would."""
    may_file(actor)
    refuse_own(actor, [filing.number])
    filing = tidy(filing)
    _decisions_exist([filing])
    return routed([filing.asked])[0]


def file_one(filing: Filing, *, actor: Staff, ticket: str = "") -> Appeal:
    """File for a caller; the same form twice is one appeal. Invalid where the same is open already."""
    filed = file([tidy(filing)], actor=actor, ticket=ticket)
    appeal = Appeal.objects.get(receipt=filed.receipts[0])
    if filed.open:
        raise Invalid(_("The same is open already: %(receipt)s.") % {"receipt": appeal.receipt})
    return appeal


def file(filings: Sequence[Filing], *, actor: Staff, ticket: str = "", source: str = "") -> Filed:
    """File a list, one chunk in one transaction. They are in order (`tidy`); a portal id that is known is left as it
    is, so a file that came before changes nothing."""
    done = Filed()
    tried = {"act": "file_appeal", "targets": len(filings)}
    with pen.refusals(actor=actor, facts=tried):
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
    filings: Sequence[Filing], places: Iterable[int], done: Filed, actor: Staff, ticket: str, source: str
) -> None:
    with transaction.atomic():
        _lock({filings[at].number for at in places})
        fresh = _without_known(filings, places, done)
        found = dict(zip(fresh, routed([filings[at].asked for at in fresh]), strict=True)) if fresh else {}
        new: list[int] = []
        seen: dict[tuple[Any, ...], int] = {}
        for at, route in found.items():
            thing = (route.tenure, route.kind, route.decision)
            if route.open_receipt:
                done.receipts[at], done.open = route.open_receipt, done.open + 1
            elif route.tenure and not route.why and thing in seen:  # twice in this list
                done.open += 1
            elif route.again:
                done.receipts[at] = route.again
            else:
                new.append(at)
                seen.setdefault(thing, at)
        if new:
            _write([(at, filings[at], found[at]) for at in new], done, actor, ticket, source)
        for at, route in found.items():
            if at not in done.receipts:
                done.receipts[at] = done.receipts[seen[route.tenure, route.kind, route.decision]]
    for at, route in found.items():  # after the numbers are free again: an appeal is locked before its number
        if route.again:
            try:
                again.ask(route.again, actor=actor, reason=filings[at].statement, ticket=ticket)
                done.again += 1
            except Invalid:  # somebody asked for it just now
                done.open += 1


def _lock(numbers: Iterable[int]) -> None:
    """So that two filings of one thing at once see each other."""
    rows = Number.objects.filter(pk__in=sorted(numbers)).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk"))


def _without_known(filings: Sequence[Filing], places: Iterable[int], done: Filed) -> list[int]:
    """The places whose portal id, or form, is not on the register yet."""
    of_portal = {filing.portal for at in places if (filing := filings[at]).portal}
    of_form = {filings[at].form_key for at in places}
    by_portal = dict(Appeal.objects.filter(portal__in=of_portal).values_list("portal", "receipt"))
    by_form = dict(Appeal.objects.filter(form_key__in=of_form).values_list("form_key", "receipt"))
    fresh = []
    for at in places:
        receipt = by_portal.get(filings[at].portal) or by_form.get(filings[at].form_key)
        if receipt:
            done.receipts[at], done.known = receipt, done.known + 1
        else:
            fresh.append(at)
    return fresh


def _write(lines: Sequence[tuple[int, Filing, Routed]], done: Filed, actor: Staff, ticket: str, source: str) -> None:
    now = timezone.now()
    rows = Rows(now, actor.pk, bulk.next_pks(Appeal, len(lines)), bulk.next_pks(Message, len(lines)))
    facts: dict[str, Any] = {"n": len(lines)} | ({"sha256": source} if source else {})
    with pen.act("appeal.filed", actor=actor, reason="", ticket=ticket, facts=facts) as act:
        for _at, filing, route in lines:
            appeal = rows.add(filing, route, act.event_id)
            done.receipts[_at] = appeal.receipt
            done.kinds[appeal.kind] += 1
            if appeal.why:
                done.declined[appeal.why] += 1
        done.new += len(lines)
        if len(lines) == 1:
            act.subject = rows.appeals[0]
        facts |= {"kinds": dict(Counter(appeal.kind for appeal in rows.appeals))}
        facts |= {"declined": dict(Counter(appeal.why for appeal in rows.appeals if appeal.why))}
        rows.insert(act)


class Rows:
    """The rows of a chunk, gathered and then inserted table by table."""

    def __init__(self, now: datetime.datetime, maker: int, appeals: list[int], messages: list[int]) -> None:
        self.now, self.maker, self._pks, self._message_pks = now, maker, appeals, messages
        self.appeals: list[Appeal] = []
        self.keys: list[AppealKey] = []
        self.messages: list[Message] = []
        self.deliveries: list[Delivery] = []
        self.evidence: list[AppealEvidence] = []

    def add(self, filing: Filing, route: Routed, event: uuid.UUID) -> Appeal:
        pk = self._pks[len(self.appeals)]
        key, row = AppealKey.fresh(pk)
        due = calendar.due(clock_of(route.timed), self.now)
        declined = bool(route.why)
        appeal = Appeal(
            pk=pk,
            receipt=receipts.new(LETTERS[route.kind]),
            kind=route.kind,
            route=route.route or "",
            number_id=filing.number,
            tenure_id=route.tenure,
            decision_id=route.decision,
            ground=filing.ground,
            relation=filing.relation,
            agreement=filing.agreement,
            statement=words.sealed(key, pk, words.STATEMENT, filing.statement),
            contact=words.sealed(key, pk, words.CONTACT, filing.contact),
            portal=filing.portal,
            form_key=filing.form_key,
            maker_id=self.maker,
            filed_at=self.now,
            state=State.CLOSED if declined else State.FILED,
            outcome=Outcome.INADMISSIBLE if declined else "",
            why=route.why,
            gated=route.gated,
            due_at=due,
            escalate_at=calendar.escalation(self.now, due),
            closed_at=self.now if declined else None,
        )
        self.appeals.append(appeal)
        self.keys.append(row)
        self._say(appeal, key, event)
        for kind, text in filing.evidence:
            self.evidence.append(
                AppealEvidence(
                    appeal=appeal, kind=kind, statement=words.sealed(key, pk, words.EVIDENCE, text),
                    sha256=words.sha256_of(text), at=self.now, event_id=event,
                )
            )  # fmt: skip
        return appeal

    def _say(self, appeal: Appeal, key: Any, event: uuid.UUID) -> None:
        """Whoever files has an answer at once: the receipt number, and what was made of it."""
        message = words.new_message(
            appeal, Message.Kind.RECEIPT, letters.receipt(appeal), key=key, maker=self.maker, at=self.now, event=event,
            pk=self._message_pks[len(self.messages)],
        )  # fmt: skip
        self.messages.append(message)
        self.deliveries.append(Delivery(message=message, due_at=self.now))

    def insert(self, act: pen.Act) -> None:
        bulk.write(Appeal, self.appeals)
        act.history(Appeal, [appeal.pk for appeal in self.appeals], pen.CREATED)
        bulk.write(AppealKey, self.keys)
        bulk.write(Message, self.messages)
        act.wrote(Message, rows=len(self.messages))
        bulk.write(Delivery, self.deliveries)
        if self.evidence:
            AppealEvidence.objects.bulk_create(self.evidence)
            act.wrote(AppealEvidence, rows=len(self.evidence))
        heard = [a for a in self.appeals if a.state == State.FILED and a.tenure_id]
        if heard:
            holds.place_each(act, [(a.tenure_id, a.receipt) for a in heard if a.tenure_id], Hold.Kind.APPEAL)
