"""What the commands of the periodic acts on numbers that end have in common: counts by code, in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.cancellation.services import FEED
from accounts.lifecycle import Lifecycle
from accounts.quarantine.policy import Waits
from accounts.quarantine.purge import PURGED
from accounts.rights.queries import words
from qqops.core.commands import Exit, OpsCommand

WORDS: dict[str, Any] = {
    "cancelled": gettext_lazy("cancellations carried out, and purged"),
    PURGED: gettext_lazy("purged"),
    FEED: gettext_lazy("waits: no login file has been said to cover the last days (import_logins --covers)"),
    **{state: gettext_lazy("released as “%(state)s”") for state in (Lifecycle.AVAILABLE, Lifecycle.PRE_RELEASE)},
}


def say(command: OpsCommand, found: Mapping[str, int], *, apply: bool, as_json: bool) -> int:
    if as_json:
        command.say_json({"applied": apply, **found})
    else:
        command.say(_("Done:") if apply else _("Dry run: nothing is changed. With --apply:"))
        for code, n in found.items():
            command.say(f"  {_word(code)}: {n}")
        if not found:
            command.say(_("  nothing"))
    return Exit.DONE if apply else Exit.DRY_RUN


def _word(code: str) -> str:
    if code in WORDS:
        return str(WORDS[code]) % {"state": Lifecycle(code).label} if code in Lifecycle.values else str(WORDS[code])
    if code in Waits.values:
        return _("waits: %(why)s") % {"why": Waits(code).label}
    return _("left: %(why)s") % {"why": words([code])[0]}
