"""`manage.py ranges …`: number resources at the terminal, by the same proposals and people as on the web."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.management import resource_text
from accounts.management.resource_arguments import range_by_id, wanted
from accounts.models import Number, NumberRange, Tenure
from accounts.numbers.parsing import parse
from accounts.resources import services as resources
from accounts.resources.policy import MOVES_TO, Pool
from accounts.resources.proposal_queries import proposal_by_id
from accounts.resources.queries import density_of, free_number, use_of, use_of_pools
from accounts.resources.services import Wanted, numbers
from qqops.approvals.models import State
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid, Refused

VIEW, VIEW_PROPOSAL = "accounts.view_numberrange", "accounts.view_resourceproposal"
HASH_MIN = 12  # of the content's hash, enough to show that it was read
LISTED = 500
Argument = tuple[str, dict[str, Any]]


class Command(StaffCommand):
    help = gettext_noop(
        "Number ranges, numbers that nobody holds, campaigns. Dry run unless --apply.\n\n"
        "  ranges list --pool public --actor resources --reason '…'\n"
        "  ranges show 3 …    (or: ranges show --number 284917059)\n"
        "  ranges open 284000000 284999999 --pool public --purpose '…' --price 8.88 --channel web … --apply\n"
        "  ranges move 3 --to pre_release …\n"
        "  ranges numbers 284917059 --to reserved …    (or --numbers list.csv; - for standard input)\n"
        "  ranges approve 17 --actor supervisor --reason '…'            (shows it, with its hash)\n"
        "  ranges approve 17 --seen 3f2a9c41d0be … --apply\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        acts = parser.add_subparsers(dest="do", required=True)

        def add(name: str, told: str, *arguments: Argument) -> None:
            own = acts.add_parser(name, help=told, description=told)
            super(Command, self).add_arguments(own)
            for flag, options in arguments:
                own.add_argument(flag, **options)

        one: Argument = ("range", {"type": int, "metavar": "RANGE", "help": _("the number of the range in the list")})
        to: Argument = ("--to", {"required": True, "choices": MOVES_TO, "help": _("what it becomes")})
        plan: tuple[Argument, ...] = (
            ("--plan", {"help": _("release plan")}),
            ("--opens-on", {"metavar": "DATE", "help": _("nothing is handed out before; “none” for no day")}),
            ("--price", {"metavar": "YUAN", "help": _("price in yuan; “free” for none")}),
            ("--channel", {"action": "append", "choices": (*Tenure.Channel.values, "every"), "help": _("repeatable")}),
        )
        listed: tuple[Argument, ...] = (
            ("number", {"nargs": "*", "metavar": "N", "help": _("numbers")}),
            ("--numbers", {"metavar": "FILE", "help": _("file with numbers; - for standard input")}),
        )
        ruled: tuple[Argument, ...] = (
            ("proposal", {"type": int, "metavar": "PROPOSAL"}),
            ("--seen", {"default": "", "metavar": "HASH", "help": _("hash of the content that you were shown")}),
        )
        add("list", _("ranges and pools, and how full they are"),
            ("--pool", {"choices": Pool.values}), ("--state", {"choices": MOVES_TO}))  # fmt: skip
        add("show", _("one range; or a number that has no row"),
            (one[0], one[1] | {"nargs": "?"}), ("--number", {"metavar": "N", "help": _("a number")}))  # fmt: skip
        add("open", _("open a range"), ("first", {"metavar": "FIRST"}), ("last", {"metavar": "LAST"}),
            ("--pool", {"required": True, "choices": Pool.values}),
            ("--purpose", {"required": True, "help": _("what it is for")}), *plan)  # fmt: skip
        add("move", _("move a range: all its numbers that have no row"), one, to)
        add("plan", _("change the plan of a range; what is not given stays"), one, *plan)
        add("numbers", _("move numbers that nobody holds"), *listed, to)
        add("tier", _("set the tier of numbers that nobody holds"), *listed,
            ("--tier", {"required": True, "type": int, "metavar": "0-4"}))  # fmt: skip
        add("recompute", _("give numbers that nobody holds the tier of their digits, unless set by hand"))
        add("campaign", _("open a campaign"), ("code", {"metavar": "CODE"}),
            ("--organiser", {"required": True, "help": _("who is authorised")}),
            ("--authorisation", {"required": True, "help": _("reference of the written authorisation")}),
            ("--quota", {"required": True, "type": int}),
            ("--starts", {"required": True, "metavar": "TIME"}),
            ("--ends", {"required": True, "metavar": "TIME"}))  # fmt: skip
        add("approve", _("agree to a proposal"), *ruled)
        add("refuse", _("refuse a proposal"), *ruled)
        acts.metavar = "{" + ",".join(acts.choices) + "}"

    def act_for(self, **options: Any) -> int:
        acts: dict[str, Callable[[dict[str, Any]], int]] = {
            "list": self.list,
            "show": self.show,
            "recompute": self.recompute,
            "approve": self.rule,
            "refuse": self.rule,
        }
        do = options["do"]
        return acts[do](options) if do in acts else self.propose(wanted(do, options), options)

    # Looked at

    def list(self, options: dict[str, Any]) -> int:
        self.may_look()
        rows = NumberRange.objects.order_by("numbers")
        rows = rows.filter(**{name: options[name] for name in ("pool", "state") if options[name]})
        found = list(rows[:LISTED])
        uses, pools = use_of([one.pk for one in found]), use_of_pools()
        if options["json"]:
            self.say_json(
                {
                    "pools": [resource_text.pool_json(one) for one in pools],
                    "ranges": [resource_text.range_json(one, uses[one.pk]) for one in found],
                }
            )
            return Exit.DONE
        for pool in pools:
            self.say(resource_text.pool_line(pool))
        for one in found:
            self.say(resource_text.range_line(one, uses[one.pk]))
        if len(found) == LISTED:
            self.say(_("The first %(n)d ranges; choose a pool or a state.") % {"n": LISTED})
        return Exit.DONE

    def show(self, options: dict[str, Any]) -> int:
        self.may_look()
        if (options["range"] is None) == (options["number"] is None):
            raise Invalid(_("Give the number of a range, or --number; not both, not neither."))
        if options["number"] is not None:
            return self.show_number(parse(options["number"]), as_json=options["json"])
        found = range_by_id(options["range"])
        use, density = use_of([found.pk])[found.pk], density_of(found)
        if options["json"]:
            self.say_json(resource_text.range_json(found, use) | {"density": resource_text.density_json(density)})
        else:
            for line in resource_text.range_lines(found, use, density):
                self.say(line)
        return Exit.DONE

    def show_number(self, number: int, *, as_json: bool) -> int:
        if Number.objects.filter(pk=number).exists():
            raise Invalid(_("%(number)d has a row of its own: see “number %(number)d”.") % {"number": number})
        free = free_number(number)
        if free is None:
            raise Invalid(_("%(number)d is in no range.") % {"number": number})
        if as_json:
            self.say_json(resource_text.free_json(free))
        else:
            for line in resource_text.free_lines(free):
                self.say(line)
        return Exit.DONE

    def may_look(self) -> None:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not see number ranges."))

    # Proposed

    def propose(self, wanted: Wanted, options: dict[str, Any]) -> int:
        if not options["apply"]:
            rule = resources.check(wanted, actor=self.actor)
            if options["json"]:
                self.say_json(resource_text.dry_json(wanted, rule))
            else:
                for line in resource_text.dry_lines(wanted, rule):
                    self.say(line)
            return Exit.DRY_RUN
        made = resources.propose(wanted, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        if options["json"]:
            self.say_json(resource_text.proposal_json(made, self.actor))
        elif made.state == State.PROPOSED:
            self.say(_("Proposal #%(id)d waits for approval.") % {"id": made.pk})
        else:
            self.say(_("Done: proposal #%(id)d.") % {"id": made.pk})
        return Exit.WAITING if made.state == State.PROPOSED else Exit.DONE

    def recompute(self, options: dict[str, Any]) -> int:
        n = numbers.recompute(
            actor=self.actor, reason=options["reason"], ticket=options["ticket"], apply=options["apply"]
        )
        if options["json"]:
            self.say_json({"applied": options["apply"], "numbers": n})
        elif options["apply"]:
            self.say(_("Tiers recomputed; numbers changed: %(n)d.") % {"n": n})
        else:
            self.say(_("Dry run: numbers whose tier would change: %(n)d.") % {"n": n})
        return Exit.DONE if options["apply"] else Exit.DRY_RUN

    # Ruled on

    def rule(self, options: dict[str, Any]) -> int:
        """Shown with its hash first; who answers says by that hash which content he was shown."""
        if not self.actor.has_perm(VIEW_PROPOSAL):
            raise Refused(gettext_noop("Your role may not see resource proposals."))
        proposal = proposal_by_id(options["proposal"])
        if not options["apply"]:
            resources.capacity_of(proposal, self.actor)
            if options["json"]:
                self.say_json(resource_text.proposal_json(proposal, self.actor))
                return Exit.DRY_RUN
            self.say(_("Dry run: nothing is changed. With --apply and --seen you would rule on:"))
            for line in resource_text.proposal_lines(proposal, self.actor):
                self.say(line)
            return Exit.DRY_RUN
        seen = options["seen"]
        if len(seen) < HASH_MIN:
            raise Invalid(_("Look at it without --apply first, and give the hash of its content with --seen."))
        if proposal.content_hash.startswith(seen):
            seen = proposal.content_hash
        answer = resources.approve if options["do"] == "approve" else resources.refuse
        done = answer(proposal, actor=self.actor, reason=options["reason"], content_hash=seen)
        if options["json"]:
            self.say_json(resource_text.proposal_json(done, self.actor))
        else:
            self.say(_("Proposal #%(id)d: %(state)s") % {"id": done.pk, "state": done.get_state_display()})
        return Exit.WAITING if done.state == State.PROPOSED else Exit.DONE
