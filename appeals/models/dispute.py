"""A dispute that went on after the house's last word (12.5): talked over, and then before the court."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from appeals.models.appeal import Appeal
from qqops.audit.history import History


class Dispute(models.Model):
    """诉讼: where the case is, and what came of it. What is said in between is the appeal's dialogue."""

    class Judgment(models.TextChoices):
        FOR_US = "for_us", _("for the operator")
        AGAINST_US = "against_us", _("against the operator")
        PARTLY = "partly", _("partly against the operator")
        SETTLED = "settled", _("settled or withdrawn")

    appeal = models.OneToOneField(Appeal, models.PROTECT, verbose_name=_("appeal"), related_name="dispute")
    court = models.CharField(_("court"), max_length=120)
    case_no = models.CharField(_("case number"), max_length=80)
    brought_on = models.DateField(_("brought on"))
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("registered by"), related_name="+", db_index=False
    )
    judgment = models.CharField(_("judgment"), max_length=10, choices=Judgment, blank=True)
    judged_on = models.DateField(_("judged on"), null=True)

    changeable_columns = ("judgment", "judged_on")
    history = History()

    class Meta:
        verbose_name = _("dispute")
        verbose_name_plural = _("disputes")
        default_permissions = ()
        permissions = (("handle_dispute", "Can register what went to court"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(judgment="", judged_on__isnull=True) | ~Q(judgment="") & Q(judged_on__isnull=False),
                name="dispute_judged_on_a_day",
            ),
        )

    def __str__(self) -> str:
        return self.case_no
