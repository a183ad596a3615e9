"""`manage.py demo`: roles, rulebook summaries, numbers, decisions and logins to try the house with."""

import os
import secrets
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from qqops.boot import demo
from qqops.core.commands import Exit, OpsCommand
from qqops.core.errors import Refused
from qqops.staff.models import CommandToken, Staff
from qqops.staff.people import services as people
from qqops.staff.people.services import reset_password
from qqops.staff.tokens.services import issue_token

# login → role, name; the outsider may not enter the staff web.
LOGINS = {
    "agent": ("agent", "客服小安"),
    "reviewer": ("reviewer", "审核小雷"),
    "reviewer2": ("reviewer", "审核小苏"),
    "officer": ("officer", "处置小欧"),
    "officer2": ("officer", "处置小方"),
    "supervisor": ("supervisor", "主管老陆"),
    "supervisor2": ("supervisor", "主管老宋"),
    "resources": ("resources", "号码资源小任"),
    "privacy": ("privacy", "个保小裴"),
    "auditor": ("auditor", "审计小沈"),
    "sysadmin": ("sysadmin", "系统小施"),
    "outsider": ("", "局外人"),
}


class Command(OpsCommand):
    help = gettext_noop("Build the demo, or what is missing of it: running it again changes nothing that exists.")

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--numbers", type=int, default=5000, help=_("how many numbers (default: 5000)"))
        parser.add_argument("--reset-passwords", action="store_true", help=_("give the demo logins a new password"))

    def act(self, **options: Any) -> int:
        if settings.PRODUCTION:
            raise Refused(gettext_noop("The demo is not for production."))
        setup = Staff.objects.system("system-setup")
        password = self._logins(setup, reset=options["reset_passwords"])
        wish = demo.Wish(numbers=options["numbers"], setup=setup)
        for build in demo.steps():
            self.say(build(wish))
        self._tokens()
        self.say()
        self.say(_("Logins (password for all: %(password)s):") % {"password": password})
        for login, (role, _name) in LOGINS.items():
            self.say(f"  {login:<12} {role or '–'}")
        self.say(_("Command tokens: .demo/LOGIN.token"))
        return Exit.DONE

    def _logins(self, setup: Staff, *, reset: bool) -> str:
        kept = settings.DEMO_DIR / "password"
        known = set(Staff.objects.filter(username__in=LOGINS).values_list("username", flat=True))
        old = kept.read_text() if kept.exists() else ""
        password = settings.QQOPS_DEMO_PASSWORD or ("" if reset else old) or secrets.token_urlsafe(9)
        for login, (role, name) in LOGINS.items():
            if login not in known:
                people.join(login, role, password=password, name=name, actor=setup, reason="demo", demo=True)
        if known and password != old:  # asked for, or the file with the password is gone
            for staff in Staff.objects.filter(username__in=known):
                reset_password(staff, password, actor=setup, reason="demo")
        _write_private(kept, password)
        return password

    def _tokens(self) -> None:
        live = set(
            CommandToken.objects.filter(revoked_at=None, expires_at__gt=timezone.now()).values_list("digest", flat=True)
        )
        for staff in Staff.objects.filter(username__in=[login for login, (role, _name) in LOGINS.items() if role]):
            path = settings.DEMO_DIR / f"{staff.username}.token"
            if not path.exists() or CommandToken.hash(path.read_text().strip()) not in live:
                _write_private(path, issue_token(staff))


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with open(path, "w", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(text)
