"""Queries of breaches: the people concerned, and the overdue reports."""

import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.disclosures.policy import HELD
from accounts.identity.formats import Field
from accounts.models import Breach, BreachPerson, DataClass, Reveal
from accounts.people.queries import with_own
from qqops.staff.models import Staff

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

# `BreachPerson.fields` holds `holder:mobile` for a revealed item and `class:identity` for a whole class.
CLASS, SAID = "class", "said"
CLASSES: dict[str, "StrOrPromise"] = {
    **{code: DataClass(code).label for code in HELD},
    SAID: gettext_lazy("what was said and shown with a request"),
}

# The tenures and items that a person saw in a span: by reveals that lasted into it, and by the opened parts of
# requests. A released file holds the granted classes, a copy holds all classes, a proof holds no personal data.
SEEN = """
WITH opened AS MATERIALIZED (
    SELECT verb, subject_id::bigint AS request, facts ->> 'what' AS what FROM audit_event
    WHERE actor_id = %(staff)s AND at >= %(since)s AND at < %(until)s AND verb IN (
        'disclosure.opened', 'disclosure.downloaded', 'data_request.read', 'data_request.downloaded')
)
SELECT tenure_id, whose || ':' || field AS item FROM accounts_reveal
WHERE staff_id = %(staff)s AND until > %(since)s AND at < %(until)s
UNION ALL
SELECT target.tenure_id, 'class:said' FROM opened
JOIN accounts_disclosuretarget target ON target.disclosure_id = opened.request
WHERE opened.verb = 'disclosure.opened' AND target.tenure_id IS NOT NULL
UNION ALL
SELECT target.tenure_id, 'class:' || ruling.data_class FROM opened
JOIN accounts_disclosuretarget target ON target.disclosure_id = opened.request
JOIN accounts_disclosureruling ruling ON ruling.disclosure_id = opened.request AND ruling.granted
WHERE opened.verb = 'disclosure.downloaded' AND opened.what = 'file' AND target.tenure_id IS NOT NULL
UNION ALL
SELECT asked.tenure_id, 'class:said' FROM opened
JOIN accounts_datarequest asked ON asked.id = opened.request WHERE opened.verb = 'data_request.read'
UNION ALL
SELECT asked.tenure_id, 'class:' || held.code FROM opened
JOIN accounts_datarequest asked ON asked.id = opened.request
CROSS JOIN unnest(%(held)s::text[]) AS held(code) WHERE opened.verb = 'data_request.downloaded'"""


def breaches() -> QuerySet[Breach]:
    return Breach.objects.select_related("staff", "maker")


def people_of(breach: Breach, before: Staff) -> QuerySet[BreachPerson]:
    """Return the people of the breach, each with `own` and the rows that masking needs, in one query."""
    return with_own(breach.people.select_related("tenure__identity", "tenure__identity_key"), before)


def span(staff: Staff, since: datetime.datetime, until: datetime.datetime) -> dict[str, Any]:
    """Return the parameters of `SEEN`."""
    return {"staff": staff.pk, "since": since, "until": until, "held": list(HELD)}


def count_seen(staff: Staff, since: datetime.datetime, until: datetime.datetime) -> int:
    """Return the number of tenures of which this person saw something."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(DISTINCT tenure_id) FROM ({SEEN}) AS seen", span(staff, since, until))
        return int(cursor.fetchone()[0])


def overdue(now: datetime.datetime | None = None) -> QuerySet[Breach]:
    return Breach.objects.filter(report_due_at__lte=now or timezone.now(), reported_at=None)


def items_of(breach: Breach) -> list["StrOrPromise"]:
    """Return the labels of all items seen in this breach, in their usual order."""
    seen = {
        item.partition(":")[2] for items in breach.people.values_list("fields", flat=True).distinct() for item in items
    }
    return [label for code, label in (dict(Field.choices) | CLASSES).items() if code in seen]


def item_label(item: str) -> str:
    """Return the label of one entry of `BreachPerson.fields`."""
    whose, _colon, code = item.partition(":")
    return str(CLASSES[code]) if whose == CLASS else f"{Field(code).label} · {Reveal.Whose(whose).label}"
