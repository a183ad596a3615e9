"""What staff declare as their own or their relatives', so that nobody acts on it himself (separation of duties 7)."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from qqops.audit.history import History


class DeclaredNumber(models.Model):
    """申报号码. By its digits and not by a key into the numbers: a free number has no row, yet may be declared."""

    class Relation(models.TextChoices):
        OWN = "own", _("own")
        RELATIVE = "relative", _("a relative's")

    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("member of staff"), related_name="+", db_index=False
    )
    number = models.BigIntegerField(_("number"), validators=[MinValueValidator(10000)])
    relation = models.CharField(_("relation"), max_length=10, choices=Relation)
    declared_at = models.DateTimeField(_("declared at"))
    ended_at = models.DateTimeField(_("ended"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        verbose_name=_("who ended it"),
        related_name="+",
        db_index=False,
    )

    changeable_columns = ("ended_at", "ended_by_id")
    history = History()

    class Meta:
        verbose_name = _("declared number")
        verbose_name_plural = _("declared numbers")
        default_permissions = ("view",)
        permissions = (
            ("declare_number", "Can declare own and relatives' numbers"),
            ("end_declaration", "Can end a declaration of another"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("staff", "number"), condition=Q(ended_at__isnull=True), name="declared_once"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, ended_by__isnull=True)
                | Q(ended_at__isnull=False, ended_by__isnull=False),
                name="declared_ended_by_somebody",
            ),
            # He could take it out, act, and put it back.
            models.CheckConstraint(
                condition=Q(ended_by__isnull=True) | ~Q(ended_by=models.F("staff")), name="declared_ended_by_another"
            ),
        )

    def __str__(self) -> str:
        return str(self.number)
