"""Delivery of messages: to the appellant, to whoever is bound to the number, to the sign-in system.

What a message says is asked anew each time before it leaves: what is not so any more is not sent (message_validity.py),
and whoever is bound is told that somebody claims his number without a word of the freeze, once that has ended.
At least once, as from every outbox: a message has the same id each time it is sent. What it says and
where it goes is opened when it is sent, and told to nobody else; a message of an appeal whose key is gone has no way.
"""

import time
from collections import Counter

from django.conf import settings
from django.db import transaction

from appeals.filing import contact
from appeals.messages import text as letters
from appeals.messages.bindings import bound
from appeals.messages.message_validity import Outdated, outdated, outlived_freeze
from appeals.messages.sealed_text import Words
from appeals.models import Delivery, Message
from qqops.delivery import webhook
from qqops.delivery.outbox import RUN, Mail, Outbox, Result, Told, next_attempt
from qqops.staff.models import Staff

S, C = Delivery.State, Delivery.Channel
OUTBOX = Outbox("appeals_delivery", key="message_id")
TOLD = Told("appeal.sent", "appeal.unsent", {S.FAILED.value: "appeal_messages_failed"}, why_of=S.OUTDATED.value)


class NoResetWebhook(Exception):
    """QQOPS_RESET_WEBHOOK is not set: nobody can be asked for new credentials."""


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
    # Not with its number: what was never handed out has no row, and its letters leave all the same.
    related = [f"message__appeal__tenure__{name}" for name in ("identity", "identity_key")]
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
    message, channel, fault = delivery.message, delivery.channel, ""
    try:
        if why := outdated(message):
            return Result(delivery, S.OUTDATED, channel, why.value)
        said = Words(message.appeal)
        channel, to = _where_to(delivery, said)
        if not to or not _is_open(message, channel, mail):
            return Result(delivery, S.NO_WAY, channel)
        if message.kind == Message.Kind.RESET:
            _ask_for_reset(message, to)
        else:
            # On its row stands that it left without what it says of the freeze, which has ended meanwhile.
            fault = Outdated.UNFROZEN.value if outlived_freeze(message) else ""
            text = letters.contested(message.appeal, None) if fault else said.of_message(message)
            _send_to(message, text, channel, to, mail)
    except Exception as error:  # whatever goes wrong with one is that one's: it is tried again
        due = next_attempt(delivery.attempts)
        return Result(delivery, S.PENDING if due else S.FAILED, channel, webhook.fault(error), due)
    return Result(delivery, S.SENT, channel, fault)


def _where_to(delivery: Delivery, said: Words) -> tuple[str, str]:
    """The way and its end: a warning goes to whoever is bound now, everything else to who appeals, the request for new
    credentials by the sign-in system. No end: what is said in the appeal is not kept any more, or nobody is bound."""
    kind = delivery.message.kind
    if not said.is_kept:
        return delivery.channel, ""
    if kind == Message.Kind.WARNING:
        return delivery.channel, bound(delivery.message.appeal.tenure).get(delivery.channel, "")
    to = said.contact
    return (C.MAIL if contact.is_mail(to) and kind != Message.Kind.RESET else C.WEBHOOK).value, to


def _is_open(message: Message, channel: str, mail: Mail) -> bool:
    """Is there such a way at all? The request for new credentials is not given up before somebody heard of it."""
    if message.kind == Message.Kind.RESET:
        return True
    return mail.is_there if channel == C.MAIL else webhook.is_safe(settings.QQOPS_NOTICE_WEBHOOK)


def has_way(delivery: Delivery, mail: Mail) -> bool:
    """Could it leave now?"""
    channel, to = _where_to(delivery, Words(delivery.message.appeal))
    return bool(to) and _is_open(delivery.message, channel, mail)


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
    with transaction.atomic():
        return TOLD.record(OUTBOX.write(results), actor=actor)
