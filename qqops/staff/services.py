"""Acts on staff: logins, roles and command tokens."""

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from qqops.audit import origin, pen
from qqops.errors import Refused
from qqops.staff.models import CommandToken, Staff
from qqops.staff.roles import ROLES, SYSTEM_ACTORS


def settle() -> None:
    """After each migration: the named system actors (the roles came with it, `load_roles`)."""
    with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()), transaction.atomic():
        load_system_actors()


def load_roles(using: str) -> None:
    """Make the groups agree with roles.py, as the owning role: the application may only read what a role is."""
    permissions = Permission.objects.using(using).select_related("content_type")
    by_name = {f"{p.content_type.app_label}.{p.codename}": p for p in permissions}
    for role, names in ROLES.items():
        group, _made = Group.objects.using(using).get_or_create(name=role)
        wanted = {by_name[name] for name in names}
        if set(group.permissions.all()) != wanted:
            group.permissions.set(wanted)


def load_system_actors() -> None:
    """Make the named system actors; they record their own arrival, as nobody was there before them."""
    known = set(Staff.objects.filter(is_system=True).values_list("username", flat=True))
    for login in SYSTEM_ACTORS:
        if login in known:
            continue
        actor = Staff(username=login, is_system=True, is_staff=False)
        actor.set_unusable_password()
        Staff.objects.bulk_create([actor])  # no .save(): the history needs an event, the event needs the actor
        with pen.act("staff.joined", actor=actor, reason="", facts={"login": login, "role": "system"}) as act:
            act.history(Staff, [actor.pk], pen.CREATED)


def join(
    login: str, role: str, *, password: str, actor: Staff, reason: str, name: str = "", demo: bool = False
) -> Staff:
    """Make a login with one role; an empty role makes an account that may not enter the staff web."""
    with pen.act("staff.joined", actor=actor, reason=reason, facts={"login": login, "role": role}) as act:
        staff = Staff(username=login, name=name, is_staff=bool(role), is_demo=demo)
        staff.set_password(password)
        staff.save()
        act.wrote(pen.history_model(Staff))
        if role:
            staff.groups.add(Group.objects.get(name=role))
        act.subject = staff
    return staff


def reset_password(staff: Staff, password: str, *, actor: Staff, reason: str) -> None:
    """Set a new password; command tokens issued under the old one end with it."""
    facts = {"login": staff.username}
    with pen.act("staff.password_reset", actor=actor, reason=reason, subject=staff, facts=facts) as act:
        staff.set_password(password)
        staff.save(update_fields=["password"])
        act.wrote(pen.history_model(Staff))
        _end_tokens(staff)


def issue_token(staff: Staff) -> str:
    """Issue a command token to oneself and return its secret, which is shown once and stored nowhere."""
    if not staff.has_perm("staff.issue_token"):
        raise Refused(gettext_noop("Your role does not use commands."))
    with pen.act("staff.token_issued", actor=staff, reason="", subject=staff):
        token, secret = CommandToken.new(staff)
        token.save()
    return secret


def revoke_tokens(staff: Staff, *, actor: Staff, reason: str) -> int:
    """Revoke every live token of a person."""
    with pen.act("staff.token_revoked", actor=actor, reason=reason, subject=staff):
        return _end_tokens(staff)


def _end_tokens(staff: Staff) -> int:
    return CommandToken.objects.filter(staff=staff, revoked_at=None).update(revoked_at=timezone.now())


def bearer(secret: str, login: str) -> Staff:
    """Return the person whose live token this is, if that is who the command says is acting; else Refused."""
    token = CommandToken.objects.select_related("staff").filter(digest=CommandToken.hash(secret.strip())).first()
    dead = gettext_noop("The command token is unknown, expired or revoked: issue a new one on the staff web.")
    if token is None:
        raise Refused(dead)  # nobody to name on the record
    with pen.refusals(actor=token.staff, facts={"claimed": login}):
        if token.staff.username != login:
            raise Refused(gettext_noop("This command token belongs to another person."))
        if not token.is_live or not token.staff.may_enter:
            raise Refused(dead)
    return token.staff
