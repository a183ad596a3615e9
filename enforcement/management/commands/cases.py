"""`manage.py cases …`: the register of cases, and every step in one, by the services that the web calls."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.numbers import parsing
from enforcement.cases import cause, good_faith, services
from enforcement.cases.details import DOUBTED_BY
from enforcement.cases.policy import DETAILS, OPENED, CaseKind, Party, RootCause
from enforcement.cases.queries import cases, listed_cases
from enforcement.cases.services import OPEN_CASE, Finding
from enforcement.management.case_text import in_full, line, lines, on_list
from enforcement.models import Case
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid, Refused

VIEW = "enforcement.view_case"
LISTED = 200
STEPS = ("list", "show", "open", "evidence", "numbers", "details", "cause", "doubt", "agree", "refuse", "close")


class Command(StaffCommand):
    help = gettext_noop(
        "The register of cases. Dry run unless --apply.\n\n"
        "  cases open --kind finder --number 88812345 --detail heard=hotline --detail reported_on=2026-11-27 \\\n"
        "             --detail good_faith=yes --what '…' --actor agent --reason '…' --apply\n"
        "  cases open --kind cluster --numbers list.csv --detail cluster=c-17 …\n"
        "  cases evidence 7 --evidence '…' --evidence-file 17 …    cases numbers 7 --numbers more.csv …\n"
        "  cases details 7 --detail sampled=50 --detail wrong=2 …  what is not named stays as it is\n"
        "  cases cause 7 --cause operator …   cases doubt 7 …      a finder's good faith (8.3)\n"
        "  cases agree 7 … (or refuse)        the cause or the doubt, by another person\n"
        "  cases close 7 --conclusion '…' …   cases list --state open …   cases show 7 …\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=STEPS, metavar="{" + ",".join(STEPS) + "}")
        parser.add_argument("case", nargs="?", type=int, metavar="ID")
        parser.add_argument("--state", choices=Case.State.values, help=_("list: only those in this state"))
        parser.add_argument("--kind", choices=[kind.value for kind in OPENED], help=_("kind of case"))
        parser.add_argument("--what", default="", help=_("what was found"))
        parser.add_argument("--detail", action="append", default=[], metavar="NAME=VALUE", help=_("what its kind says"))
        parser.add_argument(
            "--number", action="append", default=[], metavar="[PARTY:]N", help=_("number concerned, or of a party")
        )
        parser.add_argument("--numbers", type=Path, metavar="FILE", help=_("file with the numbers concerned"))
        parser.add_argument("--evidence", action="append", default=[], help=_("what shows it (repeatable)"))
        parser.add_argument("--evidence-file", action="append", type=int, default=[], metavar="ID",
                            help=_("a file that `evidence add` took in (repeatable)"))  # fmt: skip
        parser.add_argument("--cause", choices=RootCause.values, help=_("cause: whose it was"))
        parser.add_argument("--conclusion", default="", help=_("close: what came of it"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        if options["do"] == "list":
            return self._list(options)
        if options["do"] == "open":
            return self._open(options)
        case = self._case(options)
        if options["do"] == "show":
            return self._show(case, options)
        changed = self._take(case, options)
        if changed is None:
            return self._dry(options)
        self._show(changed, options)
        return Exit.WAITING if options["do"] in ("cause", "doubt") else Exit.DONE

    def _take(self, case: Case, options: dict[str, Any]) -> Case | None:
        """Take one step in a case, or only check it."""
        match options["do"]:
            case "evidence":
                return self._evidence(case, options)
            case "numbers":
                return self._numbers(case, options)
            case "details":
                return self._details(case, options)
            case "cause":
                return self._cause(case, options)
            case "doubt":
                return self._doubt(case, options)
            case "agree" | "refuse":
                return self._rule(case, options)
            case _:
                return self._close(case, options)

    def _evidence(self, case: Case, options: dict[str, Any]) -> Case | None:
        said, files = options["evidence"], options["evidence_file"]
        if options["apply"]:
            return services.add_evidence(case, said, files, **self._why(options))
        services.check_work(case, actor=self.actor, right=OPEN_CASE)
        services.check_evidence(said, files)
        return None

    def _numbers(self, case: Case, options: dict[str, Any]) -> Case | None:
        listed = _numbers(options["number"], options["numbers"])
        if options["apply"]:
            return services.add_numbers(case, listed, **self._why(options))
        services.check_work(case, actor=self.actor)
        services.check_more(case, listed, actor=self.actor)
        return None

    def _details(self, case: Case, options: dict[str, Any]) -> Case | None:
        said = {detail.name for detail in DETAILS[CaseKind(case.kind)]}  # beside them stands what nobody says anew
        details = {name: value for name, value in case.details.items() if name in said} | _details(options["detail"])
        if options["apply"]:
            return services.amend(case, details, **self._why(options))
        services.check_work(case, actor=self.actor)
        services.check_details(case, details)
        return None

    def _cause(self, case: Case, options: dict[str, Any]) -> Case | None:
        if options["cause"] is None:
            raise Invalid(_("Say whose cause it was: --cause."))
        if options["apply"]:
            return cause.propose_cause(case, options["cause"], **self._why(options))
        cause.check_cause(case, options["cause"], actor=self.actor)
        return None

    def _doubt(self, case: Case, options: dict[str, Any]) -> Case | None:
        if options["apply"]:
            return good_faith.doubt_faith(case, **self._why(options))
        good_faith.check_doubt(case, actor=self.actor)
        return None

    def _rule(self, case: Case, options: dict[str, Any]) -> Case | None:
        doubted = bool(case.details.get(DOUBTED_BY))
        if not options["apply"]:
            check = good_faith.check_rule if doubted else cause.check_agree
            check(case, actor=self.actor)
            return None
        rule, seen = (
            (good_faith.rule_on_faith, good_faith.seen(case)) if doubted else (cause.rule_on_cause, cause.seen(case))
        )
        agree = options["do"] == "agree"
        return rule(case, agree=agree, content_hash=seen, actor=self.actor, reason=options["reason"])

    def _close(self, case: Case, options: dict[str, Any]) -> Case | None:
        if options["apply"]:
            return services.close(case, options["conclusion"], **self._why(options))
        services.check_close(case, actor=self.actor)
        return None

    def _why(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"actor": self.actor, "reason": options["reason"], "ticket": options["ticket"]}

    def _may_read(self) -> None:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not read cases."))

    def _case(self, options: dict[str, Any]) -> Case:
        self._may_read()
        if options["case"] is None:
            raise Invalid(_("Say which case."))
        found = cases(self.actor).filter(pk=options["case"]).first()
        if found is None:
            raise Invalid(_("There is no case #%(id)d.") % {"id": options["case"]})
        return found

    def _open(self, options: dict[str, Any]) -> int:
        if options["kind"] is None:
            raise Invalid(_("Say which kind of case."))
        found = Finding(
            kind=options["kind"],
            what=options["what"],
            details=_details(options["detail"]),
            numbers=_numbers(options["number"], options["numbers"]),
            evidence=tuple(options["evidence"]),
            files=tuple(options["evidence_file"]),
        )
        if not options["apply"]:
            services.check_open(found, actor=self.actor)
            return self._dry(options)
        case = services.open_case(found, actor=self.actor, reason=options["reason"], ticket=options["ticket"])
        return self._show(case, options)

    def _dry(self, options: dict[str, Any]) -> int:
        if options["json"]:
            self.say_json({"applied": False})
        else:
            self.say(_("Dry run: nothing is changed."))
        return Exit.DRY_RUN

    def _list(self, options: dict[str, Any]) -> int:
        self._may_read()
        found = listed_cases(self.actor).order_by("-pk")
        if options["state"]:
            found = found.filter(state=options["state"])
        if options["kind"]:
            found = found.filter(kind=options["kind"])
        rows: list[Any] = list(found[:LISTED])
        if options["json"]:
            self.say_json({"cases": [on_list(case, case.first_numbers) for case in rows]})
        else:
            for case in rows:
                self.say(line(case))
        return Exit.DONE

    def _show(self, case: Case, options: dict[str, Any]) -> int:
        if options["json"]:
            self.say_json(in_full(case, LISTED))
        else:
            for text in lines(case, LISTED):
                self.say(text)
        return Exit.DONE


def _details(given: list[str]) -> dict[str, Any]:
    found = {}
    for one in given:
        name, equals, value = one.partition("=")
        if not equals:
            raise Invalid(_("Give each detail as NAME=VALUE."))
        found[name.strip()] = value.strip()
    return found


def _numbers(given: list[str], source: Path | None) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for one in given:
        party, _colon, number = one.rpartition(":")
        if (party or Party.SUBJECT) not in Party.values:
            raise Invalid(_("Unknown party: %(party)s.") % {"party": party})
        found.setdefault(party or Party.SUBJECT.value, []).append(parsing.parse(number))
    if source:
        found.setdefault(Party.SUBJECT.value, []).extend(parsing.read_file(source))
    return found
