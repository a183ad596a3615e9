#!/usr/bin/env python
"""Run a management command. Start the embedded database first if the settings use it."""

import os
import sys

NEEDS_NO_DATABASE = {"help", "version", "check", "makemessages", "compilemessages", "collectstatic", "findstatic"}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "qqops.settings")
    from django.conf import settings
    from django.core.management import execute_from_command_line

    asked = set(sys.argv[1:])
    if len(sys.argv) > 1 and sys.argv[1] not in NEEDS_NO_DATABASE and not asked & {"--help", "-h", "--version"}:
        from qqops.boot import database

        try:
            if settings.EMBEDDED_DATABASE:
                database.start()
        except database.CannotStart as reason:
            sys.exit(str(reason))
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
