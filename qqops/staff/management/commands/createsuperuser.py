from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from qqops.core.commands import Exit, HouseCommand


class Command(HouseCommand):
    """In place of Django's own: there is nothing it could make."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            _("There are no superusers: every right comes from a role. The first two people: manage.py staff found."),
            returncode=Exit.REFUSED,
        )
