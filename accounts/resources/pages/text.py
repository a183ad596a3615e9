"""How proposals about number resources look on a page."""

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import ResourceProposal
from accounts.resources.text import RULES, wanted_facts, whole
from qqops.approvals.models import State
from qqops.templatetags.ops import badge, digits, when
from qqops.web.panels import Fact

TONES = {
    State.PROPOSED: "warn",
    State.APPROVED: "info",
    State.APPLIED: "good",
    State.REFUSED: "bad",
    State.LAPSED: "quiet",
    State.VOID: "quiet",
}


def proposal_facts(proposal: ResourceProposal) -> list[Fact]:
    rule = RULES.get(proposal.rule)
    facts = [
        Fact(_("Kind"), proposal.get_kind_display()),
        *wanted_facts(proposal.kind, proposal.content, len(proposal.numbers)),
        Fact(_("Reason"), proposal.reason),
        Fact(_("Ticket"), proposal.ticket),
        Fact(_("Maker"), proposal.maker),
        Fact(_("Proposed"), when(proposal.proposed_at, exact=True)),
        Fact(_("Rule"), rule.label if rule else proposal.rule),
        Fact(_("Lapses"), when(proposal.expires_at, exact=True) if proposal.state == State.PROPOSED else ""),
    ]
    return [fact for fact in facts if fact.value not in ("", None)]


def state_badge(proposal: ResourceProposal) -> Any:
    state = State.LAPSED if proposal.has_lapsed else State(proposal.state)
    return badge(state.label, TONES[state])


def about(proposal: ResourceProposal) -> Any:
    """In a line: the number or the range it is about, or how many."""
    content, numbers = proposal.content, proposal.numbers
    if numbers:
        return digits(numbers[0]) if len(numbers) == 1 else _("%(n)s numbers") % {"n": whole(len(numbers))}
    if "first" in content:
        return digits(f"{content['first']}–{content['last']}")
    return content.get("code", "")
