"""How events are named on the pages of the review."""

from django.apps import apps

from qqops.audit.models import Event


def subject(event: Event) -> str:
    """What the event is about; of what has only a number, what kind of thing it is."""
    if not event.subject_label.startswith("#"):
        return event.subject_label
    try:
        kind = apps.get_model(event.subject_type)._meta.verbose_name
    except LookupError:  # the record is older than the table
        return event.subject_label
    return f"{kind} {event.subject_label}"
