"""The ways to a holder: his e-mail, else a message to his number through another system; and which is open to whom."""

from dataclasses import dataclass
from typing import Any, Protocol

from django.conf import settings

from accounts.identity.formats import Field
from accounts.identity.queries import identity_of, opened, registrant_of
from enforcement.letters.placeholders import About
from enforcement.letters.render import Rendered
from enforcement.models import Notice
from qqops.delivery import webhook
from qqops.delivery.outbox import Mail

NOT_THE_REGISTRANT = "10.2"


class Way(Protocol):
    channel: Notice.Channel

    def send(self, notice: Notice, about: About, letter: Rendered) -> None:
        """Send it now; whatever goes wrong raises."""


class Ways:
    """The ways that are open during one run; the line to the mail server is opened once for all of it."""

    def __init__(self) -> None:
        self.mail = Mail()
        self.webhook = ByWebhook() if webhook.is_safe(settings.QQOPS_NOTICE_WEBHOOK) else None

    def __enter__(self) -> "Ways":
        return self

    def __exit__(self, *error: object) -> None:
        self.mail.hang_up()

    def to(self, notice: Notice, about: About) -> Way | None:
        """The way to this holder, and to nobody else; None: there is none."""
        if self.mail.is_there and (address := _address(notice, about)):
            return ByMail(address, self.mail)
        # A number may have another holder by now: what concerns the last one never reaches the next.
        held = notice.tenure.number.tenure_id == notice.tenure_id
        # And where 10.2 ends the use of somebody who is not the registrant, a message to the number reaches just him.
        return self.webhook if held and not _of_registrant(about) else None


@dataclass(frozen=True)
class ByMail:
    address: str
    mail: Mail
    channel = Notice.Channel.MAIL

    def send(self, notice: Notice, about: About, letter: Rendered) -> None:
        self.mail.send(letter.subject, letter.text, self.address, name=f"notice-{notice.pk}")


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
