"""History tables: append-only, large enough, and tied to the event that wrote them."""

import uuid
from contextvars import ContextVar
from typing import Any

import pgtrigger
from django.db import models
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record

# Mistakes are stopped here; people are stopped by privileges (privileges.py).
APPEND_ONLY = [
    pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
    pgtrigger.Trigger(
        name="no_truncate",
        level=pgtrigger.Statement,
        when=pgtrigger.Before,
        operation=pgtrigger.Truncate,
        func="RAISE EXCEPTION 'append-only: %', TG_TABLE_NAME;",
    ),
]

# What alone of the live tables is in no history, and so is held by no proof: derived from secrets, which are not to be
# kept for ever where nothing is ever erased. Each act that changes them is on the trail; who puts others there behind
# its back has not got the second factor, nor the link that belongs to a code.
UNTOLD: dict[str, list[str]] = {"staff_staff": ["password"], "staff_accessrequest": ["code_digest"]}

# The event of the act in progress and its actor's key; set by the pen.
current_event: ContextVar[tuple[uuid.UUID, Any]] = ContextVar("current_event")


class HistoryRow(models.Model):
    event_id = models.UUIDField(db_column="event", db_index=True)

    class Meta:
        abstract = True


class History(HistoricalRecords):
    """`history = History()` on a model: every change is a row, written by the pen or by .save() inside an act.

    Meta.triggers of an abstract base is ignored by simple-history, hence get_meta_options.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            bases=[HistoryRow],
            history_id_field=models.BigAutoField(primary_key=True),
            history_change_reason_field=models.TextField(null=True),
            user_db_constraint=False,  # actor labels are copied into the event; staff are never deleted
            **kwargs,
        )

    def get_meta_options(self, model: type[models.Model]) -> dict[str, Any]:
        options: dict[str, Any] = super().get_meta_options(model)
        return options | {"triggers": APPEND_ONLY, "default_permissions": ("view",)}


def _only_inside_an_act(sender: type[models.Model], **kwargs: Any) -> None:
    """Before the row is written: with no transaction around it, a refusal that comes later leaves it changed."""
    if hasattr(sender._meta, "simple_history_manager_attribute"):
        current_event.get()


def _inside_an_act(history_instance: Any, **kwargs: Any) -> None:
    """A .save() outside an act raises LookupError: nothing changes without an event."""
    history_instance.event_id, history_instance.history_user_id = current_event.get()


models.signals.pre_save.connect(_only_inside_an_act, dispatch_uid="audit.only_inside_an_act")
pre_create_historical_record.connect(_inside_an_act, dispatch_uid="audit.inside_an_act")
