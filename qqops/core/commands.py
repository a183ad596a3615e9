"""Base classes of the house's commands: who acts, from where, dry run by default, exit codes that mean something."""

import argparse
import json
import os
import sys
from enum import IntEnum
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from qqops.audit import origin, recorder
from qqops.core.errors import Invalid, Refused
from qqops.crypto import keys
from qqops.crypto.seal import CannotOpen
from qqops.staff.models import Staff
from qqops.staff.tokens import services as tokens


class Exit(IntEnum):
    DONE, ERROR, USAGE, PARTLY, DRY_RUN, REFUSED, WAITING, BROKEN = range(8)


class Help(argparse.RawDescriptionHelpFormatter):
    """The help of a command: the lines of its description as they stand, and argparse's own words translated."""

    HEADINGS = {"positional arguments": gettext_lazy("arguments"), "options": gettext_lazy("options")}
    GIVEN = {"--help": gettext_lazy("show this help"), "--skip-checks": gettext_lazy("skip the check of the settings")}

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        super().add_usage(usage, actions, groups, _("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        super().start_section(str(self.HEADINGS.get(heading or "", heading or "")))

    def add_argument(self, action: argparse.Action) -> None:
        given = next((self.GIVEN[one] for one in action.option_strings if one in self.GIVEN), None)
        action.help = str(given) if given else action.help
        super().add_argument(action)


class HouseCommand(BaseCommand):
    """A command whose help tells of the house only: Django's own options work, and are of no use at a desk."""

    suppressed_base_arguments = {
        "--version",
        "--verbosity",
        "--settings",
        "--pythonpath",
        "--traceback",
        "--no-color",
        "--force-color",
    }

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, formatter_class=Help, **kwargs)
        parser.description = self.told()
        return parser

    @classmethod
    def told(cls) -> str:
        """Its help, marked for translation where it is written and put into words when it is asked for."""
        return _(cls.help) if cls.help else ""


class OpsCommand(HouseCommand):
    """`act` does the work and returns an exit code; domain errors become a sentence and a code here."""

    source = origin.COMMAND
    opens = True  # what is sealed, or seals: not without the keys

    def add_arguments(self, parser: CommandParser) -> None:
        parser.formatter_class = Help  # also where it is the parser of one act of several
        parser.description = parser.description or self.told()
        parser.add_argument("--json", action="store_true", help=_("print one JSON object"))

    def handle(self, *args: Any, **options: Any) -> None:
        with origin.origin(self.source, os_user=origin.terminal_user()):
            try:
                if self.opens:
                    keys.ready()
                code = self.act(**options)
            except Invalid as error:
                raise CommandError(str(error), returncode=Exit.USAGE) from error
            except Refused as error:
                raise CommandError(str(error), returncode=Exit.REFUSED) from error
            except keys.UnfitKeys as error:
                raise CommandError(str(error), returncode=Exit.ERROR) from error
            except CannotOpen as error:
                raise CommandError(
                    _("Sealed information cannot be opened (%(error)s). Tell the system administrator.")
                    % {"error": error},
                    returncode=Exit.ERROR,
                ) from error
            except (OperationalError, InterfaceError) as error:
                raise CommandError(
                    _(
                        "The database cannot be reached or went away (%(error)s). What was not committed did not"
                        " happen; run the command again to continue."
                    )
                    % {"error": str(error).strip().splitlines()[0]},
                    returncode=Exit.ERROR,
                ) from error
            except DatabaseError as error:
                raise CommandError(str(error), returncode=Exit.ERROR) from error
        if code:
            sys.exit(code)

    def act(self, **options: Any) -> int:
        raise NotImplementedError

    def say(self, text: object = "") -> None:
        self.stdout.write(str(text))

    def say_json(self, value: object) -> None:
        self.stdout.write(json.dumps(value, ensure_ascii=False, default=str))


class StaffCommand(OpsCommand):
    """Acts for a person, who proves it with his command token: a shell cannot play maker and approver."""

    actor: Staff
    called = ""  # as it is typed, where that is not the name of its file

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--actor", required=True, metavar="LOGIN", help=_("your login"))
        parser.add_argument("--reason", required=True, help=_("why; it goes on the record"))
        parser.add_argument("--ticket", default="", help=_("ticket reference"))
        parser.add_argument(
            "--token-file", metavar="FILE", help=_("file with your command token (default: QQOPS_TOKEN)")
        )
        parser.add_argument("--apply", action="store_true", help=_("do it; without this nothing is changed"))

    def handle(self, *args: Any, **options: Any) -> None:
        self.token = self._token(options["token_file"])
        super().handle(*args, **options)

    def _token(self, path: str | None) -> str:
        if path:
            try:
                return Path(path).read_text()
            except OSError as error:
                raise CommandError(
                    _("Cannot read the token file: %(error)s") % {"error": error}, returncode=Exit.USAGE
                ) from error
        token = os.environ.get("QQOPS_TOKEN", "")
        if not token:
            raise CommandError(
                _("Your command token is missing: set QQOPS_TOKEN or give --token-file. Issue one on the staff web."),
                returncode=Exit.REFUSED,
            )
        return token

    def act(self, **options: Any) -> int:
        self.actor = tokens.bearer(self.token, options["actor"])
        # Also what a dry run would refuse: someone tried the door.
        with recorder.refusals(
            actor=self.actor, facts={"command": self.called or type(self).__module__.rpartition(".")[2]}
        ):
            return self.act_for(**options)

    def act_for(self, **options: Any) -> int:
        raise NotImplementedError


class SystemCommand(OpsCommand):
    """Periodic acts by a named system actor."""

    source = origin.SYSTEM
    system_actor: str

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--apply", action="store_true", help=_("do it; without this nothing is changed"))

    @property
    def actor(self) -> Staff:
        return Staff.objects.system(self.system_actor)
