"""The trail: one row per act, hash-chained by the database itself."""

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KeyTransform
from django.utils.translation import gettext_lazy as _

from qqops.audit import event_catalogue
from qqops.audit.history import APPEND_ONLY


class Record(models.Model):
    """Base of the insert-only tables: each row carries the event that wrote it."""

    event_id = models.UUIDField(_("event"), db_column="event", db_index=True, editable=False)

    class Meta:
        abstract = True
        triggers = APPEND_ONLY
        default_permissions = ("view",)


class Event(models.Model):
    """审计事件. `seq`, `at`, `prev_hash` and `hash` are set by migration 0002, under the chain lock.

    The table is kept by month of `at` (0001), which has the order of `seq`. Neither `id` nor `seq` alone can be a key
    of such a table, hence no `unique`.
    """

    class Source(models.TextChoices):
        WEB = "web", _("web")
        COMMAND = "command", _("command")
        WORKER = "worker", _("worker")
        SYSTEM = "system", _("system")

    id = models.UUIDField(primary_key=True)
    seq = models.BigIntegerField(_("sequence"), db_index=True)
    at = models.DateTimeField(_("time"))
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name=_("actor"), related_name="+", db_index=False
    )
    actor_label = models.CharField(_("actor"), max_length=200)
    verb = models.CharField(_("verb"), max_length=80)
    subject_type = models.CharField(max_length=80, blank=True)
    subject_id = models.CharField(max_length=40, blank=True)
    subject_label = models.CharField(_("subject"), max_length=200, blank=True)
    decision_id = models.BigIntegerField(_("decision"), null=True)
    ticket = models.CharField(_("ticket"), max_length=80, blank=True)
    request_id = models.UUIDField(_("request"))
    source = models.CharField(_("source"), max_length=10, choices=Source)
    address = models.GenericIPAddressField(_("address"), null=True)
    os_user = models.CharField(_("OS user"), max_length=80, blank=True)
    reason = models.TextField(_("reason"), blank=True)
    facts = models.JSONField(_("facts"), default=dict)
    rows = models.JSONField(default=dict)  # table → how many rows this act wrote there
    rows_digest = models.BinaryField()
    prev_hash = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        verbose_name = _("audit event")
        verbose_name_plural = _("audit events")
        default_permissions = ("view",)
        permissions = (("export_event", "Can take the trail out as a file"),)
        triggers = APPEND_ONLY
        ordering = ("-seq",)
        # Each costs every event: what is seldom has one of its own few. Two more are raw SQL (0004, 0005).
        indexes = (
            models.Index(fields=("actor", "-seq"), name="event_actor"),
            models.Index(
                fields=("decision_id", "seq"), name="event_decision", condition=models.Q(decision_id__isnull=False)
            ),
            models.Index(fields=("verb", "-seq"), name="event_verb"),
            models.Index(fields=("request_id",), name="event_request"),
            models.Index(fields=("source", "-seq"), name="event_source"),
            models.Index(fields=("ticket", "-seq"), name="event_ticket", condition=~models.Q(ticket="")),
            models.Index(fields=("address", "-seq"), name="event_address", condition=models.Q(address__isnull=False)),
            models.Index(
                fields=("subject_type", "subject_id"), name="event_subject", condition=~models.Q(subject_id="")
            ),
            models.Index(
                KeyTransform("why", "facts"), models.F("seq").desc(), name="event_why",
                condition=models.Q(verb="audit.refused"),
            ),
            models.Index(
                KeyTransform("clause", "facts"), models.F("seq").desc(), name="event_clause",
                condition=models.Q(facts__has_key="clause"),
            ),
        )  # fmt: skip

    def __str__(self) -> str:
        return f"#{self.seq} {self.sentence}"

    @property
    def sentence(self) -> Any:
        return event_catalogue.sentence(self.verb, self.facts)
