"""Notices to holders, and the templates of their letters."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.models import Tenure
from enforcement.models.decision import Decision
from enforcement.policy import Letter
from qqops.approvals.models import Approval as AbstractApproval
from qqops.approvals.models import Proposal, approval_constraints


class LetterTemplate(Proposal):
    """通知模板: one version of one letter, in both languages, agreed to by a second person before it is used.

    Its content never changes: a change is a new version. The one in use is the latest that was agreed to.
    """

    code = models.CharField(_("letter"), max_length=12, choices=Letter)
    version = models.PositiveSmallIntegerField(_("version"))
    subject_zh = models.CharField(_("subject, Chinese"), max_length=120)
    body_zh = models.TextField(_("text, Chinese"))
    subject_en = models.CharField(_("subject, English"), max_length=120)
    body_en = models.TextField(_("text, English"))
    reason = models.TextField(_("reason"))
    in_use_from = models.DateTimeField(_("in use from"), null=True)

    changeable_columns = ("state", "in_use_from")

    class Meta:
        verbose_name = _("letter template")
        verbose_name_plural = _("letter templates")
        default_permissions = ("view",)
        permissions = (
            ("draft_letter", "Can draft letter templates"),
            ("approve_letter", "Can approve letter templates"),
        )
        constraints = (models.UniqueConstraint(fields=("code", "version"), name="letter_version_once"),)

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"  # copied into the record, which has no language

    @property
    def name(self) -> str:
        """As its readers call it."""
        return f"{self.get_code_display()} v{self.version}"

    @property
    def subject_here(self) -> str:
        return self.subject_zh if get_language() == "zh-hans" else self.subject_en


class TemplateApproval(AbstractApproval):
    proposal = models.ForeignKey(
        LetterTemplate, models.PROTECT, verbose_name=_("letter template"), related_name="approvals"
    )

    class Meta(AbstractApproval.Meta):
        verbose_name = _("approval of a letter template")
        verbose_name_plural = _("approvals of letter templates")
        constraints = approval_constraints("template_approval")

    def __str__(self) -> str:
        return f"{self.approver} {self.proposal_id}"


class Notice(models.Model):
    """通知 to the holder: an outbox row, written with the act it tells of; delivery moves only how far it is.

    The letter itself is not kept: template, decision and tenure make it again, and `letter_sha256` proves which it was.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("not yet sent")
        SENT = "sent", _("sent")
        BLOCKED = "blocked", _("blocked: the letter is incomplete")
        FAILED = "failed", _("could not be delivered")
        NO_WAY = "no_way", _("no way to reach the holder")
        WITHDRAWN = "withdrawn", _("withdrawn before it was sent")

    class Stage(models.TextChoices):
        PRIOR = "prior", _("before the act")
        REMINDER = "reminder", _("reminder")
        ACT = "act", _("at the act")
        ENDED = "ended", _("at its end")

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        WEBHOOK = "webhook", _("message to the number")

    decision = models.ForeignKey(Decision, models.PROTECT, verbose_name=_("decision"), related_name="+", db_index=False)
    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="+", db_index=False)
    stage = models.CharField(_("stage"), max_length=10, choices=Stage, default=Stage.ACT, db_default=Stage.ACT)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PENDING)
    created_at = models.DateTimeField(pgettext_lazy("time", "created"))
    due_at = models.DateTimeField(_("next attempt"), db_default=Now())
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0, db_default=0)
    channel = models.CharField(_("sent by"), max_length=10, choices=Channel, blank=True, default="", db_default="")
    fault = models.CharField(_("fault"), max_length=120, blank=True, default="", db_default="")  # a code, never a text
    sent_at = models.DateTimeField(_("sent"), null=True)
    template = models.ForeignKey(
        LetterTemplate, models.PROTECT, null=True, verbose_name=_("letter template"), related_name="+", db_index=False
    )
    letter_sha256 = models.CharField(_("SHA-256 of the letter"), max_length=64, blank=True, default="", db_default="")

    changeable_columns = (
        "state", "due_at", "attempts", "channel", "fault", "sent_at", "template_id", "letter_sha256",
    )  # fmt: skip

    class Meta:
        verbose_name = _("notice")
        verbose_name_plural = _("notices")
        default_permissions = ("view",)
        permissions = (("resend_notice", "Can have notices sent again"),)
        constraints = (models.UniqueConstraint(fields=("decision", "tenure", "stage"), name="notice_once"),)
        indexes = (
            models.Index(fields=("due_at",), name="notice_pending", condition=Q(state="pending")),
            models.Index(
                fields=("state", "id"), name="notice_undelivered", condition=~Q(state__in=("pending", "sent"))
            ),
        )

    def __str__(self) -> str:
        return f"{self.decision_id}/{self.tenure_id}"
