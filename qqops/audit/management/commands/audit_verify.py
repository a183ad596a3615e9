"""`manage.py audit_verify`: says that the record is whole, or names what is not, raises the alarm and exits 7."""

from collections.abc import Sequence
from typing import Any

from django.db import DatabaseError
from django.utils.translation import gettext as _

from qqops.audit import alarm
from qqops.audit.models import Event
from qqops.audit.verify import Broken, verify
from qqops.commands import Exit, OpsCommand
from qqops.staff.models import Staff


class Command(OpsCommand):
    help = "Recompute the hash chain and the row digests, and compare live rows with their history."
    opens = False  # the record needs no key

    def act(self, **options: Any) -> int:
        broken = list(verify())
        head = Event.objects.order_by("-seq").first()
        if options["json"]:
            self.say_json(
                {
                    "whole": not broken,
                    "events": head.seq if head else 0,
                    "head": bytes(head.hash).hex() if head else None,
                    "broken": [b.as_json() for b in broken],
                }
            )
        elif broken:
            self.say(_("The record is BROKEN. Tell the auditor; do not repair anything by hand:"))
            for b in broken:
                self.say(f"  {b.what}  {b.table}  {b.row}")
        else:
            self.say(
                _("The record is whole: %(n)d events, head %(hash)s.")
                % {"n": head.seq if head else 0, "hash": bytes(head.hash).hex()[:16] if head else "–"}
            )
        if broken:
            self.raise_alarm(broken)
        return Exit.BROKEN if broken else Exit.DONE

    def raise_alarm(self, broken: Sequence[Broken]) -> None:
        """Tell everybody; whoever broke the record may have seen to it that this fails, and that must not hide it."""
        try:
            alarm.sound(broken)
        except (DatabaseError, Staff.DoesNotExist) as error:
            said = str(error).strip().splitlines()[0]
            self.stderr.write(_("The alert could not be raised: %(error)s") % {"error": said})
