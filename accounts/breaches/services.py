"""Acts on breaches (PIPL 57): register with the people concerned, assess, report, record the notification, close.

A larger breach is reported within four hours of being found (Incident Reporting Measures 4). The people concerned
follow from the recorded viewing of one staff member, who may not handle the breach.
"""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.breaches.queries import SEEN, count_seen, overdue, span
from accounts.models import Breach, BreachPerson
from qqops.alerts.services import raise_alert, raised_within
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused, conflict
from qqops.core.personal_data import no_personal_data
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

ABOUT_SELF = conflict(gettext_noop("This is about your own viewing: another person must handle it."))

HANDLE = "accounts.handle_breach"
REPORT_WITHIN = datetime.timedelta(hours=4)
ALWAYS = datetime.timedelta(days=36500)
LARGER, ORDINARY = Breach.Level.LARGER, Breach.Level.ORDINARY

_LIST_PEOPLE = f"""
INSERT INTO accounts_breachperson (event, breach_id, tenure_id, fields)
SELECT %(event)s, %(breach)s, tenure_id, jsonb_agg(DISTINCT item) FROM ({SEEN}) AS seen
GROUP BY tenure_id ORDER BY tenure_id"""


@dataclass(frozen=True)
class Finding:
    """A breach to be registered: the facts, when they were found, and the staff member and span of the viewing."""

    level: str
    what: str
    found_at: datetime.datetime
    staff: Staff | None = None
    viewed_from: datetime.datetime | None = None
    viewed_to: datetime.datetime | None = None

    @property
    def report_due_at(self) -> datetime.datetime | None:
        return self.found_at + REPORT_WITHIN if self.level == LARGER else None

    @property
    def facts(self) -> dict[str, Any]:
        result = {"level": str(self.level)}
        if self.staff and self.viewed_from and self.viewed_to:
            result |= {
                "who": self.staff.username,
                "since": self.viewed_from.isoformat(),
                "until": self.viewed_to.isoformat(),
            }
        return result


def check(found: Finding, *, actor: Staff) -> int:
    """Return how many tenures `register` would list. Raises the errors of `register`."""
    _require_permission(actor, found.staff)
    if found.level not in Breach.Level.values:
        raise Invalid(_("Say how grave the breach is."))
    _require_texts(_("Say what happened."), found.what)
    _past_time(found.found_at)
    if found.staff is None and found.viewed_from is None and found.viewed_to is None:
        return 0
    if found.staff is None or found.viewed_from is None or found.viewed_to is None:
        raise Invalid(_("Whose viewing, from when and until when belong together."))
    if found.viewed_from >= found.viewed_to:
        raise Invalid(_("The span of viewing ends before it begins."))
    return count_seen(found.staff, found.viewed_from, found.viewed_to)


def register(found: Finding, *, actor: Staff, reason: str, ticket: str = "") -> Breach:
    """Register a breach, and list every tenure of which the staff member saw something in that span."""
    with recorder.refusals(actor=actor, facts={"act": "breach.register", **found.facts}), transaction.atomic():
        check(found, actor=actor)
        must_say_why(reason)
        with recorder.act("breach.registered", actor=actor, reason=reason, ticket=ticket, facts=found.facts) as act:
            breach = Breach.objects.create(
                level=found.level,
                what=found.what,
                staff=found.staff,
                viewed_from=found.viewed_from,
                viewed_to=found.viewed_to,
                maker=actor,
                found_at=found.found_at,
                report_due_at=found.report_due_at,
            )
            act.wrote(recorder.history_model(Breach))
            act.subject = breach
            act.facts |= {"breach": breach.pk, "people": _list_people(act, breach)}
    return breach


def _list_people(act: recorder.Act, breach: Breach) -> int:
    if breach.staff is None or breach.viewed_from is None or breach.viewed_to is None:
        return 0
    given = span(breach.staff, breach.viewed_from, breach.viewed_to) | {"event": act.event_id, "breach": breach.pk}
    with connection.cursor() as cursor:
        cursor.execute(_LIST_PEOPLE, given)
        listed: int = cursor.rowcount
    if listed:
        act.wrote(BreachPerson, rows=listed)
    return listed


# Steps


@dataclass(frozen=True)
class Step:
    verb: str
    bar: Callable[[Breach], None]  # raises Invalid if the step cannot be taken now
    columns: Callable[[Breach, Mapping[str, Any]], dict[str, Any]]  # returns the values to write, or raises Invalid


def check_step(breach: Breach, step: str, *, actor: Staff, given: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the column values that the step would write. Raises the errors of `take`.

    Without `given`, only check whether the step may be taken now.
    """
    _require_permission(actor, breach.staff)
    if breach.closed_at:
        raise Invalid(_("This breach is closed."))
    STEPS[step].bar(breach)
    return STEPS[step].columns(breach, given) if given is not None else {}


def take(breach: Breach, step: str, given: Mapping[str, Any], *, actor: Staff, reason: str, ticket: str = "") -> Breach:
    """Take one of the `STEPS` of a breach."""
    with recorder.refusals(actor=actor, subject=breach, facts={"act": STEPS[step].verb}), transaction.atomic():
        breach = Breach.objects.select_related("staff").select_for_update(no_key=True, of=("self",)).get(pk=breach.pk)
        columns = check_step(breach, step, actor=actor, given=given)
        must_say_why(reason)
        facts = {"breach": breach.pk, "level": columns.get("level", breach.level)}
        with recorder.act(
            STEPS[step].verb, actor=actor, reason=reason, ticket=ticket, subject=breach, facts=facts
        ) as act:
            for name, value in columns.items():
                setattr(breach, name, value)
            breach.save(update_fields=list(columns))
            act.wrote(recorder.history_model(Breach))
    return breach


def _assess(breach: Breach, given: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: given[name] for name in ("cause", "harm", "remedy")}
    _require_texts(_("Say the cause, the possible harm and what was done."), *texts.values())
    if not given["contact"].strip():  # the operator's own contact, so a telephone number is allowed
        raise Invalid(_("Say whom people can ask."))
    if given["level"] not in Breach.Level.values or (breach.level, given["level"]) == (LARGER, ORDINARY):
        raise Invalid(_("A breach that has to be reported remains one."))
    due = breach.report_due_at or (breach.found_at + REPORT_WITHIN if given["level"] == LARGER else None)
    return texts | {"contact": given["contact"], "level": given["level"], "report_due_at": due}


def _bar_report(breach: Breach) -> None:
    if breach.reported_at:
        raise Invalid(_("This breach was reported already."))


def _report(breach: Breach, given: Mapping[str, Any]) -> dict[str, Any]:
    _require_texts(_("Say to whom it was reported."), given["to"])
    return {"reported_to": given["to"], "reported_at": _past_time(given["at"], after=breach.found_at)}


def _bar_tell(breach: Breach) -> None:
    if breach.people_told_at:
        raise Invalid(_("The people of this breach were told already."))
    _require_assessed(breach)


def _tell(breach: Breach, given: Mapping[str, Any]) -> dict[str, Any]:
    return {"people_told_at": _past_time(given["at"], after=breach.found_at)}


def _require_assessed(breach: Breach) -> None:
    """Raise Invalid without an assessment: the notice to the people states cause, harm and remedy (PIPL 57)."""
    if not breach.cause:
        raise Invalid(_("Assess the breach first: its cause, the possible harm, what was done."))


def _bar_close(breach: Breach) -> None:
    _require_assessed(breach)
    if breach.level == LARGER and not breach.reported_at:
        raise Invalid(_("This breach has to be reported before it can be closed."))


def _close(breach: Breach, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the closing columns. Without a notification, a written reason is required (PIPL 57 ¶2).

    People need not be notified if the measures taken avoid the harm.
    """
    why = "" if breach.people_told_at else given["not_told_because"]
    if not breach.people_told_at:
        _require_texts(_("Tell the people, or say in writing why they need not be told."), why)
    return {"not_told_because": why, "closed_at": timezone.now()}


ASSESS, REPORT, TELL, CLOSE = "assess", "report", "tell", "close"
STEPS = {
    ASSESS: Step("breach.assessed", lambda breach: None, _assess),
    REPORT: Step("breach.reported", _bar_report, _report),
    TELL: Step("breach.people_told", _bar_tell, _tell),
    CLOSE: Step("breach.closed", _bar_close, _close),
}


def _require_permission(actor: Staff, whose: Staff | None) -> None:
    if not actor.has_perm(HANDLE):
        raise Refused(gettext_noop("Your role may not handle breaches."))
    if whose is not None and whose.pk == actor.pk:
        raise Refused(ABOUT_SELF)


def _require_texts(otherwise: str, *texts: str) -> None:
    if not all(text.strip() for text in texts):
        raise Invalid(otherwise)
    no_personal_data(*texts)


def _past_time(at: datetime.datetime, after: datetime.datetime | None = None) -> datetime.datetime:
    if at > timezone.now():
        raise Invalid(_("The time lies in the future."))
    if after is not None and at < after:
        raise Invalid(_("The time lies before the breach was found."))
    return at


# Reminder


def remind(*, actor: Staff) -> int:
    """Raise one alert for each breach that was not reported in time. Return how many are overdue."""
    found = list(overdue())
    for breach in found:
        if breach.report_due_at is None or raised_within(ALWAYS, "breach_overdue", breach):
            continue
        facts: dict[str, Any] = {"breach": breach.pk, "until": breach.report_due_at.isoformat()}
        with recorder.act("breach.overdue", actor=actor, reason="", subject=breach, facts=facts) as act:
            raise_alert(act, "breach_overdue", breach, once=ALWAYS, **facts)
    return len(found)
