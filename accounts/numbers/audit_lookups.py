"""Searches of the record by number, by tenure, and for acts of people on numbers that they declared as their own."""

from collections.abc import Sequence
from typing import Any

from django.db import connection
from django.db.models import Model, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.declarations.queries import OWN_NUMBERS
from accounts.declarations.services import OWN_NUMBER, refuse_own
from accounts.imports.lines import target_of
from accounts.models import Number, Tenure
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.review import event_queries, lookups
from qqops.audit.review.event_queries import Select
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from qqops.web.pages.typed import Typed


def _number(text: str) -> str:
    found = target_of(text)
    if found is None or found[1] is not None:
        raise Invalid(_("There is no number here."))
    return str(found[0])


def _tenure(text: str) -> str:
    found = target_of(text)
    if found is None or found[1] is None:
        raise Invalid(_("Write the number and which of its holders, as in 10001/2."))
    return f"{found[0]}/{found[1]}"


def _of_number(text: str) -> Q:
    """Return the condition for all events about a number, under any holder.

    That includes events about its cases and requests, disclosures that list it, and declarations of it.
    """
    number = event_queries.one(int(text))
    tenures = Select("SELECT t.id FROM accounts_tenure t WHERE t.number_id = %s", [int(text)])
    return event_queries.among(
        event_queries.about(_NUMBER, number),
        *_affairs("k.number = %s", [int(text)]),
        event_queries.with_ids(
            event_queries.wrote(Number, number),
            event_queries.wrote(Tenure, tenures),
            # At most some thousand rows, so no index.
            Select("SELECT d.event FROM accounts_disclosuretarget d WHERE d.number = %s", [int(text)]),
            Select("SELECT d.event FROM accounts_historicaldeclarednumber d WHERE d.number = %s", [int(text)]),
        ),
    )


def _of_tenure(text: str) -> Q:
    number, seq = map(int, text.split("/"))
    tenure = Select("SELECT t.id FROM accounts_tenure t WHERE t.number_id = %s AND t.seq = %s", [number, seq])
    return event_queries.among(
        # Filter by number first: every table has an index on it.
        *_affairs(f"k.number = %s AND k.tenure = ANY(ARRAY({tenure.sql}))", [number, *tenure.params]),
        event_queries.with_ids(
            event_queries.wrote(Tenure, tenure),
            event_queries.wrote_within(Tenure, tenure, Number, event_queries.one(number)),
        ),
    )


def resting_on(clause: str, table: str, key: str) -> Select:
    """Return the query for the keys of the rows of `table` that cite a clause, in any version of the Rules.

    It uses an index of the clause and the key, and reads at most FEW + 1 keys of each version: enough to
    distinguish few from many.
    """
    sql = (
        f"SELECT g.key FROM accounts_clause c CROSS JOIN LATERAL (SELECT g.{key} AS key FROM {table} g"
        f" WHERE g.clause_id = c.id ORDER BY g.{key} LIMIT {lookups.FEW + 1}) g WHERE c.number = %s"
    )
    return Select(sql, [clause])


def not_own(staff: Staff, number: int) -> None:
    """Raise Refused if the person declared this number: they may not review its events, disclosures included."""
    with recorder.refusals(actor=staff, facts={"act": "audit_review"}):
        refuse_own(staff, [number])


def _not_own(staff: Staff, text: str) -> None:
    not_own(staff, int(text.partition("/")[0]))


_NUMBER = "accounts.number"

# For each subject type that relates to numbers, a query of `number`, `tenure` and `key` (of the subject). The apps
# above add theirs with `about_numbers`.
_ABOUT = {
    "accounts.tenure": "SELECT number_id, id, id FROM accounts_tenure",
    "accounts.datarequest": (
        "SELECT t.number_id, t.id, r.id FROM accounts_datarequest r JOIN accounts_tenure t ON t.id = r.tenure_id"
    ),
    "accounts.disclosure": "SELECT number, tenure_id, disclosure_id FROM accounts_disclosuretarget",
}
_OF_MANY: set[str] = set()


def about_numbers(subject: str, query: str, *, of_many: bool = False) -> None:
    """Declare the query of a subject type.

    `of_many`: one subject may relate to a million numbers, so its events are not listed under each of them.
    """
    _ABOUT[subject] = query
    if of_many:
        _OF_MANY.add(subject)


def _affairs(chosen: str, params: Sequence[Any]) -> list[Select]:
    """Return the events about the subjects that relate to the chosen number or tenure."""
    return [
        event_queries.about(kind, Select(f"SELECT k.key FROM ({query}) k (number, tenure, key) WHERE {chosen}", params))
        for kind, query in _ABOUT.items()
        if kind not in _OF_MANY
    ]


def _own_event(staff: Staff, event: Event) -> None:
    """Raise Refused for an event about a number that the person declared, its tenures, or their requests."""
    about = {kind: query for kind, query in _ABOUT.items() if kind not in _OF_MANY}
    about[_NUMBER] = "SELECT number, NULL, number FROM accounts_declarednumber"
    if (query := about.get(event.subject_type)) is None:
        return
    # Starts from the short list of declared numbers, which have indexes. Compares keys as text: a tampered event
    # may hold a subject id that is not an integer.
    sql = (
        f"SELECT k.number FROM ({query}) k (number, tenure, key)"
        f" WHERE k.number = ANY(ARRAY({OWN_NUMBERS})) AND k.key::text = %(key)s LIMIT 1"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, {"actor": staff.pk, "key": event.subject_id})
        for (number,) in cursor.fetchall():
            not_own(staff, number)


def _own() -> Q:
    """Return the condition for refused and completed acts of people on numbers that they had declared at that time.

    It covers the number, its tenures, and the cases, requests, decisions and appeals about them, but not the
    declaration itself.
    """
    refused = (
        "SELECT e.seq FROM audit_event e WHERE e.verb = 'audit.refused' AND (e.facts -> 'why') = to_jsonb(%s::text)"
    )
    return event_queries.among(Select(refused, [OWN_NUMBER]), Select(_own_acts(), ()))


# OFFSET 0 keeps this a lookup by key. As a join, the planner might read the whole record.
_BY_DECLARER = "e.actor_id = o.staff_id AND e.at >= o.since AND e.at < o.until OFFSET 0"


def _own_acts() -> str:
    kinds = "".join(
        f" UNION ALL SELECT own.*, '{kind}', k.key FROM own JOIN ({query}) k (number, tenure, key)"
        " ON k.number = own.number"
        for kind, query in _ABOUT.items()
    )
    return f"""(WITH own AS MATERIALIZED (
  SELECT staff_id, number, declared_at AS since, coalesce(ended_at, 'infinity') AS until FROM accounts_declarednumber),
subject AS MATERIALIZED (SELECT own.*, '{_NUMBER}' AS kind, number AS key FROM own{kinds}),
written AS MATERIALIZED ({_written(_NUMBER, Number)} UNION ALL {_written("accounts.tenure", Tenure)})
SELECT e.seq FROM subject o CROSS JOIN LATERAL (SELECT e.seq FROM audit_event e
  WHERE e.subject_type = o.kind AND e.subject_id = o.key::text AND e.subject_id <> '' AND {_BY_DECLARER}) e
UNION ALL
SELECT e.seq FROM written o CROSS JOIN LATERAL (SELECT e.seq FROM audit_event e
  WHERE e.id = o.event AND {_BY_DECLARER}) e)"""


def _written(kind: str, model: type[Model]) -> str:
    """Return the query of the events that wrote rows about a subject. Many rows name their author, which narrows it."""
    return f"""SELECT o.*, w.event FROM subject o CROSS JOIN LATERAL (
        SELECT w.event FROM ({event_queries.rows(model)}) w
  WHERE w.key = o.key AND (w.who = o.staff_id OR w.who IS NULL) OFFSET 0) w WHERE o.kind = '{kind}'"""


lookups.keep_from(_own_event)
lookups.mark("own", gettext_lazy("own numbers"), _own)
lookups.mark("quota", gettext_lazy("above quota"), Q(verb__in=("identity.reveals_stopped", "staff.limit_reached")))
lookups.offer(
    Typed(
        gettext_lazy("Number"), "number", _number, _of_number, allow=_not_own,
        help=gettext_lazy("All that touched it, by any holder."),
    )
)  # fmt: skip
lookups.offer(
    Typed(gettext_lazy("Tenure"), "tenure", _tenure, _of_tenure, allow=_not_own, help=gettext_lazy("As in 10001/2."))
)
