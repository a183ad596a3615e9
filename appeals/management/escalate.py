"""`manage.py appeals escalate`: what the clock does to appeals. Safe to run at any time, by any number."""

from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from appeals.queue.sweep import due, sweep
from qqops.core.commands import Exit, SystemCommand


class Escalate(SystemCommand):
    help = gettext_noop(
        "Escalate appeals near their deadline, close those not answered in time, carry out what has cooled down."
        " Dry run unless --apply."
    )
    system_actor = "system-appeals"

    def act(self, **options: Any) -> int:
        swept = sweep(actor=self.actor) if options["apply"] else due()
        if options["json"]:
            self.say_json({"applied": options["apply"], **asdict(swept)})
        else:
            text = (
                _("Escalated %(escalated)d, abandoned %(abandoned)d, carried out %(carried_out)d; %(lapsed)d rulings"
                  " lapsed.")
                if options["apply"]
                else _("Dry run: would escalate %(escalated)d, take %(abandoned)d as abandoned, carry out"
                       " %(carried_out)d, and let %(lapsed)d rulings lapse.")
            )  # fmt: skip
            self.say(text % asdict(swept))
            if swept.stuck:
                self.say(_("Could not be done: %(n)d; the alert names them.") % {"n": swept.stuck})
        if swept.stuck:
            return Exit.PARTLY
        return Exit.DONE if options["apply"] else Exit.DRY_RUN
