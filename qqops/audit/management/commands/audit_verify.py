"""`manage.py audit_verify`: says that the record is whole, or names what is not and exits 7."""

from typing import Any

from django.utils.translation import gettext as _

from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.commands import Exit, OpsCommand


class Command(OpsCommand):
    help = "Recompute the hash chain and the row digests, and compare live rows with their history."

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
        return Exit.BROKEN if broken else Exit.DONE
