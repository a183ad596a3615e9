"""`manage.py strike --of VERSION --clause N | --citation TEXT`: strike out a ground (12.7)."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Clause
from accounts.rulebook.summaries import DOCUMENT
from enforcement.citations import services as strike
from qqops.core.commands import Exit, StaffCommand
from qqops.core.errors import Invalid


class Command(StaffCommand):
    help = gettext_noop(
        "Strike out a ground (12.7): a clause of a version, or a document as it was cited. Dry run unless --apply.\n\n"
        "  strike --of 2026-1 --clause 10.1 --actor privacy --reason '…'\n"
        "  strike --citation 'Order 12 of 2026' …\n"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--document", default=DOCUMENT, metavar="CODE", help=_("document of the rulebook"))
        parser.add_argument("--of", default="", metavar="VERSION", help=_("its version"))
        parser.add_argument("--clause", default="", help=_("its clause"))
        parser.add_argument("--citation", default="", help=_("or a document as it was cited"))
        super().add_arguments(parser)

    def act_for(self, **options: Any) -> int:
        clause = _clause(options)
        if not options["apply"]:
            hit, case = strike.check_strike(clause, options["citation"], actor=self.actor), None
        else:
            struck = strike.strike_out(
                clause, options["citation"], actor=self.actor, reason=options["reason"], ticket=options["ticket"]
            )
            hit, case = struck.hit, struck.case
        if options["json"]:
            told = {
                "standing": hit.standing,
                "groundless": hit.groundless,
                "cited_as": hit.cited_as,
                "case": case.pk if case else None,
            }
            self.say_json({"applied": options["apply"], **told})
            return Exit.DONE if options["apply"] else Exit.DRY_RUN
        for citation, n in hit.cited_as.items():
            self.say(_("Cited as “%(citation)s” in decisions: %(n)d.") % {"citation": citation, "n": n})
        self.say(_("Decisions in force that stand on another ground: %(n)d.") % {"n": len(hit.standing)})
        named = _(", ").join(f"#{pk}" for pk in hit.groundless) or _("none")
        self.say(_("Left without a ground: %(decisions)s.") % {"decisions": named})
        if case:
            self.say(_("They go to case %(case)s.") % {"case": case})
        if not options["apply"]:
            self.say(_("Dry run: nothing is changed."))
        return Exit.DONE if options["apply"] else Exit.DRY_RUN


def _clause(options: dict[str, Any]) -> Clause | None:
    if not (options["of"] or options["clause"]):
        return None
    found = Clause.objects.select_related("version").filter(
        version__document__code=options["document"], version__version=options["of"], number=options["clause"]
    )
    if (clause := found.first()) is None:
        raise Invalid(_("This version has no such clause."))
    return clause
