"""Sessions of a person: ended one by one by himself, or all at once when he leaves or loses a role."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why
from qqops.staff.models import Staff, StaffSession


def end_all(staff: Staff, *, but: str = "") -> int:
    """End a person's sessions (all but one, given by its row's key); part of the act that is the cause."""
    found, _by_model = StaffSession.objects.filter(staff=staff).exclude(pk=but).delete()
    return found


def end(key: str, *, actor: Staff) -> None:
    """End one of one's own sessions."""
    session = StaffSession.objects.filter(pk=key, staff=actor).first()
    if session is None:
        raise Invalid(_("This session is over already."))
    with recorder.act("staff.session_ended", actor=actor, reason="", subject=actor, facts={"why": "own", "n": 1}):
        session.delete()


def end_others(staff: Staff, *, actor: Staff, but: str = "", reason: str = "") -> int:
    """End all sessions of a person: one's own others, or somebody's, by whoever may end access."""
    facts = {"why": "own" if staff == actor else "ended"}
    with (
        recorder.refusals(actor=actor, subject=staff, facts={"act": "end_sessions"}),
        recorder.act("staff.session_ended", actor=actor, reason=reason, subject=staff, facts=facts) as act,
    ):
        if staff != actor and not actor.has_perm("staff.end_access"):
            raise Refused(gettext_noop("Your role may not do this."))
        if staff != actor:
            must_say_why(reason)
        act.facts["n"] = end_all(staff, but=but)
    return int(act.facts["n"])


def moved(staff: Staff) -> None:
    """Record that a session was used from another address, and so ended."""
    door = Staff.objects.system("system-door")
    with recorder.act("staff.session_ended", actor=door, reason="", subject=staff, facts={"why": "address", "n": 1}):
        pass
