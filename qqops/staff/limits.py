"""How much one person may search, export, import and cancel: past it the door is shut for a while, and that is told."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext_noop

from qqops.alerts.services import raise_alert
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.signin import throttle

# As an alert names them; message ids, read in the reader's language.
NAMES = {
    "search": gettext_noop("searches"),
    "people": gettext_noop("searches for persons in a day"),
    "export": gettext_noop("exports"),
    "cancel": gettext_noop("cancellations in a day"),
    "import": gettext_noop("imports"),
}


def spend(what: str, actor: Staff, many: int = 1) -> None:
    """Count one use, or so many; Refused when that is too many. Recorded and told once in the span of the limit."""
    verdict = throttle.hit(what, actor.pk, many=many)
    if verdict.within:
        return
    refused = Refused(
        gettext_noop("You have reached the limit of what one person may do of this for a while: go on later.")
    )
    if verdict.first:
        with recorder.act("staff.limit_reached", actor=actor, reason="", subject=actor, facts={"what": what}) as act:
            raise_alert(act, "quota", subject=actor, who=actor.username, what=NAMES[what])
    refused.recorded = True  # by the event above; the next thousand tries are not worth a line each
    raise refused


@contextmanager
def spending(what: str, actor: Staff, many: int) -> Iterator[None]:
    """`spend` around an act of its own transaction: given back when the act is refused."""
    spend(what, actor, many)
    try:
        yield
    except (Refused, Invalid):
        throttle.forgive(what, actor.pk, many=many)
        raise
