"""Filings about what is open already: what each of them says, and brings, is kept on that appeal.

Many at once. Of the contact that the appeal was filed with, it comes from the appellant: a line of the portal's file is
taken in as an answer is, what waited for it is heard again, whoever has it open sees a change, and a closed appeal
takes nothing in; at the desk it is added on the page of the appeal. Of another contact it is somebody else's
(filing/conflicting_filings.py). Appeals are locked in the order of their keys.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import timezone

from appeals.filing import conflicting_filings as others
from appeals.filing.conflicting_filings import Said
from appeals.filing.filing_validation import Filing
from appeals.filing.rows import EvidenceRows, keep_lines
from appeals.hearing.services import come_in, must_be_open
from appeals.messages import sealed_text
from appeals.models import Appeal, AppealKey, Message
from qqops.audit import recorder
from qqops.core import bulk
from qqops.core.errors import Invalid
from qqops.staff.models import Staff


@dataclass
class Joined:
    """What came of such filings, by their place; what is in neither is the appellant's."""

    refused: dict[int, str] = field(default_factory=dict)  # not taken in, and why
    others: set[int] = field(default_factory=set)  # kept as somebody else's words


def join(filings: Mapping[int, tuple[Filing, str]], *, actor: Staff, ticket: str, facts: dict[str, Any]) -> Joined:
    """Keep each, by its place, on the appeal of its receipt number; inside the transaction of the chunk."""
    appeals, keys = _locked([receipt for _filing, receipt in filings.values()])
    his, of_others, done = list[Said](), list[Said](), Joined()
    for at, (filing, receipt) in filings.items():
        appeal = appeals[receipt]
        try:
            must_be_open(appeal)
            key = sealed_text.in_hand(keys.get(appeal.pk))
        except Invalid as why:
            done.refused[at] = str(why)
            continue
        if not others.is_his(appeal, key, filing):
            of_others.append((filing, appeal, key))
            done.others.add(at)
        elif filing.portal:
            his.append((filing, appeal, key))
    if his:
        told = facts | {"n": len(his)}
        with recorder.act("appeal.joined", actor=actor, reason="", ticket=ticket, facts=told) as act:
            _insert(act, his, actor)
    if of_others:
        others.keep(of_others, actor=actor, ticket=ticket, facts=facts)
    return done


def _locked(receipts: Sequence[str]) -> tuple[dict[str, Appeal], dict[int, AppealKey]]:
    rows = Appeal.objects.filter(receipt__in=set(receipts)).only("receipt", "state", "contact").order_by("pk")
    appeals = {appeal.receipt: appeal for appeal in rows.select_for_update(no_key=True)}
    return appeals, AppealKey.objects.in_bulk([appeal.pk for appeal in appeals.values()])


def _insert(act: recorder.Act, taken: Sequence[Said], actor: Staff) -> None:
    now = timezone.now()
    pks = bulk.next_pks(Message, len(taken))
    said = [
        sealed_text.new_message(
            appeal, Message.Kind.ANSWER, filing.statement, key=key, maker=actor.pk, at=now, event=act.event_id, pk=pk
        )
        for pk, (filing, appeal, key) in zip(pks, taken, strict=True)
    ]
    bulk.write(Message, said)
    act.wrote(Message, rows=len(said))
    shown = EvidenceRows([filing for filing, _appeal, _key in taken], maker=actor.pk, at=now)
    for filing, appeal, key in taken:
        shown.add(appeal.pk, filing, key, act.event_id)
    shown.insert(act)
    keep_lines(act, {str(filing.portal): appeal.pk for filing, appeal, _key in taken}, at=now)
    come_in(act, list({appeal.pk for _filing, appeal, _key in taken}))
