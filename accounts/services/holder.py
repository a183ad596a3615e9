"""Asking at the terminal who answers for a day (9.1): what is printed leaves the desk, so it is on the record."""

import datetime

from django.utils.translation import gettext_noop

from accounts.models import Number
from accounts.queries.holder import Answer, answers
from qqops.audit import pen
from qqops.errors import Refused
from qqops.reason import must_say_why
from qqops.staff.models import Staff

LOOK, SEE = "accounts.view_tenure", "accounts.view_identity"


def tell(number: int, day: datetime.date, *, actor: Staff, reason: str, ticket: str = "") -> list[Answer]:
    """The answers of a day, with masked identities where the role may see those."""
    with pen.refusals(actor=actor, subject=Number(pk=number), facts={"act": "holder"}):
        if not actor.has_perm(LOOK):
            raise Refused(gettext_noop("Your role may not look at tenures."))
        must_say_why(reason)
        found = answers(number, day, with_identity=actor.has_perm(SEE))
        facts = {"day": day.isoformat(), "n": len(found)}
        with pen.act(
            "identity.holder_asked", actor=actor, reason=reason, ticket=ticket, subject=Number(pk=number), facts=facts
        ):
            pass
    return found
