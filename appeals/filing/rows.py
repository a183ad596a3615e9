"""The rows of appeals that are filed together: gathered line by line, then inserted table by table."""

import datetime
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from django.db import connection
from django.utils import timezone

from accounts.models import Hold
from accounts.retention import holds
from appeals.filing.filing_validation import Filing
from appeals.filing.routing import Routed
from appeals.lifecycle import Kind, Outcome, State
from appeals.messages import sealed_text
from appeals.messages import text as letters
from appeals.models import Appeal, AppealEvidence, AppealKey, Delivery, Message, PortalFiling
from appeals.policy import Side, Timed, clock_of
from appeals.queue import calendar
from enforcement.evidence.services import media_of
from enforcement.letters.phrases import Both
from qqops.audit import recorder
from qqops.core import bulk, receipts
from qqops.crypto.seal import DataKey

_OF_PORTAL = """
INSERT INTO appeals_portalfiling (event, portal, appeal_id, at)
SELECT %(event)s, portal, id, %(at)s FROM unnest(%(portals)s::text[], %(appeals)s::bigint[]) AS line(portal, id)"""
LETTERS = {Kind.RECOVERY: "A", Kind.OBJECTION: "O", Kind.ENQUIRY: "E"}  # in a receipt number


def _taken(drawn: Sequence[str]) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT receipt FROM appeals_appeal WHERE receipt = ANY(%s::text[])", [list(drawn)])
        return [receipt for (receipt,) in cursor.fetchall()]


class Brings(Protocol):
    """Evidence: facts in words, and files, each with its kind."""

    @property
    def evidence(self) -> Sequence[tuple[str, str]]: ...
    @property
    def files(self) -> Sequence[tuple[str, bytes]]: ...


class Rows:
    """The rows of these filings; the statements bring what the database gives: their keys."""

    def __init__(self, filings: Sequence[Filing], routes: Sequence[Routed], *, maker: int) -> None:
        self.now, self.maker = timezone.now(), maker
        self._clocks: dict[Timed, tuple[datetime.datetime, datetime.datetime]] = {}
        self._made: dict[tuple[Any, ...], Both] = {}
        self._pks = iter(bulk.next_pks(Appeal, len(filings)))
        self._receipts = iter(receipts.several([LETTERS[route.kind] for route in routes], _taken))
        self._message_pks = iter(bulk.next_pks(Message, len(filings)))
        self._shown = EvidenceRows(filings, maker=maker, at=self.now)
        self.of_portal: dict[str, int] = {}
        self.appeals: list[Any] = []
        self.keys: list[Any] = []
        self.messages: list[Any] = []
        self.deliveries: list[Any] = []

    def add(self, filing: Filing, route: Routed, event: uuid.UUID) -> str:
        """One more; its receipt number."""
        pk = next(self._pks)
        key, master, wrapped = AppealKey.draw(pk)
        due, escalates = self._clock(route.timed)
        declined = bool(route.why)
        appeal = bulk.row(
            Appeal,
            id=pk,
            receipt=next(self._receipts),
            kind=route.kind,
            route=route.route or "",
            number_id=filing.number,
            tenure_id=route.tenure,
            decision_id=route.decision,
            ground=filing.ground,
            relation=filing.relation,
            agreement=filing.agreement,
            statement=sealed_text.sealed(key, pk, sealed_text.STATEMENT, filing.statement),
            contact=sealed_text.sealed(key, pk, sealed_text.CONTACT, filing.contact),
            form_key=filing.form_key or uuid.uuid4(),
            maker_id=self.maker,
            filed_at=self.now,
            state=State.CLOSED if declined else State.FILED,
            outcome=Outcome.INADMISSIBLE if declined else "",
            why=route.why,
            gated=route.gated,
            due_at=due,
            escalate_at=escalates,
            closed_at=self.now if declined else None,
        )
        self.appeals.append(appeal)
        if filing.portal:
            self.of_portal[filing.portal] = pk
        self.keys.append(bulk.row(AppealKey, appeal_id=pk, master_id=master, wrapped=wrapped))
        self._say(pk, letters.receipt(appeal, self._made_of(appeal, route)), key, event)
        self._shown.add(pk, filing, key, event)
        return str(appeal.receipt)

    def _clock(self, timed: Timed) -> tuple[datetime.datetime, datetime.datetime]:
        """When the answer is due, and when that is told: all are filed at one moment."""
        if timed not in self._clocks:
            due = calendar.due(clock_of(timed), self.now)
            self._clocks[timed] = due, calendar.escalation(self.now, due)
        return self._clocks[timed]

    def _made_of(self, appeal: Any, route: Routed) -> Both:
        """What the receipt says was made of it, in the same words to many."""
        like = route.kind, route.route, route.why, route.gated, route.over, route.timed
        if like not in self._made:
            self._made[like] = letters.made_of(appeal, over=route.over)
        return self._made[like]

    def _say(self, appeal: int, text: str, key: DataKey, event: uuid.UUID) -> None:
        """Whoever files has an answer at once: the receipt number, and what was made of it."""
        pk = next(self._message_pks)
        self.messages.append(
            bulk.row(
                Message, id=pk, appeal_id=appeal, kind=Message.Kind.RECEIPT.value,
                text=sealed_text.sealed(key, appeal, sealed_text.MESSAGE, text), sha256=sealed_text.sha256_of(text),
                maker_id=self.maker,
                at=self.now, event_id=event,
            )
        )  # fmt: skip
        self.deliveries.append(bulk.row(Delivery, message_id=pk, due_at=self.now))

    def insert(self, act: recorder.Act) -> None:
        bulk.write(Appeal, self.appeals)
        act.history(Appeal, [appeal.id for appeal in self.appeals], recorder.CREATED)
        bulk.write(AppealKey, self.keys)
        bulk.write(Message, self.messages)
        act.wrote(Message, rows=len(self.messages))
        bulk.write(Delivery, self.deliveries)
        self._shown.insert(act)
        if self.of_portal:
            keep_lines(act, self.of_portal, at=self.now)
        heard = [a for a in self.appeals if a.state == State.FILED and a.tenure_id]
        if heard:
            holds.place_each(act, [(a.tenure_id, a.receipt) for a in heard if a.tenure_id], Hold.Kind.APPEAL)


class EvidenceRows:
    """The items of evidence that these bring, all of one side."""

    def __init__(
        self, brings: Sequence[Brings], *, maker: int, at: datetime.datetime, side: Side = Side.APPELLANT
    ) -> None:
        items = sum(len(one.evidence) + len(one.files) for one in brings)
        self._pks = iter(bulk.next_pks(AppealEvidence, items)) if items else iter(())
        self._more = {"side": side.value, "maker_id": maker, "at": at}
        self._rows: list[Any] = []

    def add(self, appeal: int, brings: Brings, key: DataKey, event: uuid.UUID) -> None:
        for item in _brought(appeal, brings, key):
            self._rows.append(bulk.row(AppealEvidence, id=next(self._pks), event_id=event, **item, **self._more))

    def insert(self, act: recorder.Act) -> None:
        if self._rows:
            bulk.write(AppealEvidence, self._rows)
            act.wrote(AppealEvidence, rows=len(self._rows))


def keep_lines(act: recorder.Act, appeals: Mapping[str, int], *, at: datetime.datetime) -> None:
    """Which appeal each of these portal ids is of, so that its line is known when it comes again."""
    lines: dict[str, Any] = {"portals": list(appeals), "appeals": list(appeals.values())}
    with connection.cursor() as cursor:
        cursor.execute(_OF_PORTAL, lines | {"event": act.event_id, "at": at})
    act.wrote(PortalFiling, rows=len(appeals))


def evidence_of(
    appeal: Appeal,
    filing: Brings,
    *,
    key: DataKey,
    maker: int,
    at: datetime.datetime,
    event: uuid.UUID,
    side: Side = Side.APPELLANT,
) -> Iterator[AppealEvidence]:
    """What a filing brings, or what comes later, sealed with the appeal."""
    for item in _brought(appeal.pk, filing, key):
        yield AppealEvidence(**item, side=side, maker_id=maker, at=at, event_id=event)


def _brought(appeal: int, filing: Brings, key: DataKey) -> Iterator[dict[str, Any]]:
    for kind, text in filing.evidence:
        sealed = sealed_text.sealed(key, appeal, sealed_text.EVIDENCE, text)
        yield {"appeal_id": appeal, "kind": kind, "statement": sealed, "sha256": sealed_text.sha256_of(text)}
    for kind, content in filing.files:
        yield {
            "appeal_id": appeal, "kind": kind,
            "content": sealed_text.sealed(key, appeal, sealed_text.EVIDENCE, content),
            "sha256": sealed_text.sha256_of(content), "media_type": media_of(content), "size": len(content),
        }  # fmt: skip
