"""What an event wrote: before and after in each history, and the rows of the tables that are only added to."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, ForeignKey, Model, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from qqops.audit import privileges
from qqops.audit.models import Event
from qqops.staff.models import Staff
from qqops.staff.policy import ROLES
from qqops.templatetags.ops import link
from qqops.web import panels
from qqops.web.pages import ObjectPage
from qqops.web.pages.history import KINDS
from qqops.web.pages.rows import changes, labels_of
from qqops.web.panels import Entry, Panel

ROWS = 20  # of each table, at a time
Table = type[Model]


def panel(request: HttpRequest, event: Event) -> Panel | None:
    """The first rows in each table that this person may see; of a table that the address names, those after a key."""
    chosen, after = request.GET.get("table", ""), request.GET.get("after", "")
    entries: list[Entry] = []
    more = []
    for table in _tables(request, event):
        name = table._meta.db_table
        if chosen and name != chosen:
            continue
        rows = list(_rows(request, table, event, after if chosen else ""))
        entries += _entries(event, table, rows[:ROWS])
        if len(rows) > ROWS:
            asked = urlencode({"table": name, "after": _key(rows[ROWS - 1])})
            more.append(link(f"?{asked}", _("More: %(what)s") % {"what": _called(table)}))
    if not entries:
        return None
    if chosen:
        more.append(link("?", _("Everything from the beginning")))
    return Panel(_("What it changed"), "audit/written.html", {"entries": entries, "more": more})


def _tables(request: HttpRequest, event: Event) -> Iterator[Table]:
    """Those of the record that it wrote into, and that this person may see, by name."""
    known = {table._meta.db_table: table for table in privileges.record_tables()}
    for name, _n in sorted(event.rows.items()):
        if name in known and _may_see(request, _model(known[name])):
            yield known[name]


def _model(table: Table) -> Table:
    """Whose words its rows are read in: those of the model whose history it is, or its own."""
    found: Table = getattr(table, "instance_type", table)
    return found


def _called(table: Table) -> str:
    return str(capfirst(_model(table)._meta.verbose_name))


def _may_see(request: HttpRequest, model: Table) -> bool:
    """What some role has the right to see asks for that right; the rest is seen with what it belongs to."""
    right = f"{model._meta.app_label}.view_{model._meta.model_name}"
    return panels.staff_at(request).has_perm(right) or not any(right in rights for rights in ROLES.values())


def _page_of(request: HttpRequest, model: Table) -> ObjectPage | None:
    found = getattr(admin.site.get_model_admin(model), "object_page", None) if admin.site.is_registered(model) else None
    return found(admin.site, request) if found else None


def _visible(request: HttpRequest, model: Table) -> QuerySet[Any]:
    """What its own page may show to this person; where it has none, what belongs to such as he may see.

    So secrets, and what is about a number of his own, are kept from him here as there.
    """
    if (page := _page_of(request, model)) is not None:
        return page.queryset()
    found = model._default_manager.all()
    for f in model._meta.concrete_fields:
        if isinstance(f, ForeignKey) and f.related_model is not Staff:
            of: Any = f.related_model
            seen = _visible(request, of) if _may_see(request, of) else of._default_manager.none()
            # Asked for the few rows that are shown, never of a whole table of those.
            found = found.filter(Q(**{f"{f.name}__isnull": True}) | Exists(seen.filter(pk=OuterRef(f.attname))))
    return found


def _rows(request: HttpRequest, table: Table, event: Event, after: str) -> QuerySet[Any]:
    """By their keys, one more than are shown."""
    model = _model(table)
    if model is table:
        rows = _visible(request, model).filter(event_id=event.pk)
    else:
        seen = _visible(request, model).filter(pk=OuterRef(_own_key(model)))
        rows = _with_older(table, model).filter(Exists(seen), event_id=event.pk)
    if (key := _asked(table, after)) is not None:
        rows = rows.filter(pk__gt=key)
    return rows.order_by("pk")[: ROWS + 1]


def _with_older(table: Table, model: Table) -> QuerySet[Any]:
    """Rows of a history, each with the key of the one before it of the same object."""
    key = _own_key(model)
    older = table._default_manager.filter(**{key: OuterRef(key)}, history_id__lt=OuterRef("history_id"))
    return table._default_manager.annotate(older=Subquery(older.order_by("-history_id").values("history_id")[:1]))


def _own_key(model: Table) -> str:
    return str(model._meta.pk.attname) if model._meta.pk else "id"


def _key(row: Model) -> str:
    key = row.pk
    return ".".join(map(str, key)) if isinstance(key, tuple) else str(key)


def _asked(table: Table, text: str) -> Any:
    """The key that an address gives; None where that is none of this table's."""
    fields, parts = table._meta.pk_fields, text.split(".")
    if len(fields) != len(parts):
        return None
    try:
        key = tuple(f.to_python(part) for f, part in zip(fields, parts, strict=True))
    except ValidationError:
        return None
    return key if len(key) > 1 else key[0]


def _entries(event: Event, table: Table, rows: list[Any]) -> list[Entry]:
    model = _model(table)
    history = model is not table
    older = [row.older for row in rows if row.older] if history else []
    before = table._default_manager.in_bulk(older) if older else {}
    labels = labels_of(model, [*rows, *before.values()])
    return [
        Entry(
            at=row.history_date if history else event.at,
            title=f"{_called(table)} {getattr(row, _own_key(model)) if history else _key(row)}",
            text=KINDS[row.history_type] if history else KINDS["+"],
            changes=changes(model, before.get(row.older) if history else None, row, labels),
        )
        for row in rows
    ]
