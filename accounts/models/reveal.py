"""查看明文: one item of one identity, for one case and purpose, for ten minutes. The reveal log is these rows."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.identity.formats import Field
from accounts.models.number import Tenure
from accounts.reveals.policy import Purpose
from qqops.approvals.models import Approval, Proposal, State, approval_constraints
from qqops.audit.history import History
from qqops.audit.models import Record


class Asked(models.Model):
    """What is to be seen, and for what: the same in the request (for a minor's item) and in the grant."""

    class Whose(models.TextChoices):
        HOLDER = "holder", _("current information")
        REGISTRANT = "registrant", _("initial registrant")

    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="+", db_index=False)
    whose = models.CharField(_("whose"), max_length=10, choices=Whose)
    field = models.CharField(_("item"), max_length=10, choices=Field)
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    case_kind = models.CharField(_("kind of case"), max_length=20)
    case_ref = models.CharField(_("case"), max_length=40)
    reason = models.TextField(_("reason"))

    class Meta:
        abstract = True


class RevealRequest(Asked, Proposal):
    """A minor's item needs somebody's word first (Minors Regulation 36)."""

    changeable_columns = ("state",)
    history = History()

    class Meta:
        verbose_name = _("reveal request")
        verbose_name_plural = _("reveal requests")
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("expires_at", "proposed_at"), name="reveal_waiting", condition=Q(state="proposed")),
        )
        permissions = (
            ("approve_reveal", "Can approve that a minor's item is revealed"),
            ("approve_privacy_reveal", "Can approve what the privacy officer asks to see"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"

    @property
    def has_lapsed(self) -> bool:
        """Right at read time, whether it waits or was agreed to and not used."""
        return (
            self.state in (State.PROPOSED, State.APPROVED)
            and self.expires_at is not None
            and self.expires_at <= timezone.now()
        )


class RevealApproval(Approval):
    proposal = models.ForeignKey(RevealRequest, models.PROTECT, related_name="approvals", db_index=False)

    class Meta(Approval.Meta):
        verbose_name = _("approval of a reveal")
        verbose_name_plural = _("approvals of reveals")
        constraints = approval_constraints("reveal_approval")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Reveal(Asked, Record):
    """One grant. `nonce` is the form's: sent twice, it grants once."""

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("member of staff"), related_name="+", db_index=False
    )
    request = models.OneToOneField(
        RevealRequest, models.PROTECT, null=True, verbose_name=_("reveal request"), related_name="reveal"
    )
    at = models.DateTimeField(_("time"))
    until = models.DateTimeField(_("shown until"))
    flags = ArrayField(models.CharField(max_length=20), verbose_name=_("unusual because"), default=list)
    unusual = models.SmallIntegerField(_("how unusual"), default=0)
    nonce = models.UUIDField(unique=True, editable=False)

    class Meta(Record.Meta):
        verbose_name = _("reveal")
        verbose_name_plural = _("reveal log")
        permissions = (
            ("reveal_identity", "Can reveal an item for an own case"),
            ("reveal_any_case", "Can reveal an item for any case"),
        )
        indexes = (
            models.Index(fields=("staff", "-at"), name="reveal_by_staff"),
            models.Index(fields=("tenure", "-at"), name="reveal_of_tenure"),
            models.Index(fields=("-unusual", "-id"), name="reveal_unusual_first"),
        )
        constraints = (
            models.CheckConstraint(condition=Q(until__gt=F("at")), name="reveal_ends"),
            models.CheckConstraint(condition=~Q(case_ref="") & ~Q(reason=""), name="reveal_has_a_case"),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"
