"""How long information is kept: what must not go (holds), what went (erasures), and what got out (breaches)."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models.number import Tenure
from accounts.models.request import DataRequest
from qqops.audit.history import History
from qqops.audit.models import Record


class Hold(models.Model):
    """保留事由: while one is open, nothing of the tenure is purged, erased or released."""

    class Kind(models.TextChoices):
        LEGAL = "legal", _("legal hold")
        REQUEST = "request", _("pending request")
        APPEAL = "appeal", _("open appeal")

    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="holds", db_index=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind)
    reference = models.CharField(_("reference"), max_length=80)
    until = models.DateTimeField(_("until"), null=True)
    placed_at = models.DateTimeField(_("placed"))
    placed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("placed by"), related_name="+", db_index=False
    )
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        verbose_name=_("lifted by"),
        related_name="+",
        db_index=False,
    )

    changeable_columns = ("until", "lifted_at", "lifted_by_id")
    history = History()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        default_permissions = ("view",)
        permissions = (("place_hold", "Can place legal holds"), ("lift_hold", "Can lift legal holds"))
        indexes = (
            models.Index(fields=("kind", "reference"), name="hold_by_reference", condition=Q(lifted_at__isnull=True)),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("tenure", "kind", "reference"), condition=Q(lifted_at__isnull=True), name="hold_once"
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="hold_lifted_by_somebody",
            ),
            models.CheckConstraint(
                condition=~Q(kind="legal") | Q(lifted_by__isnull=True) | ~Q(lifted_by=F("placed_by")),
                name="hold_lifted_by_another",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class Erasure(Record):
    """销毁证明: that the key of an identity is gone, why, what went with it and what the law has kept."""

    class Basis(models.TextChoices):
        REQUEST = "request", _("at the person's request")
        RETENTION = "retention", _("the retention period is over")
        CANCELLED = "cancelled", _("the holder cancelled the number")
        REAPPLIED = "reapplied", _("again, after a backup was restored")

    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="erasures")
    basis = models.CharField(_("basis"), max_length=10, choices=Basis)
    data_request = models.ForeignKey(
        DataRequest, models.PROTECT, null=True, verbose_name=_("data request"), related_name="+", db_index=False
    )
    at = models.DateTimeField(_("time"))
    cleared = models.JSONField(_("made unreadable"), default=dict)  # class → how many
    kept = models.JSONField(_("kept by law"), default=list)  # classes

    class Meta(Record.Meta):
        verbose_name = _("erasure certificate")
        verbose_name_plural = _("erasure certificates")

    def __str__(self) -> str:
        return f"#{self.pk}"


class Breach(models.Model):
    """泄露事件 (PIPL 57, Incident Reporting Measures 4): found, contained, reported, told."""

    class Level(models.TextChoices):
        ORDINARY = "ordinary", _("ordinary")
        LARGER = "larger", _("larger: to be reported within 4 hours")

    level = models.CharField(_("level"), max_length=10, choices=Level)
    what = models.CharField(_("what happened"), max_length=500)
    cause = models.CharField(_("cause"), max_length=500, blank=True)
    harm = models.CharField(_("possible harm"), max_length=500, blank=True)
    remedy = models.CharField(_("what was done"), max_length=500, blank=True)
    contact = models.CharField(_("whom to ask"), max_length=200, blank=True)  # the house's own, for those concerned
    staff = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        verbose_name=_("whose viewing"),
        related_name="+",
        db_index=False,
    )
    viewed_from = models.DateTimeField(_("viewing from"), null=True)
    viewed_to = models.DateTimeField(_("viewing to"), null=True)
    maker = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("registered by"), related_name="+", db_index=False
    )
    found_at = models.DateTimeField(_("time found"))
    report_due_at = models.DateTimeField(_("to be reported by"), null=True)
    reported_at = models.DateTimeField(_("reported"), null=True)
    reported_to = models.CharField(_("reported to"), max_length=120, blank=True)
    people_told_at = models.DateTimeField(_("people told"), null=True)
    not_told_because = models.CharField(_("people not told because"), max_length=500, blank=True)  # PIPL 57 ¶2
    closed_at = models.DateTimeField(_("closed"), null=True)

    changeable_columns = (
        "level",
        "cause",
        "harm",
        "remedy",
        "contact",
        "report_due_at",
        "reported_at",
        "reported_to",
        "people_told_at",
        "not_told_because",
        "closed_at",
    )
    history = History()

    class Meta:
        verbose_name = _("breach")
        verbose_name_plural = _("breach register")
        default_permissions = ("view",)
        permissions = (("handle_breach", "Can register and handle breaches"),)
        indexes = (
            models.Index(
                fields=("report_due_at",),
                name="breach_to_be_reported",
                condition=Q(report_due_at__isnull=False, reported_at__isnull=True),
            ),
        )
        constraints = (
            models.CheckConstraint(
                condition=Q(staff__isnull=True, viewed_from__isnull=True, viewed_to__isnull=True)
                | Q(staff__isnull=False, viewed_from__isnull=False, viewed_to__isnull=False)
                & Q(viewed_from__lt=F("viewed_to")),
                name="breach_viewing_is_somebodys",
            ),
            models.CheckConstraint(
                condition=Q(level="larger", report_due_at__isnull=False) | Q(level="ordinary"),
                name="breach_larger_has_a_clock",
            ),
            models.CheckConstraint(
                condition=Q(reported_at__isnull=True, reported_to="")
                | Q(reported_at__isnull=False) & ~Q(reported_to=""),
                name="breach_reported_to_somebody",
            ),
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True)
                | (Q(level="ordinary") | Q(reported_at__isnull=False))
                & (Q(people_told_at__isnull=False) | ~Q(not_told_because="")),
                name="breach_closed_when_told",
            ),
        )

    def __str__(self) -> str:
        return f"#{self.pk}"


class BreachPerson(Record):
    """A tenure whose information was seen; listed from the record."""

    breach = models.ForeignKey(Breach, models.PROTECT, related_name="people", db_index=False)
    tenure = models.ForeignKey(Tenure, models.PROTECT, verbose_name=_("tenure"), related_name="+")
    fields = models.JSONField(_("items"), default=list)

    class Meta(Record.Meta):
        verbose_name = _("person of a breach")
        verbose_name_plural = _("people of a breach")
        constraints = (models.UniqueConstraint(fields=("breach", "tenure"), name="breach_person_once"),)

    def __str__(self) -> str:
        return str(self.tenure)
