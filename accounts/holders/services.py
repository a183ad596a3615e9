"""Look up the holders of a number on a given day (9.1).

A lookup at the terminal writes an event, because its output can be kept.
"""

import datetime
from dataclasses import replace

from django.utils.translation import gettext_noop

from accounts.declarations.queries import own_numbers
from accounts.holders.queries import Answer, answers
from accounts.models import Number
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff

LOOK, SEE = "accounts.view_tenure", "accounts.view_identity"


def seen(number: int, day: datetime.date, *, actor: Staff) -> list[Answer]:
    """Return the tenures of a day, with masked identities if the actor may see them and did not declare the number."""
    sees = actor.has_perm(SEE)
    own = sees and own_numbers(actor).filter(number=number).exists()
    return [replace(answer, own=own) for answer in answers(number, day, with_identity=sees and not own)]


def tell(number: int, day: datetime.date, *, actor: Staff, reason: str, ticket: str = "") -> list[Answer]:
    """Return the tenures of a day for the terminal, and write an event. Raises Refused or Invalid."""
    with recorder.refusals(actor=actor, subject=Number(pk=number), facts={"act": "holder"}):
        if not actor.has_perm(LOOK):
            raise Refused(gettext_noop("Your role may not look at tenures."))
        must_say_why(reason)
        found = seen(number, day, actor=actor)
        facts = {"day": day.isoformat(), "n": len(found)}
        with recorder.act(
            "identity.holder_asked", actor=actor, reason=reason, ticket=ticket, subject=Number(pk=number), facts=facts
        ):
            pass
    return found
