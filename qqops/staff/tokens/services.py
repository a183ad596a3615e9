"""Command tokens: issued to oneself, revoked, and asked for by every command that acts for a person."""

from django.utils import timezone
from django.utils.translation import gettext_noop

from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff.models import CommandToken, Staff


def issue_token(staff: Staff) -> str:
    """Issue a command token to oneself and return its secret, which is shown once and stored nowhere."""
    if not staff.has_perm("staff.issue_token"):
        raise Refused(gettext_noop("Your role does not use commands."))
    with recorder.act("staff.token_issued", actor=staff, reason="", subject=staff):
        token, secret = CommandToken.new(staff)
        token.save()
    return secret


def revoke_tokens(staff: Staff, *, actor: Staff, reason: str) -> int:
    """Revoke every live token of a person."""
    with recorder.act("staff.token_revoked", actor=actor, reason=reason, subject=staff):
        return end_tokens(staff)


def end_tokens(staff: Staff) -> int:
    """End a person's tokens; part of the act that is the cause."""
    return CommandToken.objects.filter(staff=staff, revoked_at=None).update(revoked_at=timezone.now())


def bearer(secret: str, login: str) -> Staff:
    """Return the person whose live token this is, if that is who the command says is acting; else Refused."""
    token = CommandToken.objects.select_related("staff").filter(digest=CommandToken.hash(secret.strip())).first()
    dead = gettext_noop("The command token is unknown, expired or revoked: issue a new one on the staff web.")
    if token is None:
        # Nobody to name but the door: somebody at a terminal tries secrets.
        with recorder.refusals(actor=Staff.objects.system("system-door"), facts={}):
            raise Refused(dead)
    with recorder.refusals(actor=token.staff, facts={"claimed": login}):
        if token.staff.username != login:
            raise Refused(gettext_noop("This command token belongs to another person."))
        if not token.is_live or not token.staff.may_enter:
            raise Refused(dead)
    return token.staff
