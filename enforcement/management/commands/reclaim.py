"""`manage.py reclaim --policy CODE`: who is due under a dormancy policy (10.3), and the decision on them (--apply)."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.dormancy.policy import Excluded
from accounts.dormancy.queries import in_words, policy_by_code, terms_of
from enforcement.decisions.durations import LOST
from enforcement.management.decision_text import report_code, say_report
from enforcement.reclaim import services as reclaim
from enforcement.reclaim.services import Due
from qqops.core.commands import Exit, StaffCommand


class Command(StaffCommand):
    help = gettext_noop(
        "Reclaim under a dormancy policy. Without --apply: who is due today, and what excludes the others.\n"
        "With --apply exactly those are filed as one decision; it waits for a supervisor and the privacy officer."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--policy", required=True, metavar="CODE", help=_("code of the policy"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        policy = policy_by_code(options["policy"])
        why = {"actor": self.actor, "reason": options["reason"], "ticket": options["ticket"]}
        if options["apply"]:
            report = reclaim.reclaim(policy, **why)
            say_report(self, report, as_json=options["json"])
            return report_code(report)
        found = reclaim.look(policy, **why)
        if options["json"]:
            self.say_json({"state": "dry_run", **found.as_json()})
        else:
            self._tell(found)
        return Exit.DRY_RUN

    def _tell(self, found: Due) -> None:
        self.say(_("Policy %(code)s: %(words)s.") % {"code": found.policy, "words": in_words(terms_of(found.policy))})
        self.say(_("Dry run: nothing is changed. Due today: %(n)d") % {"n": found.due})
        for code in Excluded:
            if found.excluded[code]:
                self.say(f"  {code.label}: {found.excluded[code]}")
        self.say(_("  would be reclaimed: %(n)d") % {"n": found.will})
        if found.sample:
            self.say(_("  for example: %(numbers)s") % {"numbers": ", ".join(map(str, found.sample))})
        self.say(str(LOST))
