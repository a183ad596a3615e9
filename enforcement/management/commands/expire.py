"""`manage.py expire`: end what is over (T9) and let old proposals lapse. Safe to run at any time, by any number."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.measures import expiry
from enforcement.measures.expiry import expire
from qqops.core.commands import Exit, SystemCommand


class Command(SystemCommand):
    help = gettext_noop("End measures whose time is over and let unanswered proposals lapse. Dry run unless --apply.")
    system_actor = "system-expiry"

    def act(self, **options: Any) -> int:
        swept = expire(actor=self.actor) if options["apply"] else expiry.due()
        if options["json"]:
            self.say_json({"applied": options["apply"], "measures": swept.measures, "proposals": swept.proposals})
        else:
            text = (
                _("Ended %(m)d measures, %(p)d proposals lapsed.")
                if options["apply"]
                else _("Dry run: would end %(m)d measures and let %(p)d proposals lapse.")
            )
            self.say(text % {"m": swept.measures, "p": swept.proposals})
        return Exit.DONE if options["apply"] else Exit.DRY_RUN
