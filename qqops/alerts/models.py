"""Alerts, who has seen them, what became of sending them, and when things that must come regularly last came."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.alerts import catalogue
from qqops.audit.models import Record


class Alert(Record):
    """告警: raised inside an act, so that it and the act's event stand or fall together."""

    at = models.DateTimeField(_("time"))
    code = models.CharField(_("kind"), max_length=40)
    level = models.CharField(_("urgency"), max_length=10, choices=catalogue.Level)
    subject_type = models.CharField(max_length=80, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    subject_label = models.CharField(_("subject"), max_length=200, blank=True)
    facts = models.JSONField(_("facts"), default=dict)

    class Meta(Record.Meta):
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        permissions = (("mark_seen", "Can mark alerts as seen"),)
        indexes = (models.Index(fields=("code", "subject_type", "subject_id", "at"), name="alert_repeats"),)

    def __str__(self) -> str:
        return f"#{self.pk}"  # copied into the record, which has no language

    @property
    def sentence(self) -> str:
        return catalogue.sentence(self.code, self.facts)


class AlertSeen(Record):
    """Somebody has taken care of it; once is enough, so there is one for an alert."""

    alert = models.OneToOneField(Alert, models.PROTECT, verbose_name=_("alert"), related_name="seen")
    staff = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("seen by"), related_name="+")
    note = models.TextField(_("note"))
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("seen alert")
        verbose_name_plural = _("seen alerts")

    def __str__(self) -> str:
        return f"{self.alert} · {self.staff}"


class Delivery(Record):
    """投递: what became of sending an alert through one channel; it is written once, at the end."""

    class Channel(models.TextChoices):
        MAIL = "mail", _("e-mail")
        WEBHOOK = "webhook", _("webhook")

    alert = models.ForeignKey(
        Alert, models.PROTECT, verbose_name=_("alert"), related_name="deliveries", db_index=False
    )  # the constraint's index serves it
    channel = models.CharField(_("channel"), max_length=10, choices=Channel)
    delivered = models.BooleanField(_("delivered"))
    why = models.CharField(_("error"), max_length=80, blank=True)  # a code, never the error's own text
    at = models.DateTimeField(_("time"))

    class Meta(Record.Meta):
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = (models.UniqueConstraint(fields=("alert", "channel"), name="delivery_once_each"),)

    def __str__(self) -> str:
        return f"{self.alert} · {self.channel}"


class Beat(models.Model):
    """When something that must come regularly last came. A sign of life, not a part of the record: no history."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.name


def subject_of(model: models.Model | None) -> dict[str, Any]:
    """The columns that say what an alert is about."""
    if model is None:
        return {"subject_type": "", "subject_id": "", "subject_label": ""}
    return {
        "subject_type": model._meta.label_lower,
        "subject_id": str(model.pk),
        "subject_label": str(model)[:200],
    }
