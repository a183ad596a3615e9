"""Delivery of messages: to the appellant, to whoever is bound to the number, to the sign-in system.

At least once, as from every outbox (qqops/outbox.py): a message has the same id each time it is sent. What it says and
where it goes is opened when it is sent, and told to nobody else; a message of an appeal whose key is gone has no way.
"""

import datetime
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from appeals import contact
from appeals.bindings import bound
from appeals.models import Delivery, Message
from appeals.services.words import Words
from qqops import webhook
from qqops.alerts.services import raise_alert
from qqops.audit import pen
from qqops.outbox import ALERT_EVERY, RUN, Mail, Outbox, next_attempt
from qqops.staff.models import Staff

S, C = Delivery.State, Delivery.Channel
OUTBOX = Outbox("appeals_delivery", key="message_id")

_WRITE = f"""
WITH mine AS MATERIALIZED ({OUTBOX.locked})
UPDATE appeals_delivery x SET state = r.state, channel = r.channel, fault = r.fault, due_at = r.due_at,
  sent_at = CASE WHEN r.state = 'sent' THEN %(now)s END
FROM unnest(%(ids)s::bigint[], %(states)s::text[], %(channels)s::text[], %(faults)s::text[], %(dues)s::timestamptz[])
  AS r(id, state, channel, fault, due_at) JOIN mine USING (id)
WHERE x.message_id = r.id AND x.state = 'pending'
RETURNING x.state, x.channel"""


class NoResetWebhook(Exception):
    """QQOPS_RESET_WEBHOOK is not set: nobody can be asked for new credentials."""


@dataclass(frozen=True)
class Result:
    """What came of one message; pending: it is tried again when it is due."""

    delivery: Delivery
    state: Delivery.State
    channel: str = ""
    fault: str = ""
    due_at: datetime.datetime | None = None


def deliver(*, actor: Staff, seconds: float = RUN) -> Counter[str]:
    """Send what is due, for so long at most; how many by state, `pending` for those that are tried again."""
    done, until = Counter[str](), time.monotonic() + seconds
    with Mail() as mail:
        while time.monotonic() < until and (deliveries := _take()):
            results = _send_all(deliveries, mail, until)
            done += _record(results, actor)
            OUTBOX.give_back([delivery.pk for delivery in deliveries[len(results) :]])
    return done


def _take() -> list[Delivery]:
    of_appeal = ("number", "tenure__identity", "tenure__identity_key")
    related = [f"message__appeal__{name}" for name in of_appeal]
    return list(Delivery.objects.filter(pk__in=OUTBOX.take()).select_related(*related).order_by("pk"))


def _send_all(deliveries: list[Delivery], mail: Mail, until: float) -> list[Result]:
    """One after the other, as far as the time goes; the first is always tried."""
    results: list[Result] = []
    for delivery in deliveries:
        if results and time.monotonic() >= until:
            break
        results.append(_send(delivery, mail))
    return results


def _send(delivery: Delivery, mail: Mail) -> Result:
    message = delivery.message
    said = Words(message.appeal)
    channel = delivery.channel
    if not said.is_kept:
        return Result(delivery, S.NO_WAY, channel)
    try:
        if message.kind == Message.Kind.RESET:
            channel = C.WEBHOOK.value
            _ask_for_reset(message, said.contact)
        else:
            channel, to = _where_to(delivery, said)
            if not to or not _is_open(channel, mail):
                return Result(delivery, S.NO_WAY, channel)
            _send_to(message, said.of_message(message), channel, to, mail)
    except Exception as error:  # whatever goes wrong with one is that one's: it is tried again
        due = next_attempt(delivery.attempts)
        return Result(delivery, S.PENDING if due else S.FAILED, channel, webhook.fault(error), due)
    return Result(delivery, S.SENT, channel)


def _where_to(delivery: Delivery, said: Words) -> tuple[str, str]:
    """The way and its end: a warning goes to whoever is bound now, everything else to who appeals."""
    if delivery.message.kind == Message.Kind.WARNING:
        return delivery.channel, bound(delivery.message.appeal.tenure).get(delivery.channel, "")
    to = said.contact
    return (C.MAIL if contact.is_mail(to) else C.WEBHOOK).value, to


def _is_open(channel: str, mail: Mail) -> bool:
    return mail.is_there if channel == C.MAIL else webhook.is_safe(settings.QQOPS_NOTICE_WEBHOOK)


def _send_to(message: Message, text: str, channel: str, to: str, mail: Mail) -> None:
    """The subject says no more than which appeal it is."""
    # A warning goes to whoever is bound: by the receipt he would pass for the appellant.
    receipt = "" if message.kind == Message.Kind.WARNING else message.appeal.receipt
    if channel == C.MAIL:
        mail.send(f"{settings.QQOPS_OPERATOR} {receipt}".strip(), text, to, name=f"message-{message.pk}")
    else:
        body = {"message": message.pk, "receipt": receipt, "to": to, "text": text}
        webhook.post(settings.QQOPS_NOTICE_WEBHOOK, body, key=settings.QQOPS_WEBHOOK_KEY)


def _ask_for_reset(message: Message, to: str) -> None:
    """Ask the sign-in system to let who appealed set new credentials there: no password is part of it (6.1)."""
    if not webhook.is_safe(settings.QQOPS_RESET_WEBHOOK):
        raise NoResetWebhook
    appeal = message.appeal
    assert appeal.tenure is not None
    body = {
        "request": message.pk,  # the same each time it is sent
        "receipt": appeal.receipt,
        "number": str(appeal.number_id),
        "tenure": appeal.tenure.seq,
        "to": to,
    }
    webhook.post(settings.QQOPS_RESET_WEBHOOK, body, key=settings.QQOPS_WEBHOOK_KEY)


def _record(results: list[Result], actor: Staff) -> Counter[str]:
    """One event for all that were sent and one for all that were given up, with how many and how."""
    done = Counter[str]()
    with transaction.atomic():
        written = _write(results)
        by_way = Counter(channel for state, channel in written if state == S.SENT)
        given_up = Counter(state for state, _channel in written if state not in (S.SENT, S.PENDING))
        if by_way:
            facts = {"n": by_way.total(), "sent_by": dict(by_way)}
            with pen.act("appeal.sent", actor=actor, reason="", facts=facts):
                pass
        if given_up:
            facts = {"n": given_up.total(), "unsent": dict(given_up)}
            with pen.act("appeal.unsent", actor=actor, reason="", facts=facts) as act:
                if failed := given_up[S.FAILED]:
                    raise_alert(act, "appeal_messages_failed", once=ALERT_EVERY, n=failed)
    done.update(state for state, _channel in written)
    return done


def _write(results: list[Result]) -> list[tuple[str, str]]:
    now = timezone.now()
    params: dict[str, Any] = {
        "now": now,
        "ids": [result.delivery.pk for result in results],
        "states": [result.state.value for result in results],
        "channels": [result.channel for result in results],
        "faults": [result.fault for result in results],
        "dues": [result.due_at or now for result in results],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, params)
        return [(state, channel) for state, channel in cursor.fetchall()]
