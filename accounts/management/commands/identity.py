"""`manage.py identity …`: acts on identity information at the terminal, each a command of its own."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext_noop

from accounts.management.erasure_commands import Erasures, PurgeExpired, Reapply
from accounts.management.identity_import import Import
from qqops.core.commands import HouseCommand, OpsCommand

SUBCOMMANDS: dict[str, type[OpsCommand]] = {
    "import": Import,
    "purge_expired": PurgeExpired,
    "erasures": Erasures,
    "reapply": Reapply,
}


class Command(HouseCommand):
    help = gettext_noop(
        "Identity information: import it, erase what is over, list and repeat erasures. Dry run unless --apply."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="do", required=True, metavar="{" + ",".join(SUBCOMMANDS) + "}")
        for name, command in SUBCOMMANDS.items():
            one = acts.add_parser(name, help=command.told().partition("\n")[0])
            command().add_arguments(one)

    def handle(self, *args: Any, **options: Any) -> None:
        command = SUBCOMMANDS[options["do"]]()
        command.stdout, command.stderr = self.stdout, self.stderr
        command.handle(*args, **options)
