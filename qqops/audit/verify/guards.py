"""Do the guards of the record stand? What was done while one was down, the other checks name by its rows; but whoever
has put another function in the place of the chain's may have kept an event from being written, which leaves none.
"""

import re
from collections.abc import Iterator, Sequence

import pgtrigger
from django.conf import settings
from django.db import models
from psycopg.sql import Literal

from qqops.audit.triggers import AHEAD, CHAIN, MONTHS

Table = type[models.Model]

_FUNCTION = re.compile(r"CREATE (?:OR REPLACE )?FUNCTION (?:\"?public\"?\.)?(\w+)\s*\(.*?AS \$\$(.*?)\$\$", re.DOTALL)
# What a trigger is, in the bits of its row in the catalogue: for each row, before, and at what.
_ROW, _BEFORE, _INSERT, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 4, 8, 16, 32
_KINDS = {"append_only": _ROW | _BEFORE | _DELETE | _UPDATE, "no_truncate": _BEFORE | _TRUNCATE}

# Of a table and each of its months; those have a trigger of their own against being emptied (sql.py).
_TRIGGERS = """
SELECT c.relname || ' trigger ' || g.name
FROM (VALUES {wanted}) w(guarded, name, function, kind)
CROSS JOIN LATERAL (
  SELECT to_regclass(w.guarded), w.name, w.function
  UNION ALL
  SELECT i.inhrelid, CASE kind WHEN {emptied} THEN 'no_truncate' ELSE w.name END,
    CASE kind WHEN {emptied} THEN 'record_no_truncate' ELSE w.function END
  FROM pg_inherits i WHERE i.inhparent = to_regclass(w.guarded)) g(relid, name, function)
JOIN pg_class c ON c.oid = g.relid
LEFT JOIN pg_trigger t ON t.tgrelid = g.relid AND t.tgname = g.name AND t.tgenabled IN ('O', 'A')
  AND t.tgtype = w.kind AND t.tgqual IS NULL AND t.tgattr = ''
LEFT JOIN pg_proc p ON p.oid = t.tgfoid AND p.proname = g.function
WHERE p.oid IS NULL ORDER BY 1"""

_FUNCTIONS = """
SELECT 'function ' || w.name FROM (VALUES {wanted}) w(name, body)
WHERE NOT EXISTS (SELECT FROM pg_proc p
  WHERE p.proname = w.name AND p.pronamespace = 'public'::regnamespace AND p.prosrc = w.body) ORDER BY 1"""

# What has the application's role own or change the record, and what shows or writes other rows than are asked for.
_RIGHTS = """
SELECT c.relname || ' ' || r.what FROM (
  SELECT to_regclass(w.guarded)::oid, false FROM (VALUES {wanted}) w(guarded)
  UNION ALL
  SELECT i.inhrelid, true FROM (VALUES {wanted}) w(guarded) JOIN pg_inherits i ON i.inhparent = to_regclass(w.guarded)
) g(relid, month)
JOIN pg_class c ON c.oid = g.relid
CROSS JOIN LATERAL (
  SELECT 'owned by ' || {role} WHERE {apart} AND pg_has_role({role}, c.relowner, 'MEMBER')
  UNION ALL
  SELECT right_to || ' granted to ' || {role}
  FROM unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE', 'TRIGGER'] || CASE WHEN g.month THEN ARRAY['INSERT'] END) right_to
  WHERE {apart} AND (has_table_privilege({role}, c.oid, right_to)
    OR right_to = 'UPDATE' AND has_any_column_privilege({role}, c.oid, right_to))
  UNION ALL
  SELECT 'rules' WHERE c.relhasrules
  UNION ALL
  SELECT 'row security' WHERE c.relrowsecurity) r(what)
ORDER BY 1"""


def queries(tables: Sequence[Table]) -> Iterator[str]:
    """Each has rows that name what does not stand, of these tables."""
    yield _TRIGGERS.format(wanted=_values(_triggers(tables)), emptied=_KINDS["no_truncate"])
    yield _FUNCTIONS.format(wanted=_values(_functions()))
    role, owner = (settings.DATABASES[alias]["USER"] for alias in ("default", "owner"))
    names = _values((table._meta.db_table,) for table in tables)
    yield _RIGHTS.format(wanted=names, role=_literal(role), apart=_literal(role != owner))


def _triggers(tables: Sequence[Table]) -> Iterator[tuple[str, str, str, int]]:
    guarded = {table._meta.db_table for table in tables}
    for model, trigger in pgtrigger.registered():
        if model._meta.db_table in guarded and (kind := _KINDS.get(str(trigger.name))):
            pgid = trigger.get_pgid(model)
            yield model._meta.db_table, pgid, pgid, kind
    yield "audit_event", "chain", "audit_event_chain", _ROW | _BEFORE | _INSERT


def _functions() -> list[tuple[str, str]]:
    """Each of ours that a trigger calls, and those that it calls: its name and its text."""
    ours = [str(trigger.compile(model).install_sql) for model, trigger in pgtrigger.registered()]
    return sorted(set(_FUNCTION.findall("\n".join((MONTHS, AHEAD, CHAIN, *ours)))))


def _values(rows: "Iterator[tuple[object, ...]] | list[tuple[str, str]]") -> str:
    return ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)


def _literal(value: object) -> str:
    return Literal(value).as_string(None)
