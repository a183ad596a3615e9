"""How a row of a history reads: its fields in the words of the house, and what differs between two of them."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from django.db.models import BinaryField, ForeignKey, Model
from django.db.models.fields.related import RelatedField
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from psycopg.types.range import Range

from qqops.templatetags.ops import plain
from qqops.web.panels import Change, Fact

# What binds rows to one another, and says nothing to a reader; a model may name more as `hidden_in_history`.
INTERNALS = ("content_hash", "approvers", "revision")
ONE_DAY = timedelta(days=1)

Labels = Mapping[Any, Mapping[Any, str]]  # by model: of each key, what its object is called

_said: dict[tuple[type[Model], str], Callable[[Any], Any]] = {}


def say(model: type[Model], field: str, words: Callable[[Any], Any]) -> None:
    """How this field of a history row reads, where the field itself knows only a code or a packed value of it."""
    _said[model, field] = words


def shown_fields(model: type[Model], row: Any) -> list[Any]:
    """The fields of a history row that a reader may see: what is sealed is never shown, in no form."""
    hidden = {*INTERNALS, *getattr(model, "hidden_in_history", ())}
    return [
        f
        for f in model._meta.concrete_fields
        if hasattr(row, f.attname) and not f.primary_key and f.name not in hidden and not isinstance(f, BinaryField)
    ]


def labels_of(model: type[Model], rows: Iterable[Any]) -> Labels:
    """What the objects are called that these rows name by key: one query for each table, however many rows."""
    wanted: dict[Any, set[Any]] = defaultdict(set)
    for row in filter(None, rows):
        for f in shown_fields(model, row):
            if isinstance(f, RelatedField) and (key := getattr(row, f.attname)) is not None:
                wanted[f.related_model].add(key)
    return {
        related: {pk: str(one) for pk, one in related._base_manager.in_bulk(keys).items()}
        for related, keys in wanted.items()
    }


def labelled(f: Any, row: Any, labels: Labels) -> Any:
    """The value of a history row's field as staff read it: codes by their labels, objects by what they are called."""
    value = getattr(row, f.attname)
    if value and (words := _said.get((f.model, f.name))):
        return words(row)
    if isinstance(f, RelatedField):
        return labels.get(f.related_model, {}).get(value, value)
    if isinstance(value, Range):
        return _span(value)
    if isinstance(value, timedelta):
        return _length(value)
    choices = dict(f.flatchoices or getattr(getattr(f, "base_field", None), "flatchoices", ()))
    if not choices:
        return value
    return [choices.get(one, one) for one in value] if isinstance(value, list) else choices.get(value, value)


def _span(span: Range[Any]) -> str:
    """From the first to the last, both counted: the end that the database keeps is one further."""
    step = ONE_DAY if isinstance(span.lower or span.upper, date) else 1
    first = "" if span.lower is None else str(span.lower)
    last = "" if span.upper is None else str(span.upper - step)
    if first and not last:
        return _("from %(first)s") % {"first": first}
    return f"{first} – {last}".strip()


def _length(length: timedelta) -> str:
    hours = int(length.total_seconds() // 3600)
    if hours % 24:
        return ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours}
    return ngettext("%(n)d day", "%(n)d days", hours // 24) % {"n": hours // 24}


def state(model: type[Model], row: Any, labels: Labels) -> list[Fact]:
    """All that a row says; what is empty says nothing, and is left out."""
    return [
        Fact(f.verbose_name, labelled(f, row, labels))
        for f in shown_fields(model, row)
        if not _says_nothing(getattr(row, f.attname))
    ]


def _says_nothing(value: Any) -> bool:
    return value is None or value is False or value in ("", [], {})


def changes(model: type[Model], before: Any, after: Any, labels: Labels = MappingProxyType({})) -> list[Change]:
    """What differs between two history rows; without an older one, all that was set."""
    found = []
    for f in shown_fields(model, after):
        new = getattr(after, f.attname)
        old = getattr(before, f.attname) if before is not None else None
        unset = before is None and new in (None, "", False, [], {}) and not isinstance(f, ForeignKey)
        if old != new and not unset:
            was = labelled(f, before, labels) if before is not None else None
            found.append(Change(f.verbose_name, was, labelled(f, after, labels)))
    return found


def facts_changed(before: Iterable[Fact], after: Iterable[Fact], under: Any = "") -> list[Change]:
    """What differs between two lists of facts, as they are read."""
    was, now = ({str(fact.label): fact.value for fact in facts} for facts in (before, after))
    return [
        Change(
            _("%(part)s, %(fact)s") % {"part": under, "fact": label} if under else label, was.get(label), now.get(label)
        )
        for label in dict.fromkeys((*was, *now))
        if str(plain(was.get(label))) != str(plain(now.get(label)))
    ]
