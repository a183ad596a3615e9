"""`manage.py appeals …`: appeals at the terminal, each act a command of its own."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from appeals.management.escalate import Escalate
from appeals.management.file import File
from appeals.management.report import Report
from appeals.management.resend import Resend
from appeals.management.show import Show
from qqops.core.commands import HouseCommand, OpsCommand

SUBCOMMANDS: dict[str, type[OpsCommand]] = {
    "file": File,
    "show": Show,
    "resend": Resend,
    "escalate": Escalate,
    "report": Report,
}


class Command(HouseCommand):
    help = gettext_noop("Appeals: file those of the portal, show how one stands, report. Dry run unless --apply.")

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="{" + ",".join(SUBCOMMANDS) + "}")
        for name, command in SUBCOMMANDS.items():
            one = acts.add_parser(name, help=command.told().partition("\n")[0])
            command().add_arguments(one)

    def handle(self, *args: Any, **options: Any) -> None:
        command = SUBCOMMANDS[options["do"]]()
        command.stdout, command.stderr = self.stdout, self.stderr
        command.handle(*args, **options)
