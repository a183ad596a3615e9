"""`manage.py allocate`: hand numbers out and open a tenure on each (T4, 3.1)."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.allocation import services as allocate
from accounts.allocation.queries import open_ranges
from accounts.allocation.requested_numbers import Named
from accounts.allocation.services import Wish
from accounts.allocation.terms import Charge, Terms, charge_of, rules_of
from accounts.holders.file import holders_of
from accounts.holders.new_holder import Holder
from accounts.imports.columns import HOLDERS
from accounts.imports.files import File
from accounts.management.file_faults import line_of
from accounts.models import Tenure
from accounts.numbers.parsing import parse
from accounts.premium import services as allocations
from accounts.resources import services as resources
from accounts.resources.policy import CHANNELS, Pool
from qqops.audit import recorder
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid


class Command(StaffCommand):
    help = gettext_noop(
        "Hand numbers out and open a tenure on each: all of them or none. Dry run unless --apply.\n\n"
        "  --holders: CSV, XLSX or JSON Lines with the columns of `identity import`, without the number; one line for\n"
        "  each number. A number of tier 3 waits for a supervisor (exit code 6)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", required=True, choices=CHANNELS, help=_("registration channel"))
        parser.add_argument("--ref", default="", help=_("its reference: campaign, written authorisation, …"))
        where = parser.add_mutually_exclusive_group()
        where.add_argument("--pool", choices=Pool.values, default=Pool.PUBLIC.value, help=_("pool (default: public)"))
        where.add_argument("--number", metavar="N", help=_("this number and no other"))
        parser.add_argument("--count", type=int, default=1, metavar="N", help=_("how many (default: 1)"))
        parser.add_argument("--holders", metavar="FILE", help=_("who they are for"))
        parser.add_argument("--paid", action="store_true", help=_("paid for, with --order, --price and --paid-until"))
        parser.add_argument("--order", default="", help=_("order"))
        parser.add_argument("--price", default="", metavar="YUAN", help=_("price in yuan"))
        parser.add_argument("--paid-until", default="", metavar="YYYY-MM-DD", help=_("the last day paid for"))
        parser.add_argument(
            "--accepted", default="", choices=["", *Tenure.Acceptance.values], help=_("how the rules were accepted")
        )
        parser.add_argument("--rules", default="", metavar="VERSION", help=_("which (default: in force)"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        wish = self._wish(options)
        with recorder.refusals(actor=self.actor, facts={"act": "allocate", "channel": wish.terms.channel}):
            found = allocate.check(wish, actor=self.actor)
        if any(one.supervised for one in found):
            return self._propose(wish, options)
        if not options["apply"]:
            return self._would(wish, found, as_json=options["json"])
        done = allocate.allocate(wish, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        numbers = [one.number for one in done]
        if options["json"]:
            self.say_json({"applied": True, "numbers": numbers})
        else:
            for number in numbers:
                self.say(number)
            self.say(_("Handed out: %(n)d.") % {"n": len(numbers)})
        return Exit.DONE

    def _wish(self, options: dict[str, Any]) -> Wish:
        now = timezone.now()
        terms = Terms(
            channel=options["channel"],
            reference=options["ref"].strip(),
            acceptance=options["accepted"],
            rules=rules_of(options["rules"], now),
            at=now,
            charge=self._charge(options),
        )
        holders = self._holders(options["holders"]) if options["holders"] else []
        if options["number"]:
            if options["count"] != 1:
                raise Invalid(_("With --number there is one number."))
            return Wish(terms, numbers=(parse(options["number"]),), holders=holders)
        return Wish(terms, pool=options["pool"], count=options["count"], holders=holders)

    def _charge(self, options: dict[str, Any]) -> Charge | None:
        said = (options["order"], options["price"], options["paid_until"])
        if options["paid"]:
            return charge_of(*said)
        if any(said):
            raise Invalid(_("An order, a price and an end belong to what is paid: say --paid."))
        return None

    def _holders(self, path: str) -> list[Holder]:
        with File(Path(path), HOLDERS) as file:
            holders, wrong = holders_of(file.rows())
        if wrong:
            raise Invalid("\n".join([_("The file was refused; nothing was done:"), *map(line_of, wrong)]))
        return holders

    def _propose(self, wish: Wish, options: dict[str, Any]) -> int:
        wanted = allocations.wanted(wish)
        if not options["apply"]:
            rule = resources.check(wanted, actor=self.actor)
            self._say(options, {"applied": False, "rule": rule.code}, _("Dry run. %(rule)s.") % {"rule": rule.label})
            return Exit.DRY_RUN
        made = resources.propose(wanted, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        said = _("Proposal #%(id)d waits for a supervisor.") % {"id": made.pk}
        self._say(options, {"applied": False, "proposal": made.pk, "rule": made.rule}, said)
        return Exit.WAITING

    def _would(self, wish: Wish, found: list[Named], *, as_json: bool) -> int:
        if found:
            told = [asdict(one) for one in found]
            lines = [_("%(number)d, tier %(tier)d") % {"number": one.number, "tier": one.tier} for one in found]
        else:
            sources = open_ranges(wish.pool, wish.terms.channel, price=wish.terms.price)
            if not sources:
                raise Invalid(_("No range of this pool is open to this channel on such terms. Nothing was handed out."))
            told = [
                {"range": str(one.range), "left_at_most": one.use.left, "premium": round(one.density.share, 4)}
                for one in sources
            ]
            lines = [
                _("%(range)s: at most %(left)d left; premium: %(share)s")
                % {"range": one.range, "left": one.use.left, "share": f"{one.density.share:.1%}"}
                for one in sources
            ]
        if as_json:
            self.say_json({"applied": False, "count": wish.many, "numbers" if found else "ranges": told})
        else:
            self.say(_("Dry run: would hand out %(n)d, from:") % {"n": wish.many})
            for line in lines:
                self.say(f"  {line}")
        return Exit.DRY_RUN

    def _say(self, options: dict[str, Any], told: dict[str, Any], sentence: str) -> None:
        if options["json"]:
            self.say_json(told)
        else:
            self.say(sentence)
