"""What the overview has of enforcement: decisions that wait for me, what is in force, what runs, decisions by day."""

from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Number
from accounts.numbers.pages import NumberList
from enforcement.decisions.queries import inbox
from enforcement.models import Decision, Halt, Measure
from enforcement.policy import Kind
from enforcement.runs.services import RUN
from qqops.approvals.models import State
from qqops.staff.models import Staff
from qqops.web import overview
from qqops.web.pages import Filter

NUMBERS, DECISIONS = "admin:accounts_number_changelist", "admin:enforcement_decision_changelist"
SEES_NUMBERS, SEES_DECISIONS = "accounts.view_number", "enforcement.view_decision"
DAY = timedelta(days=1)
BATCH = 2  # targets, from which on it is one


def _ending() -> QuerySet[Measure]:
    """Within a day; by the index of what the sweep will end."""
    now = timezone.now()
    return Measure.objects.filter(ended_at=None, until__gt=now, until__lte=now + DAY)


def _numbers_ending(_staff: Staff) -> QuerySet[Measure]:
    """One measure of each number of which any ends: to gather the numbers first would read every one that ends."""
    another = _ending().filter(number=OuterRef("number"), pk__lt=OuterRef("pk"))
    return _ending().filter(~Exists(another))


def _numbers(parameter: str, value: str) -> Any:
    choice = next(one for one in NumberList.filters if one.parameter == parameter)
    return lambda _staff: Number.objects.filter(choice.condition(value) or Q())


def _waiting(_staff: Staff) -> QuerySet[Decision]:
    return Decision.objects.filter(state=State.PROPOSED, expires_at__gt=timezone.now())


def _running(_staff: Staff) -> QuerySet[Decision]:
    return Decision.objects.filter(state=State.APPROVED, target_count__gte=BATCH)


def _halted(_staff: Staff) -> QuerySet[Halt]:
    return Halt.objects.filter(ended_at=None)


def _called(pk: int, kind: str) -> tuple[str, str]:
    told = {"id": f"#{pk}", "act": Kind(kind).label}
    return _("Decision %(id)s: %(act)s") % told, reverse("admin:ruling", args=[pk])


# The list of the numbers is of the app below, which knows no measures.
NumberList.filters = (
    *NumberList.filters,
    Filter(
        gettext_lazy("Measure ends"),
        "ends",
        (("day", gettext_lazy("within 24 hours"), lambda: Q(pk__in=_ending().values("number"))),),
    ),
)

overview.work(inbox, _called, what="kind")
overview.figure(gettext_lazy("All runs are stopped"), "admin:halt", RUN, _halted, order=0, tone="bad", always=False)
overview.figure(
    gettext_lazy("Decisions waiting for approval"),
    DECISIONS,
    SEES_DECISIONS,
    _waiting,
    query="state=proposed",
    order=3,
    tone="warn",
)
overview.figure(gettext_lazy("Batches running"), DECISIONS, SEES_DECISIONS, _running, query="state=approved", order=4)
overview.figure(
    gettext_lazy("Frozen numbers"), NUMBERS, SEES_NUMBERS, _numbers("state", "frozen"), query="state=frozen", order=5
)
overview.figure(
    gettext_lazy("Restricted numbers"),
    NUMBERS,
    SEES_NUMBERS,
    _numbers("state", "restricted"),
    query="state=restricted",
    order=6,
)
overview.figure(
    gettext_lazy("Ending within 24 hours"), NUMBERS, SEES_NUMBERS, _numbers_ending, query="ends=day", order=7
)
overview.series(
    gettext_lazy("Decisions proposed"), SEES_DECISIONS, lambda _staff: Decision.objects.all(), "proposed_at"
)
