"""The ways to a holder: his e-mail, else a message to his number through another system; and which is open to whom."""

from contextlib import suppress
from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any, Protocol

from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from accounts.identity.formats import Field
from accounts.queries.identity import identity_of, opened, registrant_of
from enforcement.letters.placeholders import About
from enforcement.letters.render import Rendered
from enforcement.models import Notice
from qqops import webhook
from qqops.alerts.channels import NO_MAIL

NOT_THE_REGISTRANT = "10.2"


class Way(Protocol):
    channel: Notice.Channel

    def send(self, notice: Notice, about: About, letter: Rendered) -> None:
        """Send it now; whatever goes wrong raises."""


class Ways:
    """The ways that are open during one run; the line to the mail server is opened once for all of it."""

    def __init__(self) -> None:
        self.mail = get_connection() if settings.EMAIL_BACKEND != NO_MAIL else None
        self.webhook = ByWebhook() if webhook.is_safe(settings.QQOPS_NOTICE_WEBHOOK) else None

    def __enter__(self) -> "Ways":
        return self

    def __exit__(self, *error: object) -> None:
        self.hang_up()

    def hang_up(self) -> None:
        if self.mail is not None:
            with suppress(Exception):  # it was broken already
                self.mail.close()

    def to(self, notice: Notice, about: About) -> Way | None:
        """The way to this holder, and to nobody else; None: there is none."""
        if self.mail is not None and (address := _address(notice, about)):
            return ByMail(address, self)
        # A number may have another holder by now: what concerns the last one never reaches the next.
        held = notice.tenure.number.tenure_id == notice.tenure_id
        # And where 10.2 ends the use of somebody who is not the registrant, a message to the number reaches just him.
        return self.webhook if held and not _of_registrant(about) else None


@dataclass(frozen=True)
class ByMail:
    address: str
    ways: Ways
    channel = Notice.Channel.MAIL

    def send(self, notice: Notice, about: About, letter: Rendered) -> None:
        mail = self.ways.mail
        assert mail is not None
        headers = {"Message-ID": _message_id(notice)}
        message = EmailMessage(letter.subject, letter.text, to=[self.address], headers=headers, connection=mail)
        try:
            mail.open()
            message.send()
        except Exception:
            self.ways.hang_up()  # the next one opens a line of its own
            raise


class ByWebhook:
    channel = Notice.Channel.WEBHOOK

    def send(self, notice: Notice, about: About, letter: Rendered) -> None:
        body: dict[str, Any] = {
            "notice": notice.pk,  # the same each time it is sent
            "decision": notice.decision_id,
            "number": str(about.number),
            "subject_zh": letter.subject_zh,
            "text_zh": letter.body_zh,
            "subject_en": letter.subject_en,
            "text_en": letter.body_en,
        }
        webhook.post(settings.QQOPS_NOTICE_WEBHOOK, body, key=settings.QQOPS_WEBHOOK_KEY)


def _message_id(notice: Notice) -> str:
    _name, sender = parseaddr(settings.DEFAULT_FROM_EMAIL)
    return f"<notice-{notice.pk}@{sender.rpartition('@')[2] or 'qqops'}>"


def _address(notice: Notice, about: About) -> str:
    """Opened to be written on an envelope and shown to nobody: no reveal; that mails went out is on the record.

    Where 10.2 ends the use of somebody who is not the registrant, it is the registrant who is told.
    """
    identity = identity_of(notice.tenure)
    if identity is not None and (identity.locked_at or identity.email_mismatch_at):
        return ""  # its processing is stopped (PIPL 47), or it was found to be somebody else's
    items = registrant_of(notice.tenure) if _of_registrant(about) else identity
    return opened(items, (Field.EMAIL,)).get(Field.EMAIL, "") if items else ""


def _of_registrant(about: About) -> bool:
    return any(ground.basis == NOT_THE_REGISTRANT for ground in about.grounds)
