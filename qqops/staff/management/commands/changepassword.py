from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from qqops.core.commands import Exit, HouseCommand


class Command(HouseCommand):
    """In place of Django's own, which sets anybody's password with nobody named."""

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("words", nargs="*")

    def handle(self, *args: Any, **options: Any) -> None:
        raise CommandError(
            _("A password is set by its owner. For a new way in: manage.py staff reset LOGIN, and another approves."),
            returncode=Exit.REFUSED,
        )
