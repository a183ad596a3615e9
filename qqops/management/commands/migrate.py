from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate

from qqops.audit import origin, partitions
from qqops.crypto import keys
from qqops.staff.models import Staff
from qqops.staff.people.services import settle


class Command(migrate.Command):
    """Django's own, run as the role that owns the tables: the application's role may not define any."""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if not options["plan"] and not options["check_unapplied"]:
            settle()
            with origin.origin(origin.SYSTEM, os_user=origin.terminal_user()):
                made = partitions.make_ahead(actor=Staff.objects.system("system-audit"))
            for fault in made.faults:
                self.stderr.write(f"{fault.month} could not be made: {fault.why}")
            try:
                keys.settle()
            except keys.UnfitKeys as problem:
                raise CommandError(str(problem)) from problem
