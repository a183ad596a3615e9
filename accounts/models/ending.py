"""The end of a right of use: when a number is reclaimed (10.3), and what was cleared before somebody else has it."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.dormancy.policy import Kind
from accounts.models.number import Tenure
from accounts.models.resources import ResourceProposal
from accounts.quarantine.policy import Service
from qqops.audit.history import History
from qqops.audit.models import Record


class DormancyPolicy(models.Model):
    """回收规则 (10.3): from when on which tenures are due, and what they are given first. Never changed: it ends, and
    another follows; a decision keeps the one that it was made under."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    threshold_days = models.PositiveIntegerField(_("days until it is due"))
    registered = DateRangeField(_("for tenures begun"))
    effective = DateRangeField(_("in force"))
    grace_days = models.PositiveIntegerField(_("days of grace"))
    notice_days = models.PositiveIntegerField(_("days of notice"), default=0)  # 0: none before the act
    reminder_days = models.PositiveIntegerField(_("days before, reminded once more"), default=0)
    proposal = models.OneToOneField(ResourceProposal, models.PROTECT, verbose_name=_("proposal"), related_name="policy")

    changeable_columns = ("effective",)
    history = History()

    class Meta:
        verbose_name = _("dormancy policy")
        verbose_name_plural = _("dormancy policies")
        default_permissions = ("view",)
        constraints = (
            ExclusionConstraint(
                name="policy_no_overlap",
                expressions=[
                    ("kind", RangeOperators.EQUAL),
                    ("registered", RangeOperators.OVERLAPS),
                    ("effective", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(threshold_days__gt=0), name="policy_waits"),
            models.CheckConstraint(
                condition=Q(reminder_days__lte=F("notice_days")), name="policy_reminds_after_notice"
            ),
            models.CheckConstraint(
                condition=Q(registered__isempty=False, effective__isempty=False), name="policy_is_for_some_time"
            ),
        )

    def __str__(self) -> str:
        return self.code


class PurgeCertificate(Record):
    """清除证明 (10.4): what of a tenure was cleared, and what the law keeps, and until when."""

    tenure = models.OneToOneField(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="certificate")
    at = models.DateTimeField(_("time"))
    cleared = models.JSONField(_("cleared"), default=dict)  # class → how many
    kept = models.JSONField(_("kept by law"), default=dict)  # class → until when, or ""

    class Meta(Record.Meta):
        verbose_name = _("purge certificate")
        verbose_name_plural = _("purge certificates")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Clearance(Record):
    """One service's word that it has cleared what it held of a tenure (5.2, 10.4)."""

    tenure = models.ForeignKey(
        Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="clearances", db_index=False
    )
    service = models.CharField(_("service"), max_length=14, choices=Service)
    cleared_at = models.DateTimeField(_("cleared"))

    class Meta(Record.Meta):
        verbose_name = _("clearance")
        verbose_name_plural = _("clearances")
        constraints = (models.UniqueConstraint(fields=("tenure", "service"), name="cleared_once"),)

    def __str__(self) -> str:
        return f"{self.tenure_id} {self.service}"


class LoginLine(models.Model):
    """A line of a login file on its way into the facts: gone when the file is done."""

    number = models.BigIntegerField()
    at = models.DateTimeField()
    service = models.CharField(max_length=40)

    passing = True

    class Meta:
        verbose_name = _("line of a login file")
        verbose_name_plural = _("lines of a login file")
        default_permissions = ()
        indexes = (models.Index(fields=("number",), name="login_line_by_number"),)

    def __str__(self) -> str:
        return f"{self.number} {self.service}"
