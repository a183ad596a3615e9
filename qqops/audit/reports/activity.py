"""What people did and saw in a period, counted by kind: out of the trail, in one pass over the period."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import BooleanField, Count, ExpressionWrapper, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from qqops.audit import triggers
from qqops.audit.reports.period import Period
from qqops.audit.review import lookups
from qqops.staff.models import Staff

_ACT = ~Q(verb__in=lookups.NO_ACT)

# Code → (what it is called, which events); a code that is a `kind` or a `look` of the review leads there.
COUNTED: Mapping[str, tuple[Any, Q]] = {
    "acts": (_("Acts"), _ACT),
    "approvals": (_("Of these approvals"), Q(verb__in=lookups.APPROVALS)),
    "refusals": (_("Attempts refused"), Q(verb__in=lookups.REFUSALS)),
    "reveals": (_("Reveals"), Q(verb__in=lookups.REVEALS)),
    "reads": (_("Sealed words opened"), Q(verb__in=lookups.READS)),
    "searches": (_("Searches"), Q(verb__in=lookups.SEARCHES)),
    "exports": (_("Exports"), Q(verb__in=lookups.EXPORTS)),
    "sign_ins": (_("Sign-ins"), Q(verb__in=lookups.SIGN_INS)),
    "night": (_("At night"), Q(ExpressionWrapper(RawSQL(triggers.AT_NIGHT, ()), output_field=BooleanField()))),
    "ticketless": (_("Acts without ticket"), _ACT & Q(ticket="", source__in=lookups.PEOPLE)),
}
LOOKS = ("night", "ticketless")


def counts() -> dict[str, Count]:
    return {code: Count("pk", filter=which) for code, (_label, which) in COUNTED.items()}


def by_person(period: Period) -> Iterator[dict[str, Any]]:
    """One row for each member of staff who left a trace; what the system did is nobody's activity."""
    people: QuerySet[Any, Any] = period.events().filter(actor__is_system=False)
    rows = people.values("actor_id", "actor__username", "actor__name").annotate(**counts())
    yield from rows.order_by("actor__username")


def by_day(staff: Staff, period: Period) -> dict[Any, dict[str, int]]:
    """A person's counts for each local day on which there is a trace."""
    own: QuerySet[Any, Any] = period.events().filter(actor=staff).annotate(day=TruncDate("at"))
    return {row.pop("day"): row for row in own.values("day").annotate(**counts()).order_by("day")}


def by_verb(staff: Staff, period: Period) -> list[tuple[str, int]]:
    """What it was, the most frequent first."""
    rows = period.events().filter(actor=staff).values("verb").annotate(n=Count("pk")).order_by("-n", "verb")
    return [(row["verb"], row["n"]) for row in rows]


def reviewed(code: str, login: str, first: Any, last: Any) -> str:
    """Where the review shows the events that a count is of."""
    by = {"look": code} if code in LOOKS else {"kind": code}
    return lookups.review_url(staff=login, from_=first, to=last, **by)
