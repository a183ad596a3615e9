"""What was found on the trail, as a file that leaves the house: counted, on the trail itself, and as long as it takes.

The trail only grows at its end: what is counted up to an event is what is written, however long that takes, with no
transaction open meanwhile.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from django.db.models import QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.review import facts_text, lookups
from qqops.core.errors import Refused
from qqops.core.spreadsheets import MEDIA_TYPES
from qqops.staff import limits
from qqops.staff.models import Staff

EXPORT = "audit.export_event"
JSONL = "jsonl"
FORMS = {**MEDIA_TYPES, JSONL: "application/x-ndjson; charset=utf-8"}
CHUNK = 2_000
T = TypeVar("T")


def head() -> list[str]:
    return [
        _("No."), _("Time"), _("Actor"), _("Act"), _("Code of the act"), _("Subject"), _("Decision"), _("Reason"),
        _("Ticket"), _("Source"), _("Address"), _("OS user"), _("Request"), _("Facts"),
    ]  # fmt: skip


def export(found: QuerySet[Event], form: str, chosen: dict[str, str], *, actor: Staff) -> Iterator[Event]:
    """The events, newest first, of all that were there when it was asked for; Refused without the right, or when too
    many files were taken out lately."""
    told: dict[str, Any] = {"what": form, "query": chosen}
    with recorder.refusals(actor=actor, facts={"act": "audit.exported"} | told):
        if not actor.has_perm(EXPORT):
            raise Refused(gettext_noop("Your role may not do this."))
        limits.spend("export", actor)  # before anything is counted: that may take as long as the trail
        head = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
        whole = lookups.first_of(chosen, found.filter(seq__lte=head), None)
        with recorder.act("audit.exported", actor=actor, reason="", facts=told | {"rows": whole.count()}):
            pass
    return _all(found, chosen, head)


def _all(found: QuerySet[Event], chosen: dict[str, str], head: int) -> Iterator[Event]:
    last = head + 1
    while chunk := list(lookups.first_of(chosen, found.filter(seq__lt=last).order_by("-seq"), CHUNK)[:CHUNK]):
        yield from chunk
        last = chunk[-1].seq


def in_language(events: Iterator[Event], line: Callable[[Event], T]) -> Iterator[T]:
    """Each in the words of now: a file is sent after its page is done, and its language forgotten."""
    language = translation.get_language()
    for event in events:
        with translation.override(language):
            told = line(event)
        yield told


def row(event: Event) -> list[Any]:
    told = "; ".join(f"{name}: {_flat(value)}" for name, value in facts_text.of_event(event.verb, event.facts).items())
    return [
        event.seq, f"{timezone.localtime(event.at):%Y-%m-%d %H:%M:%S}", event.actor_label, event.sentence, event.verb,
        event.subject_label, event.decision_id, event.reason, event.ticket, event.get_source_display(), event.address,
        event.os_user, event.request_id, told,
    ]  # fmt: skip


def _flat(value: Any) -> str:
    """As on a page, in one line."""
    if isinstance(value, Mapping):
        return ", ".join(f"{code}: {n}" for code, n in value.items())
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return str(value)


def as_json(event: Event) -> bytes:
    """For programs: codes and parameters, no sentences but the reason."""
    told = {
        "seq": event.seq, "id": str(event.pk), "at": event.at.isoformat(), "actor": event.actor_label,
        "verb": event.verb, "subject_type": event.subject_type, "subject": event.subject_id,
        "decision": event.decision_id, "reason": event.reason, "ticket": event.ticket, "source": event.source,
        "address": event.address, "os_user": event.os_user, "request": str(event.request_id), "facts": event.facts,
        "rows": event.rows, "hash": bytes(event.hash).hex(),
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False).encode() + b"\n"
