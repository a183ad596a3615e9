"""Limits on how much one staff member may search, export, import and cancel. Exceeding one raises an alert."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_noop

from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.signin import throttle

# Names of the limits in alerts: message ids, translated for the reader.
NAMES = {
    "search": gettext_noop("searches"),
    "people": gettext_noop("searches for persons in a day"),
    "export": gettext_noop("exports"),
    "cancel": gettext_noop("cancellations in a day"),
    "import": gettext_noop("imports"),
}


def spend(what: str, actor: Staff, many: int = 1) -> None:
    """Count `many` uses. Raise Refused if the limit is exceeded.

    The first refusal in the period of the limit writes an event and raises an alert.
    """
    verdict = throttle.hit(what, actor.pk, many=many)
    if verdict.within:
        return
    refused = Refused(
        gettext_noop("You have reached the limit of what one person may do of this for a while: go on later.")
    )
    if verdict.first:
        with recorder.act("staff.limit_reached", actor=actor, reason="", subject=actor, facts={"what": what}) as act:
            raise_alert(act, "quota", subject=actor, who=actor.username, what=NAMES[what])
    refused.recorded = True  # the event above is enough: further attempts write none
    raise refused


@contextmanager
def spending(what: str, actor: Staff, many: int) -> Iterator[None]:
    """Count `many` uses around an act with its own transaction. Give them back if the act raises Refused or Invalid."""
    spend(what, actor, many)
    try:
        yield
    except (Refused, Invalid):
        throttle.forgive(what, actor.pk, many=many)
        raise
