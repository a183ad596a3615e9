"""`manage.py cases {list,open,show,close}`: the register of cases."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import numbers
from enforcement.case_queries import cases, count_numbers, numbers_of
from enforcement.casebook import OPENED, Party
from enforcement.models import Case
from enforcement.services import cases as services
from enforcement.services.cases import Finding
from qqops.commands import Exit, StaffCommand
from qqops.errors import Invalid, Refused

VIEW = "enforcement.view_case"
LISTED = 200


class Command(StaffCommand):
    help = (
        "The register of cases: list, open, show, close. Dry run unless --apply.\n\n"
        "  cases open --kind finder --number 88812345 --detail heard=hotline --detail reported_on=2026-11-27 \\\n"
        "             --detail good_faith=yes --what '…' --actor agent --reason '…' --apply\n"
        "  cases open --kind cluster --numbers list.csv --detail cluster=c-17 …\n"
        "  cases show 7 …    cases close 7 --conclusion '…' …\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("list", "open", "show", "close"), metavar="{list,open,show,close}")
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
        parser.add_argument("--conclusion", default="", help=_("close: what came of it"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        match options["do"]:
            case "open":
                return self._open(options)
            case "list":
                return self._list(options)
            case "show":
                return self._show(self._case(options), as_json=options["json"])
            case _:
                return self._close(self._case(options), options)

    def _case(self, options: dict[str, Any]) -> Case:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not read cases."))
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
        return self._show(case, as_json=options["json"])

    def _close(self, case: Case, options: dict[str, Any]) -> int:
        if not options["apply"]:
            services.check_close(case, actor=self.actor)
            return self._dry(options)
        case = services.close(
            case, options["conclusion"], actor=self.actor, reason=options["reason"], ticket=options["ticket"]
        )
        return self._show(case, as_json=options["json"])

    def _dry(self, options: dict[str, Any]) -> int:
        if options["json"]:
            self.say_json({"applied": False})
        else:
            self.say(_("Dry run: nothing is changed."))
        return Exit.DRY_RUN

    def _list(self, options: dict[str, Any]) -> int:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not read cases."))
        found = cases(self.actor).order_by("-pk")
        if options["state"]:
            found = found.filter(state=options["state"])
        if options["kind"]:
            found = found.filter(kind=options["kind"])
        rows = list(found[:LISTED])
        if options["json"]:
            self.say_json({"cases": [_as_json(case) for case in rows]})
        else:
            for case in rows:
                self.say(_line(case))
        return Exit.DONE

    def _show(self, case: Case, *, as_json: bool) -> int:
        listed = [(entry.number_id, entry.party) for entry in numbers_of(case)[:LISTED]]
        said = list(case.evidence.order_by("pk").values_list("statement", flat=True))
        if as_json:
            named = [{"number": number, "party": party} for number, party in listed]
            self.say_json(_as_json(case) | {"numbers": named, "count": count_numbers(case), "evidence": said})
            return Exit.DONE
        self.say(_line(case))
        self.say(f"  {case.what}")
        for name, value in case.details.items():
            self.say(f"  {name}: {value}")
        for number, party in listed:
            self.say(f"  {number}  {Party(party).label}")
        for statement in said:
            self.say(_("  evidence: %(text)s") % {"text": statement})
        if case.conclusion:
            self.say(f"  {case.conclusion}")
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
        found.setdefault(party or Party.SUBJECT.value, []).append(numbers.parse(number))
    if source:
        found.setdefault(Party.SUBJECT.value, []).extend(numbers.read_file(source))
    return found


def _line(case: Case) -> str:
    day = timezone.localtime(case.opened_at)
    return f"#{case.pk}  {case.get_state_display()}  {case.get_kind_display()}  {day:%Y-%m-%d}  {case.maker}"


def _as_json(case: Case) -> dict[str, Any]:
    return {
        "case": case.pk,
        "kind": case.kind,
        "state": case.state,
        "what": case.what,
        "details": case.details,
        "opened_by": case.maker.username,
        "opened_at": case.opened_at,
        "root_cause": case.root_cause,
        "agreed_by": case.cause_agreed_by.username if case.cause_agreed_by else None,
        "conclusion": case.conclusion,
    }
