"""What is said and shown in an appeal. All of it is sealed under the appeal's key and never changed."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from appeals.models.appeal import Appeal
from appeals.policy import EvidenceKind, Match, Side
from qqops.audit.models import Record


class Message(Record):
    """One message to or from the appellant."""

    class Kind(models.TextChoices):
        RECEIPT = "receipt", _("receipt")  # filed: what was made of it, and what comes next
        ASKED = "asked", _("asked for more")
        ANSWER = "answer", _("answer of the appellant")
        ANOTHER = "another", _("from somebody else")  # who asks for the same under another contact: no word of his
        RULING = "ruling", pgettext_lazy("appeal", "decision")
        WARNING = "warning", _("notice to who is bound")  # of a recovery that cools down
        NEGOTIATED = "talks", _("talked over")  # after the decision (12.5)
        RESET = "reset", _("request for new credentials")  # to the sign-in system, of a recovery (6.1)
        OTHER = "other", _("message")

    appeal = models.ForeignKey(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="messages")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    text = models.BinaryField(_("text"))  # sealed
    sha256 = models.CharField(_("SHA-256 of the text"), max_length=64)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("written by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Delivery(models.Model):
    """How far a message is on its way to the appellant: an outbox row, written with the message."""

    class State(models.TextChoices):
        PENDING = "pending", _("waiting to be sent")
        SENT = "sent", _("sent")
        FAILED = "failed", _("could not be delivered")
        NO_WAY = "no_way", _("no way to reach the appellant")
        OUTDATED = "outdated", _("not so any more")  # `fault` says why: appeals.outdated.Outdated

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        WEBHOOK = "webhook", _("message to the mobile")

    message = models.OneToOneField(
        Message, models.PROTECT, primary_key=True, verbose_name=_("message"), related_name="delivery"
    )
    state = models.CharField(_("delivery"), max_length=10, choices=State, default=State.PENDING)
    due_at = models.DateTimeField(_("next attempt"), db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    channel = models.CharField(_("sent by"), max_length=10, choices=Channel, blank=True)
    fault = models.CharField(_("fault"), max_length=120, blank=True)  # a code, never a text
    sent_at = models.DateTimeField(_("sent"), null=True)

    changeable_columns = ("state", "due_at", "attempts", "channel", "fault", "sent_at")

    class Meta:
        verbose_name = _("delivery of a message")
        verbose_name_plural = _("deliveries of messages")
        default_permissions = ()
        indexes = (
            models.Index(fields=("due_at",), name="delivery_pending", condition=Q(state="pending")),
            models.Index(fields=("message",), name="delivery_failed", condition=Q(state="failed")),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class AppealEvidence(Record):
    """One item that somebody brings to be heard with: a fact in his words, or a file."""

    appeal = models.ForeignKey(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="evidence")
    kind = models.CharField(_("evidence"), max_length=16, choices=EvidenceKind)
    statement = models.BinaryField(_("statement"), null=True)  # sealed
    content = models.BinaryField(_("file"), null=True)  # sealed
    sha256 = models.CharField(max_length=64)
    media_type = models.CharField(_("type of the file"), max_length=80, blank=True)
    size = models.PositiveIntegerField(_("bytes"), null=True)
    # Both are later than the table, hence NULL: old digests hold. Before there was a side, it was the appellant's.
    side = models.CharField(_("brought by"), max_length=9, choices=Side, null=True)  # noqa: DJ001
    # Who records it does not weigh it.
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, verbose_name=_("recorded by"), related_name="+",
        db_index=False,
    )  # fmt: skip
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("evidence of an appeal")
        verbose_name_plural = _("evidence of an appeal")
        constraints = (
            models.CheckConstraint(
                condition=Q(statement__isnull=False, content__isnull=True, media_type="", size__isnull=True)
                | Q(statement__isnull=True, content__isnull=False, size__isnull=False) & ~Q(media_type=""),
                name="appeal_evidence_fact_or_file",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def is_of_other(self) -> bool:
        return self.side == Side.OTHER

    @property
    def label(self) -> str:
        """Its kind, with whose it is where that is not the appellant."""
        kind = str(self.get_kind_display())
        return f"{kind} · {self.get_side_display()}" if self.is_of_other else kind


class Weighing(Record):
    """One checker's word on one item; the latest counts."""

    evidence = models.ForeignKey(AppealEvidence, models.PROTECT, verbose_name=_("evidence"), related_name="weighings")
    match = models.CharField(_("result"), max_length=12, choices=Match)
    checker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("checked by"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("weighing of evidence")
        verbose_name_plural = _("weighings of evidence")

    def __str__(self) -> str:
        return f"#{self.pk}"
