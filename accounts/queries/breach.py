"""Reads of breaches: whom they concern, and whether they are reported in time."""

import datetime
from collections.abc import Iterable

from django.db.models import QuerySet
from django.utils import timezone

from accounts.identity.formats import Field
from accounts.models import Breach, BreachPerson, Reveal
from qqops.staff.models import Staff


def breaches() -> QuerySet[Breach]:
    return Breach.objects.select_related("staff", "maker")


def people_of(breach: Breach) -> QuerySet[BreachPerson]:
    """With what masks them, in one query."""
    return breach.people.select_related("tenure__identity", "tenure__identity_key")


def seen_by(staff: Staff, since: datetime.datetime, until: datetime.datetime) -> QuerySet[Reveal]:
    return Reveal.objects.filter(staff=staff, at__gte=since, at__lt=until)


def overdue(now: datetime.datetime | None = None) -> QuerySet[Breach]:
    return Breach.objects.filter(report_due_at__lte=now or timezone.now(), reported_at=None)


def items_of(breach: Breach) -> list[Field]:
    """Which items of whomever were seen, in their usual order."""
    seen = {item for items in breach.people.values_list("fields", flat=True).distinct() for item in codes(items)}
    return [field for field in Field if field in seen]


def codes(items: Iterable[str]) -> list[str]:
    """The fields of what a `BreachPerson` holds (`holder:mobile`)."""
    return [item.partition(":")[2] for item in items]
