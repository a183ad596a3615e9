"""`manage.py disclosures list | show RECEIPT | verify FILE PROOF`: the register, read; and does a proof fit a file."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.disclosures.package import fingerprint, verify_proof
from accounts.disclosures.policy import PAPERS
from accounts.disclosures.queries import disclosures
from accounts.disclosures.services import VIEW
from accounts.models import DataClass, Disclosure
from qqops.core import receipts
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid, Refused

LISTED = 200


class Command(StaffCommand):
    help = gettext_noop(
        "List the disclosure register, show one request (show), or hold a released file to its proof (verify)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("do", choices=("list", "show", "verify"), metavar="{list,show,verify}")
        parser.add_argument("what", nargs="*", metavar="RECEIPT | FILE PROOF")
        parser.add_argument("--state", choices=Disclosure.State.values, help=_("list: only those in this state"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        if not self.actor.has_perm(VIEW):
            raise Refused(gettext_noop("Your role may not read the disclosure register."))
        what: list[str] = options["what"]
        if len(what) != {"list": 0, "show": 1, "verify": 2}[options["do"]]:
            raise Invalid(_("Usage: disclosures list | show RECEIPT | verify FILE PROOF."))
        match options["do"]:
            case "list":
                return self._list(options)
            case "show":
                return self._show(what[0], as_json=options["json"])
            case _:
                return self._verify(Path(what[0]), Path(what[1]), as_json=options["json"])

    def _list(self, options: dict[str, Any]) -> int:
        found = disclosures(self.actor).order_by("-pk")
        if options["state"]:
            found = found.filter(state=options["state"])
        rows = list(found[:LISTED])
        if options["json"]:
            self.say_json({"disclosures": [_as_json(one) for one in rows]})
            return Exit.DONE
        for one in rows:
            due = timezone.localtime(one.due_at)
            self.say(
                f"{one.receipt}  {one.get_state_display()}  {one.get_asked_by_display()}  {due:%Y-%m-%d}  {one.maker}"
            )
        return Exit.DONE

    def _show(self, text: str, *, as_json: bool) -> int:
        one = disclosures(self.actor).filter(receipt=receipts.read(text) or "").first()
        if one is None:
            raise Invalid(_("There is no such request."))
        papers, rulings = list(one.papers.order_by("pk")), list(one.rulings.order_by("pk"))
        numbers = sorted({target.number for target in one.targets.all()})
        if as_json:
            self.say_json(
                _as_json(one)
                | {
                    "numbers": numbers,
                    "papers": [{"paper": paper.kind, "number": paper.number} for paper in papers],
                    "rulings": [
                        {"information": ruling.data_class, "granted": ruling.granted, "reason": ruling.reason}
                        for ruling in rulings
                    ],
                }
            )
            return Exit.DONE
        self.say(f"{one.receipt}  {one.get_state_display()}  {one.get_asked_by_display()} {one.authority}".rstrip())
        self.say(_("numbers: %(numbers)s") % {"numbers": _(", ").join(map(str, numbers))})
        for paper in papers:
            self.say(f"  {PAPERS[paper.kind].label}  {paper.number}".rstrip())
        for ruling in rulings:
            mark = "●" if ruling.granted else "○"
            self.say(f"  {mark} {DataClass(ruling.data_class).label}  {ruling.reason}".rstrip())
        return Exit.DONE

    def _verify(self, file: Path, proof: Path, *, as_json: bool) -> int:
        try:
            fits = verify_proof(proof.read_text(errors="replace"), file.read_bytes())
        except OSError as error:
            raise Invalid(_("Cannot read the file: %(error)s") % {"error": error.strerror}) from error
        if as_json:
            self.say_json({"fits": fits, "fingerprint": fingerprint()})
        elif fits:
            self.say(
                _("The proof fits the file, and this house signed it (key %(key)s).") % {"key": fingerprint()[:16]}
            )
        else:
            self.say(_("The proof does not fit this file, or this house did not sign it."))
        return Exit.DONE if fits else Exit.ERROR


def _as_json(one: Disclosure) -> dict[str, Any]:
    return {
        "receipt": one.receipt,
        "state": one.state,
        "asked_by": one.asked_by,
        "authority": one.authority,
        "wants": one.wants,
        "secret": one.secret,
        "due_at": one.due_at,
        "registered_by": one.maker.username,
        "reviewed_by": one.reviewer and one.reviewer.username,
        "last_step_by": one.closer and one.closer.username,
    }
