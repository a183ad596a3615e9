"""`manage.py policies {list,draft,end}`: dormancy policies (10.3). Colleagues agree with `manage.py ranges approve`."""

import datetime
from typing import Any

from django.core.management.base import CommandParser
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.dormancy import services as policies
from accounts.dormancy.policy import Kind, Terms
from accounts.dormancy.queries import in_force, in_words, policy_by_code, terms_of
from accounts.models import DormancyPolicy
from accounts.resources import services as resources
from accounts.resources.services import Wanted
from accounts.resources.text import consequences_of
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid, Refused


class Command(StaffCommand):
    help = gettext_noop(
        "List the dormancy policies in force, draft one, or end one. Dry run unless --apply.\n\n"
        "  policies draft CODE --kind not_activated --days 3 --from 2026-12-01 --grace 15 --notice 30 --reminder 7\n"
        "  policies end CODE --last 2026-12-31\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("list", "draft", "end"), metavar="{list,draft,end}")
        parser.add_argument("code", nargs="?", default="", help=_("code of the policy"))
        parser.add_argument("--kind", choices=Kind.values, help=_("draft: what makes a number due"))
        parser.add_argument("--days", type=int, default=0, help=_("draft: days until it is due"))
        parser.add_argument("--from", dest="first", type=_day, metavar="DATE", help=_("draft: in force from"))
        parser.add_argument("--last", type=_day, metavar="DATE", help=_("last day in force"))
        parser.add_argument("--registered-from", type=_day, metavar="DATE", help=_("draft: for tenures begun from"))
        parser.add_argument("--registered-to", type=_day, metavar="DATE", help=_("draft: for tenures begun until"))
        parser.add_argument("--grace", type=int, default=0, help=_("draft: days of grace"))
        parser.add_argument("--notice", type=int, default=0, help=_("draft: days of notice before (0: none)"))
        parser.add_argument("--reminder", type=int, default=0, help=_("draft: days before, reminded once more"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        if options["do"] == "list":
            return self._list(options)
        if not options["code"]:
            raise Invalid(_("Name the policy by its code."))
        wanted = _drafted(options) if options["do"] == "draft" else _ended(options)
        if not options["apply"]:
            rule = resources.check(wanted, actor=self.actor)
            sentence = _("Dry run: nothing is changed. %(rule)s.") % {"rule": rule.label}
            self._say(options, wanted, None, "dry_run", sentence)
            return Exit.DRY_RUN
        proposal = resources.propose(wanted, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        sentence = _("Proposal #%(id)d: %(state)s.") % {"id": proposal.pk, "state": proposal.get_state_display()}
        self._say(options, wanted, proposal.pk, proposal.state, sentence)
        return Exit.WAITING

    def _list(self, options: dict[str, Any]) -> int:
        if not self.actor.has_perm("accounts.view_dormancypolicy"):
            raise Refused(gettext_noop("Your role may not do this."))
        found = DormancyPolicy.objects.filter(in_force()).order_by("code")
        told = {policy.code: in_words(terms_of(policy)) for policy in found}
        if options["json"]:
            self.say_json({"policies": [{"code": code, "words": words} for code, words in told.items()]})
        for code, words in told.items() if not options["json"] else ():
            self.say(f"{code}: {words}")
        return Exit.DONE

    def _say(self, options: dict[str, Any], wanted: Wanted, pk: int | None, state: str, sentence: str) -> None:
        words = in_words(Terms.of(wanted.content)) if options["do"] == "draft" else ""
        if options["json"]:
            self.say_json({"proposal": pk, "state": state, "words": words})
            return
        self.say(sentence)
        for told in filter(None, (words, *consequences_of(wanted.kind, wanted.content))):
            self.say(f"  {told}")


def _drafted(options: dict[str, Any]) -> Wanted:
    if not options["kind"] or options["first"] is None:
        raise Invalid(_("Say what makes a number due (--kind) and from when the policy is in force (--from)."))
    return policies.wanted(
        Terms(
            code=options["code"],
            kind=options["kind"],
            threshold_days=options["days"],
            effective_from=options["first"],
            effective_to=options["last"],
            grace_days=options["grace"],
            notice_days=options["notice"],
            reminder_days=options["reminder"],
            registered_from=options["registered_from"],
            registered_to=options["registered_to"],
        )
    )


def _ended(options: dict[str, Any]) -> Wanted:
    if options["last"] is None:
        raise Invalid(_("Say which day is the last one in force (--last)."))
    return policies.ended(policy_by_code(options["code"]), options["last"])


def _day(text: str) -> datetime.date:
    day = parse_date(text)  # ValueError, which argparse says, where the day does not exist
    if day is None:
        raise ValueError(text)
    return day
