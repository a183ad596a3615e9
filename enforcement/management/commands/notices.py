"""`manage.py notices {list,resend,load}`: notices that holders have or have not got, trying them again, and the bundled
letters that are missing."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from enforcement.letters import services as letters
from enforcement.models import Notice
from enforcement.notices.resend import AGAIN, Which, check_resend, resend, to_resend
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid, Refused
from qqops.core.reason import must_say_why

SHOWN = 100


class Command(StaffCommand):
    help = gettext_noop(
        "List notices, have those tried again that did not reach their holder, or put the bundled text in use of each"
        " letter that has none. Dry run unless --apply.\n\n"
        "  notices list --state blocked\n"
        "  notices resend 1204 1207\n"
        "  notices resend --state blocked --decision 88\n"
        "  notices load\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("list", "resend", "load"), metavar="{list,resend,load}")
        parser.add_argument("notices", nargs="*", type=int, metavar="ID", help=_("resend: these notices"))
        parser.add_argument("--state", choices=Notice.State.values, default="", help=_("those in this state"))
        parser.add_argument("--decision", type=int, metavar="ID", help=_("those of this decision"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        acts = {"list": self._list, "resend": self._resend, "load": self._load}
        return acts[options["do"]](options)

    def _list(self, options: dict[str, Any]) -> int:
        if not self.actor.has_perm("enforcement.view_notice"):
            raise Refused(gettext_noop("Your role may not do this."))
        found = Notice.objects.select_related("tenure").order_by("-pk")
        if options["state"]:
            found = found.filter(state=options["state"])
        if options["decision"] is not None:
            found = found.filter(decision=options["decision"])
        notices = list(found[:SHOWN])
        if options["json"]:
            self.say_json({"notices": [_as_json(notice) for notice in notices]})
            return Exit.DONE
        for notice in notices:
            parts = [f"#{notice.pk}", notice.get_state_display(), str(notice.tenure.number_id), notice.fault]
            self.say("  ".join(filter(None, [*parts, f"{_('decision')} #{notice.decision_id}"])))
        if len(notices) == SHOWN:
            self.say(_("Only the latest %(n)d are shown.") % {"n": SHOWN})
        return Exit.DONE

    def _resend(self, options: dict[str, Any]) -> int:
        which = Which(options["notices"], options["state"], options["decision"])
        if not which.ids and which.state not in AGAIN:
            raise Invalid(
                _("Name notices, or say of which state: %(states)s.") % {"states": ", ".join(s.value for s in AGAIN)}
            )
        if options["apply"]:
            n = resend(which, actor=self.actor, reason=options["reason"])
            self._say(options, n, _("Notices that are tried again: %(n)d."))
            return Exit.DONE
        check_resend(actor=self.actor)
        must_say_why(options["reason"])
        self._say(options, to_resend(which).count(), _("Dry run: nothing is changed. Would be tried again: %(n)d."))
        return Exit.DRY_RUN

    def _load(self, options: dict[str, Any]) -> int:
        letters.check_load(actor=self.actor)
        must_say_why(options["reason"])
        codes = [draft.code for draft in letters.missing()]
        if options["apply"]:
            codes = [made.code for made in letters.load_missing(actor=self.actor, reason=options["reason"])]
        if options["json"]:
            self.say_json({"applied": options["apply"], "letters": codes})
        elif not codes:
            self.say(_("Each letter has a text already. Nothing was done."))
        elif options["apply"]:
            self.say(_("Bundled letters put in use: %(codes)s.") % {"codes": ", ".join(codes)})
        else:
            sentence = _("Dry run: nothing is changed. Would be put in use: %(codes)s.")
            self.say(sentence % {"codes": ", ".join(codes)})
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    def _say(self, options: dict[str, Any], n: int, sentence: str) -> None:
        if options["json"]:
            self.say_json({"applied": options["apply"], "notices": n})
        else:
            self.say(sentence % {"n": n})


def _as_json(notice: Notice) -> dict[str, Any]:
    return {
        "notice": notice.pk,
        "decision": notice.decision_id,
        "number": notice.tenure.number_id,
        "stage": notice.stage,
        "state": notice.state,
        "fault": notice.fault,
        "attempts": notice.attempts,
        "channel": notice.channel,
        "sent_at": notice.sent_at,
        "letter_sha256": notice.letter_sha256,
    }
