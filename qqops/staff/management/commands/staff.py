"""`manage.py staff …`: joiners, movers and leavers at the terminal, by the same two people as on the web."""

import datetime
from collections.abc import Callable
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.core.commands import Exit, OpsCommand, StaffCommand
from qqops.core.errors import Invalid
from qqops.staff import queries
from qqops.staff.access import services as access
from qqops.staff.access.report_services import export_report
from qqops.staff.access.services import (
    draft_invite,
    draft_reset,
    draft_role,
    may_found,
    may_revoke,
    may_rule,
    request_reset,
    request_role,
)
from qqops.staff.models import AccessRequest, Holding, Staff
from qqops.staff.people import services as people
from qqops.staff.people.services import may_deactivate
from qqops.staff.policy import ROLE_LABELS, ROLES
from qqops.staff.queries import FLAGS, Line
from qqops.staff.sessions import services as sessions_services
from qqops.staff.signin import services as signin
from qqops.templatetags.ops import minute

Argument = tuple[str, dict[str, Any]]


class Command(StaffCommand):
    help = gettext_noop(
        "Who may enter, and with which role. Dry run unless --apply.\n\n"
        "  staff invite LOGIN --name NAME --role officer --actor sysadmin --reason '…' --apply\n"
        "  staff grant LOGIN supervisor --until 2026-12-31 …     (cover; needs approval, as invite and reset do)\n"
        "  staff approve 7 --actor supervisor --reason '…' --apply     (prints the link of a first password, once)\n"
        "  staff found SYSADMIN SUPERVISOR --apply     (a new house: while nobody holds any role)\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="do", required=True)
        add = _Acts(acts, super().add_arguments)
        login: Argument = ("login", {"metavar": "LOGIN"})
        role: Argument = ("role", {"choices": list(ROLES), "metavar": "ROLE", "help": ", ".join(ROLES)})
        until: Argument = ("--until", {"metavar": "DATE", "help": _("end: a date is its 00:00 in Shanghai")})
        number: Argument = ("request", {"type": int, "metavar": "ID"})
        name: Argument = ("--name", {"required": True, "help": _("the person's name")})
        wanted: Argument = (
            "--role",
            {"required": True, "choices": list(ROLES), "metavar": "ROLE", "help": ", ".join(ROLES)},
        )
        add("invite", _("propose to let somebody in"), login, name, wanted, until)
        add("grant", _("propose to give a role"), login, role, until)
        add("reset", _("propose a new way in, for who lost password or second factor"), login)
        add("approve", _("agree to a request; prints the link of a new way in, once"), number)
        add("refuse", _("refuse a request"), number)
        add("revoke", _("end a role, at once"), login, role)
        add("deactivate", _("end everything a person holds, at once"), login)
        add("unlock", _("forget failed sign-ins"), login)
        end: Argument = ("--end", {"action": "store_true", "help": _("end them all")})
        add("sessions", _("list a person's sessions"), login, end)
        add("report", _("the access review: who has what, when last used"))
        told = _("let in the first two people of a new house")
        found = acts.add_parser("found", help=told, description=told)
        OpsCommand.add_arguments(self, found)
        found.add_argument("sysadmin", metavar="SYSADMIN")
        found.add_argument("supervisor", metavar="SUPERVISOR")
        found.add_argument("--apply", action="store_true", help=_("do it; without this nothing is changed"))
        acts.metavar = "{" + ",".join(acts.choices) + "}"  # what is told when none is given

    def handle(self, *args: Any, **options: Any) -> None:
        if options["do"] == "found":  # there is nobody yet who could have a token
            OpsCommand.handle(self, *args, **options)
        else:
            super().handle(*args, **options)

    def act(self, **options: Any) -> int:
        self.as_json: bool = options["json"]
        return self.found(options) if options["do"] == "found" else super().act(**options)

    def act_for(self, **options: Any) -> int:
        acts: dict[str, Callable[[dict[str, Any]], int]] = {
            "invite": self.invite,
            "grant": self.grant,
            "reset": self.reset,
            "approve": self.rule,
            "refuse": self.rule,
            "revoke": self.revoke,
            "deactivate": self.deactivate,
            "unlock": self.unlock,
            "sessions": self.sessions,
            "report": self.report,
        }
        return acts[options["do"]](options)

    # Asked for, and given by another

    def invite(self, options: dict[str, Any]) -> int:
        file = access.invite if options["apply"] else draft_invite
        asked: dict[str, Any] = {"name": options["name"], "until": _moment(options["until"]), "actor": self.actor}
        return self.asked(file(options["login"], options["role"], **asked, **_why(options)))

    def grant(self, options: dict[str, Any]) -> int:
        file = request_role if options["apply"] else draft_role
        asked: dict[str, Any] = {"until": _moment(options["until"]), "actor": self.actor}
        return self.asked(file(people.named(options["login"]), options["role"], **asked, **_why(options)))

    def reset(self, options: dict[str, Any]) -> int:
        file = request_reset if options["apply"] else draft_reset
        return self.asked(file(people.named(options["login"]), actor=self.actor, **_why(options)))

    def asked(self, request: AccessRequest) -> int:
        """A draft has no number: then it was a dry run."""
        filed = request.pk is not None
        if self.as_json:
            self.say_json(_request_json(request))
        elif filed:
            self.say(_("Request #%(id)d waits for approval.") % {"id": request.pk})
        else:
            self.say(_("Dry run: nothing is changed. With --apply you would ask for:"))
        if not self.as_json:
            self.lines(request)
        if request.code and not self.as_json:
            self.say(
                "  " + _("code, shown only now; tell it to the person yourself: %(code)s") % {"code": request.code}
            )
        return Exit.WAITING if filed else Exit.DRY_RUN

    def rule(self, options: dict[str, Any]) -> int:
        request = queries.requests().filter(pk=options["request"]).first()
        if request is None:
            raise Invalid(_("There is no access request #%(id)d.") % {"id": options["request"]})
        if not options["apply"]:
            may_rule(request, self.actor)
            people.reasoned(options["reason"])
            if self.as_json:
                self.say_json(_request_json(request))
            else:
                self.say(_("Dry run: nothing is changed. With --apply you would rule on:"))
                self.lines(request)
            return Exit.DRY_RUN
        rule = access.approve if options["do"] == "approve" else access.refuse
        ruled = rule(request, actor=self.actor, reason=options["reason"], content_hash=request.content_hash)
        if self.as_json:
            self.say_json(_request_json(ruled.request) | {"link": ruled.link})
            return Exit.DONE
        if options["do"] == "approve":
            self.say(_("Request #%(id)d is approved.") % {"id": request.pk})
        else:
            self.say(_("Request #%(id)d was refused.") % {"id": request.pk})
        if ruled.link:
            self.say_links({request.staff: ruled.link})
        return Exit.DONE

    def lines(self, request: AccessRequest) -> None:
        role = f" · {ROLE_LABELS[request.role]}" if request.role else ""
        self.say(f"  {request.staff}: {request.get_kind_display()}{role}")
        if request.until:
            self.say("  " + _("until: %(at)s") % {"at": minute(request.until)})
        self.say("  " + _("reason: %(reason)s") % {"reason": request.reason})
        if request.staff.pk and (clash := self.clash(request)):
            self.say("  " + _("cannot be approved while %(held)s is held") % {"held": clash})

    def clash(self, request: AccessRequest) -> str:
        held = queries.clashing(request.role, request.staff.roles)
        return ", ".join(str(ROLE_LABELS[role]) for role in held)

    def say_links(self, links: dict[Staff, str]) -> None:
        self.say(_("Shown only now; open it on the staff web. Good for 72 hours, once:"))
        for staff, path in links.items():
            self.say(f"  {staff.username}  {_house()}{path}")

    # Taken away, at once

    def revoke(self, options: dict[str, Any]) -> int:
        staff, role = people.named(options["login"]), options["role"]
        if not options["apply"]:
            may_revoke(staff, role, self.actor)
            return self.would(staff, options)
        access.revoke(staff, role, actor=self.actor, reason=options["reason"])
        return self.done(staff, _("%(who)s is no longer %(role)s."), role=ROLE_LABELS[role])

    def deactivate(self, options: dict[str, Any]) -> int:
        staff = people.named(options["login"])
        if not options["apply"]:
            may_deactivate(staff, self.actor)
            return self.would(staff, options)
        people.deactivate(staff, actor=self.actor, reason=options["reason"])
        return self.done(staff, _("%(who)s is deactivated."))

    def unlock(self, options: dict[str, Any]) -> int:
        staff = people.named(options["login"])
        if not options["apply"]:
            people.may(self.actor, "staff.unlock")
            return self.would(staff, options)
        people.reasoned(options["reason"])
        signin.unlock(staff.username, actor=self.actor, reason=options["reason"])
        return self.done(staff, _("%(who)s can try to sign in again."))

    def sessions(self, options: dict[str, Any]) -> int:
        staff = people.named(options["login"])
        people.may(self.actor, "staff.end_access")
        if options["end"] and options["apply"]:
            people.reasoned(options["reason"])
            ended = sessions_services.end_others(staff, actor=self.actor, reason=options["reason"])
            return self.done(staff, _("Sessions of %(who)s ended: %(n)d."), n=ended)
        found = list(queries.sessions_of(staff))
        if options["end"] and not self.as_json:
            self.say(_("Dry run: nothing is changed. With --apply these would end:"))
        if self.as_json:
            listed = [
                {"started_at": s.started_at, "seen_at": s.seen_at, "address": s.address, "browser": s.browser}
                for s in found
            ]
            self.say_json({"login": staff.username, "sessions": listed})
        else:
            for s in found:
                since = minute(s.started_at) if s.started_at else "–"
                self.say(f"{since}  {minute(s.seen_at)}  {s.address or '–'}  {s.browser}")
            self.say(_("Sessions of %(who)s: %(n)d.") % {"who": staff, "n": len(found)})
        return Exit.DRY_RUN if options["end"] else Exit.DONE

    def would(self, staff: Staff, options: dict[str, Any]) -> int:
        people.reasoned(options["reason"])
        held = [role for role in ROLES if role in staff.roles]
        if self.as_json:
            self.say_json({"login": staff.username, "active": staff.is_active, "roles": held, "applied": False})
        else:
            self.say(_("Dry run: nothing is changed. This would be done to:"))
            self.say(f"  {staff}: {', '.join(str(ROLE_LABELS[role]) for role in held) or '–'}")
        return Exit.DRY_RUN

    def done(self, staff: Staff, sentence: str, **more: Any) -> int:
        if self.as_json:
            staff = people.named(staff.username)
            held = [role for role in ROLES if role in staff.roles]
            self.say_json({"login": staff.username, "active": staff.is_active, "roles": held, "applied": True})
        else:
            self.say(sentence % ({"who": staff} | more))
        return Exit.DONE

    # Looked at

    def report(self, options: dict[str, Any]) -> int:
        lines = export_report(actor=self.actor, reason=options["reason"])
        if self.as_json:
            self.say_json({"rows": [_line_json(line) for line in lines]})
            return Exit.DONE
        head = (_("Login"), _("Role"), _("From – until"), _("Last act"), _("To look at"))
        self.say(f"{head[0]:<16} {'  '.join(head[1:])}")
        for line in lines:
            role = ROLE_LABELS[line.holding.role] if line.holding else "–"
            used = minute(line.last_act) if line.last_act else "–"
            flags = ", ".join(str(FLAGS[flag]) for flag in line.flags)
            self.say(f"{line.staff.username:<16} {role}  {_span(line.holding)}  {used}  {flags}".rstrip())
        return Exit.DONE

    # The first two

    def found(self, options: dict[str, Any]) -> int:
        two = options["sysadmin"], options["supervisor"]
        if not options["apply"]:
            may_found(*two)
            if self.as_json:
                self.say_json({"links": {}})
            else:
                self.say(_("Dry run: would let in %(sysadmin)s and %(supervisor)s.") % options)
            return Exit.DRY_RUN
        links = access.found(*two)
        if self.as_json:
            self.say_json({"links": {staff.username: path for staff, path in links.items()}})
        else:
            self.say_links(links)
        return Exit.DONE


class _Acts:
    """Adds the acts of a person, each with the arguments that all of them take."""

    def __init__(self, acts: Any, usual: Callable[[CommandParser], None]) -> None:
        self.acts, self.usual = acts, usual

    def __call__(self, name: str, said: str, *arguments: Argument) -> None:
        parser = self.acts.add_parser(name, help=said, description=said)
        for flag, how in arguments:
            parser.add_argument(flag, **how)
        self.usual(parser)


def _house() -> str:
    """Where the staff web is, as far as the settings name it: a shell does not know the name that people use."""
    named = [host for host in settings.ALLOWED_HOSTS if not host.startswith(("*", "."))]
    return f"https://{named[0]}" if settings.PRODUCTION and named else ""


def _moment(text: str | None) -> datetime.datetime | None:
    """A date means its beginning, 00:00 Asia/Shanghai: where there is doubt, the shorter span."""
    try:
        moment: datetime.datetime | None = forms.DateTimeField(required=False).clean(text)
    except ValidationError as error:
        raise Invalid(_("“%(text)s” is not a date: write 2026-12-31 or 2026-12-31 18:00.") % {"text": text}) from error
    return moment


def _why(options: dict[str, Any]) -> dict[str, Any]:
    return {"reason": options["reason"], "ticket": options["ticket"]}


def _span(holding: Holding | None) -> str:
    if holding is None:
        return "–"
    return f"{minute(holding.since)} – {minute(holding.until)}" if holding.until else f"{minute(holding.since)} –"


def _request_json(request: AccessRequest) -> dict[str, Any]:
    return {
        "request": request.pk,
        "code": request.code,
        "state": request.state if request.pk else "dry_run",
        "kind": request.kind,
        "login": request.staff.username,
        "role": request.role,
        "until": request.until,
        "expires_at": request.expires_at,
    }


def _line_json(line: Line) -> dict[str, Any]:
    holding = line.holding
    return {
        "login": line.staff.username,
        "active": line.staff.is_active,
        "role": holding.role if holding else None,
        "since": holding.since if holding else None,
        "until": holding.until if holding else None,
        "emergency": holding.glass if holding else None,
        "last_sign_in": line.last_sign_in,
        "last_act": line.last_act,
        "second_factor": line.has_factor,
        "flags": list(line.flags),
    }
