"""The sign-in on the record: who came in and how, who failed, who was locked out; the limits of trying."""

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from qqops.alerts.services import raise_alert
from qqops.audit import origin, recorder
from qqops.audit.origin import address_of
from qqops.staff.models import Staff
from qqops.staff.people.services import may, named, reasoned
from qqops.staff.signin import throttle
from qqops.staff.signin.devices import STRANGERS, known_as


def try_password(request: HttpRequest, login: str) -> None:
    """Count an attempt on a login; ValidationError when there were too many. Known devices count by themselves."""
    device = known_as(request, login)
    if device == STRANGERS:
        # First, and alone when it is over: who tries one login after the other leaves no counter for each.
        _stop_address_when_over(throttle.hit("sign-in-address", throttle.network(address_of(request))))
    _stop_when_over(throttle.hit("sign-in", login.casefold(), device), Staff.objects.filter(username=login).first())


def password_was_right(request: HttpRequest, login: str) -> None:
    device = known_as(request, login)
    throttle.forget("sign-in", login.casefold(), device)
    if device == STRANGERS:
        throttle.forgive("sign-in-address", throttle.network(address_of(request)))


def try_passkey(request: HttpRequest) -> None:
    """Count who asks for a challenge or answers one; whom it is about nobody knows yet."""
    _stop_address_when_over(throttle.hit("passkey", throttle.network(address_of(request))))


def try_code(request: HttpRequest, staff: Staff) -> None:
    """Who is asked for a code has given the password: it may have got out, and that is told otherwise."""
    verdict = throttle.hit("second-factor", staff.username.casefold(), known_as(request, staff.username))
    _stop(verdict, "locked_out_code", staff, login=staff.username)


def code_was_right(request: HttpRequest, staff: Staff) -> None:
    throttle.forget("second-factor", staff.username.casefold(), known_as(request, staff.username))


def try_own_password(staff: Staff) -> None:
    """Guesses at the old password by whoever sits at the person's desk: they lock nothing but that page."""
    _stop_when_over(throttle.hit("own-password", staff.pk), staff)


def own_password_was_right(staff: Staff) -> None:
    throttle.forget("own-password", staff.pk)


def _stop_when_over(verdict: throttle.Verdict, staff: Staff | None) -> None:
    # Never what was typed: it may be a password.
    _stop(verdict, "locked_out", staff, login=staff.username if staff else "?")


def _stop_address_when_over(verdict: throttle.Verdict) -> None:
    _stop(verdict, "locked_out_address", None, once_key=origin.current().address or "")


def _stop(verdict: throttle.Verdict, what: str, staff: Staff | None, once_key: str = "", **facts: str) -> None:
    if verdict.within:
        return
    if verdict.first:
        door = Staff.objects.system("system-door")
        with recorder.act(f"staff.{what}", actor=door, reason="", subject=staff, facts=facts) as act:
            raise_alert(act, what, subject=staff, once=throttle.HOUR, once_key=once_key, **facts)
    raise ValidationError(_("Too many attempts. Wait five minutes, or ask for your sign-in to be unlocked."))


def failed(login: str, how: str) -> None:
    """Record a wrong password, code or passkey; of an unknown login nothing is kept but that it happened."""
    staff = Staff.objects.filter(username=login).first()
    door = Staff.objects.system("system-door")
    facts = {"login": staff.username if staff else "?", "how": how}
    with recorder.act("staff.sign_in_failed", actor=door, reason="", subject=staff, facts=facts):
        pass


def signed_in(staff: Staff, how: list[str]) -> None:
    with recorder.act("staff.signed_in", actor=staff, reason="", subject=staff, facts={"how": how}):
        pass


def signed_out(staff: Staff) -> None:
    with recorder.act("staff.signed_out", actor=staff, reason="", subject=staff):
        pass


def factor_changed(staff: Staff, verb: str, factor: str) -> None:
    with recorder.act(verb, actor=staff, reason="", subject=staff, facts={"factor": factor}):
        pass


def proved(staff: Staff, how: str) -> None:
    with recorder.act("staff.proved", actor=staff, reason="", subject=staff, facts={"how": how}):
        pass


def unlock(login: str, *, actor: Staff, reason: str) -> int:
    """Forget the failed attempts on a login; return how many counters there were."""
    staff = named(login)
    with (
        recorder.refusals(actor=actor, subject=staff, facts={"act": "unlock"}),
        recorder.act("staff.unlocked", actor=actor, reason=reason, subject=staff, facts={"login": staff.username}),
    ):
        may(actor, "staff.unlock")
        reasoned(reason)
        return sum(throttle.forget(name, staff.username.casefold()) for name in ("sign-in", "second-factor"))
