"""How the commands that read a feed tell of its lines: which are wrong, and which were passed over and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _

from accounts.logins.services import WrongLines
from qqops.core.commands import Exit, OpsCommand

NAMED = 50


def say_wrong(command: OpsCommand, error: WrongLines, *, as_json: bool) -> int:
    """All of them for a machine, some for a reader; who reads is told by the error itself that nothing was done."""
    if as_json:
        command.say_json({"applied": False, "errors": [asdict(one) for one in error.wrong]})
        return Exit.USAGE
    for one in error.wrong[:NAMED]:
        command.say(_("line %(line)d: %(why)s") % {"line": one.line, "why": one.why})
    if len(error.wrong) > NAMED:
        command.say(_("… and %(n)d more") % {"n": len(error.wrong) - NAMED})
    raise error


def say_skipped(
    command: OpsCommand, skipped: Mapping[str, int], numbers: Mapping[str, Sequence[int]], words: Mapping[str, Any]
) -> None:
    for why, lines in skipped.items():
        listed = numbers[why]
        more = " …" if len(listed) > NAMED else ""
        named = ", ".join(map(str, listed[:NAMED])) + more
        command.say(
            _("Passed over (%(why)s): %(lines)d lines, numbers %(numbers)s")
            % {"why": words[why], "lines": lines, "numbers": named}
        )
