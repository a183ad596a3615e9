"""A measure on a tenure."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import Number, Tenure
from enforcement.models.decision import Decision
from enforcement.policy import FreezeKind, Kind, Scope
from qqops.audit.history import History


class Measure(models.Model):
    """措施 on a tenure: one of several at a time, each with its own clause (its decision's) and end."""

    class EndReason(models.TextChoices):
        LIFTED = "lifted", _("lifted")
        EXPIRED = "expired", _("expired")
        REFUSED = "refused", _("proposal refused or lapsed")
        UNDONE = "undone", _("undone")
        VOIDED = "voided", _("found wrong")  # it never counts again: neither in the ladder nor against the holder

    number = models.ForeignKey(Number, models.PROTECT, verbose_name=_("number"), related_name="+", db_index=False)
    tenure = models.ForeignKey(
        Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="measures", db_index=False
    )
    decision = models.ForeignKey(Decision, models.PROTECT, verbose_name=_("decision"), related_name="measures")
    kind = models.CharField(_("measure"), max_length=10, choices=Kind)
    freeze_kind = models.CharField(_("freeze kind"), max_length=10, choices=FreezeKind, blank=True)
    scopes = ArrayField(models.CharField(max_length=20, choices=Scope), default=list, verbose_name=_("scope"))
    starts_at = models.DateTimeField(_("starts"))
    until = models.DateTimeField(_("until"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.ForeignKey(
        Decision, models.PROTECT, null=True, verbose_name=_("ended by"), related_name="+", db_index=False
    )
    end_reason = models.CharField(_("ended because"), max_length=10, choices=EndReason, blank=True)

    history = History()

    class Meta:
        verbose_name = _("measure")
        verbose_name_plural = _("measures")
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=("number", "tenure"), name="measure_number"),
            models.Index(
                fields=("until",), name="measure_running", condition=Q(ended_at__isnull=True, until__isnull=False)
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("decision", "number"), name="measure_once"),
            models.CheckConstraint(condition=Q(until__isnull=True) | Q(until__gt=F("starts_at")), name="measure_lasts"),
        )

    def __str__(self) -> str:
        return str(self.get_freeze_kind_display() or self.get_kind_display())

    @property
    def in_force(self) -> bool:
        return self.ended_at is None and (self.until is None or self.until > timezone.now())
