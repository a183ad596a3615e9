from django.db import models
from django.utils.translation import gettext_lazy as _

from qqops.audit.models import Record


class Checkpoint(Record):
    """检查点: a signed head of the record, as it was given out. The record's own copy; what counts lies elsewhere."""

    seq = models.BigIntegerField(_("up to event"))
    text = models.TextField(_("checkpoint"))

    class Meta(Record.Meta):
        app_label = "audit"
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self) -> str:
        return f"#{self.seq}"
