"""What came of each target of a decision, as a file that leaves the house: counted, and on the record."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.lifecycle import FOREVER, Lifecycle
from enforcement.models import Decision
from enforcement.policy import Why
from enforcement.runs.queries import Line, lines_of
from qqops.audit import recorder
from qqops.core.errors import Refused
from qqops.staff import limits
from qqops.staff.models import Staff

SEE = "enforcement.export_decision"


def head() -> list[str]:
    return [_("Number"), _("Result"), _("Why"), _("State before"), _("Measure until")]


def rows(decision: Decision) -> Iterator[list[Any]]:
    """The lines of the report below its heading, in the language of now: a file is sent after its page is done."""
    return _Words().lines(decision)


def report(decision: Decision, form: str, *, actor: Staff) -> Iterator[list[Any]]:
    """The lines for a file of this form; Refused without the right, or when too many files were taken out lately."""
    facts = {"what": form, "targets": decision.target_count}
    with recorder.refusals(actor=actor, subject=decision, facts={"act": "decision.reported"} | facts):
        if not actor.has_perm(SEE):
            raise Refused(gettext_noop("Your role may not do this."))
        limits.spend("export", actor)
        with recorder.act(
            "decision.reported", actor=actor, reason="", ticket=decision.ticket, subject=decision,
            decision_id=decision.pk, facts=facts,
        ):  # fmt: skip
            return rows(decision)


class _Words:
    """Every label once, before the first line is asked for."""

    def __init__(self) -> None:
        self.applied, self.skipped, self.not_yet = _("applied"), _("skipped"), _("not yet")
        self.why = {why.value: str(why.label) for why in Why} | {"": ""}
        self.lifecycle = {state.value: str(state.label) for state in Lifecycle}
        self.frozen, self.restricted = _("frozen until %(at)s"), _("restricted until %(at)s")
        self.endless, self.joined = _("without end"), _("; ")

    def lines(self, decision: Decision) -> Iterator[list[Any]]:
        return map(self.line, lines_of(decision))

    def line(self, one: Line) -> list[Any]:
        if one.why is None:
            return [one.number, self.not_yet, "", "", ""]
        result = self.skipped if one.why else self.applied
        return [one.number, result, self.why.get(one.why, one.why), self.before(one), self.until(one)]

    def before(self, one: Line) -> str:
        parts = [self.lifecycle.get(one.lifecycle, one.lifecycle) if one.lifecycle else ""]
        for words, text in ((self.frozen, one.frozen_until), (self.restricted, one.restricted_until)):
            if text and (at := parse_datetime(text)):
                parts.append(words % {"at": self.moment(at)})
        return self.joined.join(filter(None, parts))

    def until(self, one: Line) -> str:
        return (self.moment(one.until) if one.until else self.endless) if one.measured else ""

    def moment(self, at: Any) -> str:
        return self.endless if at.year == FOREVER.year else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
