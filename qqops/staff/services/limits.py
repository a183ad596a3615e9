"""How much one person may search, export and import: past it the door is shut for a while, and somebody is told."""

from django.utils.translation import gettext_noop

from qqops.alerts.services import raise_alert
from qqops.audit import pen
from qqops.errors import Refused
from qqops.staff.models import Staff
from qqops.staff.signin import throttle

# As an alert names them; message ids, read in the reader's language.
NAMES = {
    "search": gettext_noop("searches"),
    "people": gettext_noop("searches for persons in a day"),
    "export": gettext_noop("exports"),
    "import": gettext_noop("imports"),
}


def spend(what: str, actor: Staff) -> None:
    """Count one use; Refused when it is one too many. Recorded and told once in the span of the limit."""
    verdict = throttle.hit(what, actor.pk)
    if verdict.within:
        return
    refused = Refused(
        gettext_noop("You have reached the limit of what may be searched, exported or imported: wait a while.")
    )
    if verdict.first:
        with pen.act("staff.limit_reached", actor=actor, reason="", subject=actor, facts={"what": what}) as act:
            raise_alert(act, "quota", subject=actor, who=actor.username, what=NAMES[what])
    refused.recorded = True  # by the event above; the next thousand tries are not worth a line each
    raise refused
