"""How an appeal reads on a page: its standing, its clock, what was said in it."""

from collections.abc import Sequence
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from accounts.numbers.pages import number_link
from accounts.numbers.tenure_pages import tenure_link
from appeals.filing import contact
from appeals.lifecycle import TOLD, Outcome, State
from appeals.messages.message_validity import why_unsent
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, Delivery, Message, Ruling
from appeals.policy import SECOND_PERSON, WEIGHTS, EvidenceKind, score
from appeals.queries import evidence, messages, portal_ids, rulings, weighed
from enforcement.decisions.pages.decisions import decision_link
from enforcement.evidence import media
from qqops.approvals.models import State as Proposed
from qqops.core.errors import Invalid, Refused
from qqops.core.personal_data import looks_personal
from qqops.templatetags.ops import badge, digits, link, minute, when
from qqops.web.panels import Fact, Panel

LIST = "admin:appeals_appeal_changelist"
VIEW = "appeals.view_appeal"
TONES = {
    State.FILED: "info",
    State.WAITING: "quiet",
    State.RULED: "warn",
    State.COOLING: "cold",
    State.CLOSED: "quiet",
    State.COURT: "warn",
}
OUTCOME_TONES = {Outcome.UPHELD: "good", Outcome.PARTLY: "good", Outcome.REJECTED: "bad"}
RULING_TONES = {Proposed.PROPOSED: "warn", Proposed.APPLIED: "good", Proposed.REFUSED: "bad"}
BETWEEN = "\n\n————\n\n"  # the two languages of a letter


def appeal_url(appeal: Appeal) -> str:
    return reverse("admin:appeals_appeal_change", args=[appeal.pk])


def appeal_link(appeal: Appeal) -> Any:
    return link(appeal_url(appeal), digits(appeal.receipt))


def standing(appeal: Appeal) -> Any:
    if appeal.state == State.CLOSED:
        return badge(appeal.get_outcome_display(), OUTCOME_TONES.get(Outcome(appeal.outcome), "quiet"))
    return badge(appeal.get_state_display(), TONES[State(appeal.state)])


def marks(appeal: Appeal) -> list[Any]:
    """What makes it more pressing than others, or another person's to hear."""
    found = []
    if appeal.is_overdue:
        found.append(badge(_("overdue"), "bad"))
    if appeal.escalated_at and appeal.state in (State.FILED, State.RULED):
        found.append(badge(_("escalated"), "warn"))
    if appeal.contested_at:
        found.append(badge(_("contested"), "warn"))
    if appeal.round > 1:
        found.append(badge(_("second review"), "info"))
    if appeal.gated:
        found.append(badge(_("filed too often"), "warn"))
    return found


def due(appeal: Appeal, *, exact: bool = False) -> Any:
    """The one moment that counts now: when the answer is due, or what it waits for."""
    if appeal.state in (State.FILED, State.RULED):
        return when(appeal.due_at, exact=exact)
    if appeal.state in (State.WAITING, State.COOLING):
        return when(appeal.waits_until, exact=exact)
    return when(appeal.closed_at, exact=exact)


def clock_fact(appeal: Appeal) -> Fact:
    if appeal.state == State.WAITING:
        stands = _("the clock has stood since %(time)s; without an answer the appeal is abandoned then")
        return Fact(_("Waits until"), due(appeal, exact=True), stands % {"time": minute(appeal.waiting_since)})  # type: ignore[arg-type]
    if appeal.state == State.COOLING:
        return Fact(_("Takes effect"), due(appeal, exact=True))
    if appeal.state in (State.CLOSED, State.COURT):
        return Fact(_("Closed"), due(appeal, exact=True))
    return Fact(_("Due"), due(appeal, exact=True), _("overdue") if appeal.is_overdue else "")


def appeal_facts(appeal: Appeal) -> list[Fact]:
    """Nothing of what was said: that is for who hears it."""
    tenure = appeal.tenure
    facts = [
        Fact(_("Kind"), appeal.get_kind_display()),
        Fact(_("Taken as"), appeal.get_route_display() if appeal.route else ""),
        Fact(_("Declined because"), appeal.get_why_display() if appeal.why else ""),
        Fact(_("Ground"), appeal.get_ground_display()),
        Fact(_("Who appeals"), appeal.get_relation_display()),
        # A number that was never handed out has no page.
        Fact(_("Number"), number_link(appeal.number_id) if tenure else digits(appeal.number_id)),
        Fact(_("Tenure"), tenure_link(tenure) if tenure else ""),
        Fact(_("Decision objected to"), decision_link(appeal.decision_id)),
        Fact(_("Freeze while contested"), decision_link(appeal.contest_decision_id)),
        Fact(_("Appeal agreement accepted"), appeal.agreement),
        Fact(_("Filed by"), appeal.maker),
        Fact(_("Portal id"), ", ".join(portal_ids(appeal))),
        Fact(_("Filed"), when(appeal.filed_at, exact=True)),
        clock_fact(appeal),
        Fact(_("Score of the evidence"), appeal.score, _("It advises; a human decides.")),
        Fact(_("Score of the other claimant"), _score_of_other(appeal), _("Only to compare: it counts for nothing.")),
        Fact(_("The appellant is told"), TOLD[State(appeal.state)]),
    ]
    return [fact for fact in facts if fact.value not in ("", None)]


def _score_of_other(appeal: Appeal) -> int | None:
    found = weighed(appeal, of_other=True) if appeal.contested_at else []
    return score(found) if found else None


def may(check: Any, *args: Any) -> bool:
    """Would this be allowed now? For the choice of buttons; the act asks again."""
    try:
        check(*args)
    except (Refused, Invalid):
        return False
    return True


# What was said: for who has it in hand, and in the answer to “read what was said”


def said_panels(words: Words) -> list[Panel]:
    appeal = words.appeal
    facts = [Fact(_("Statement"), words.statement), Fact(_("Contact"), _contact(words))]
    if not words.is_kept:
        facts = [Fact(_("Statement"), _("What was said in this appeal is no longer kept."))]
    said = [Panel(_("What was said"), "ops/panel_facts.html", {"facts": facts})]
    items = list(evidence(appeal))
    own, others = ([item for item in items if item.is_of_other == of_other] for of_other in (False, True))
    if own:
        said.append(evidence_panel(_("Evidence of the appellant"), words, own))
    if others:
        said.append(evidence_panel(_("Evidence of the other claimant"), words, others))
    return [*said, messages_panel(words), *rulings_panel(appeal, words)]


def _contact(words: Words) -> str:
    return contact.masked(words.contact) if words.contact else ""


def evidence_panel(title: str, words: Words, items: Sequence[AppealEvidence]) -> Panel:
    rows = [
        (item.get_kind_display(), said_in_item(words, item), _weighed(item), WEIGHTS[EvidenceKind(item.kind)])
        for item in items
    ]
    head = [_("Evidence"), _("What it says"), _("Result"), _("Weight")]
    return Panel(title, "ops/panel_table.html", {"head": head, "rows": rows})


def said_in_item(words: Words, item: AppealEvidence) -> Any:
    if item.size is None:
        return words.of_evidence(item)
    label = f"{media.in_words(item.media_type)} · {filesizeformat(item.size)}"
    return link(reverse("admin:appeals_file", args=[item.pk]), label)


def typed_again(text: str) -> str:
    """Evidence in words, on the page that confirms it; by its length where it holds what is personal."""
    return _("%(n)d characters") % {"n": len(text)} if looks_personal(text) else text


def _weighed(item: AppealEvidence) -> Any:
    """The latest word on it counts."""
    said = sorted(item.weighings.all(), key=lambda one: one.pk)
    return f"{said[-1].get_match_display()} · {said[-1].checker}" if said else ""


def messages_panel(words: Words) -> Panel:
    """Each as it was written, and how far it is on its way."""
    rows = [(message, _way(message), letter(words.of_message(message))) for message in messages(words.appeal)]
    return Panel(_("Dialogue"), "appeals/messages.html", {"rows": rows})


def letter(text: str) -> list[tuple[str, str]]:
    """Its languages, each with its text; what an appellant wrote has one of its own."""
    zh, between, en = text.partition(BETWEEN)
    return [("zh-hans", zh), ("en", en)] if between else [("", text)]


def _way(message: Message) -> str:
    delivery = getattr(message, "delivery", None)
    if delivery is None:
        return ""
    if delivery.state == Delivery.State.SENT and delivery.fault:
        return _("sent without what it says of the freeze, which had ended")
    return _not_sent(delivery) or delivery.get_state_display()


def _not_sent(delivery: Delivery) -> str:
    why = why_unsent(delivery)
    return _("not sent: %(why)s") % {"why": why.label} if why else ""


def said_count(appeal: Appeal) -> Panel:
    facts = [Fact(_("Dialogue"), messages(appeal).count()), Fact(_("Evidence"), evidence(appeal).count())]
    left = messages(appeal).filter(delivery__state__in=(Delivery.State.FAILED, Delivery.State.OUTDATED))
    facts += [Fact(one.get_kind_display(), said) for one in left if (said := _not_sent(one.delivery))]
    return Panel(_("What was said"), "ops/panel_facts.html", {"facts": facts})


# Rulings


def rulings_panel(appeal: Appeal, words: Words | None = None) -> list[Panel]:
    """Who ruled what, for which reason, and who agreed; the reasons told only with the words."""
    return [
        Panel(_("Ruling %(ruling)s") % {"ruling": one}, "ops/panel_facts.html", {"facts": ruling_facts(one, words)})
        for one in rulings(appeal)
    ]


def ruling_state(ruling: Ruling) -> Any:
    state = Proposed.LAPSED if ruling.has_lapsed else Proposed(ruling.state)
    label = pgettext("ruling", "ruled") if state == Proposed.APPLIED else state.label  # some take effect only later
    return badge(label, RULING_TONES.get(state, "quiet"))


def ruling_facts(ruling: Ruling, words: Words | None = None) -> list[Fact]:
    told = ({"clause": row.clause.number, "version": row.clause.version.version} for row in ruling.grounds.all())
    grounds = [_("%(clause)s (%(version)s)") % one for one in told]
    facts = [
        Fact(_("Outcome"), [ruling.get_outcome_display(), ruling_state(ruling)]),
        Fact(_("Round"), ruling.round if ruling.round > 1 else ""),
        Fact(_("Reasons, as they are told"), words.of_ruling(ruling) if words else ""),
        Fact(_("Reason"), ruling.reason),
        Fact(_("Ticket"), ruling.ticket),
        Fact(_("Clauses"), grounds),
        Fact(_("Decision that carries it out"), decision_link(ruling.reverses_id)),
        Fact(_("Needs a second person"), rule_label(ruling.rule)),
        Fact(_("Ruled by"), ruling.maker),
        Fact(_("Ruled"), when(ruling.proposed_at, exact=True)),
        *(Fact(_("Answered by"), _answer(one)) for one in ruling.approvals.all()),
    ]
    return [fact for fact in facts if fact.value not in ("", None, [])]


def _answer(approval: Any) -> list[Any]:
    said = badge(_("agreed"), "good") if approval.agreed else badge(_("sent back"), "bad")
    return [approval.approver, said, approval.reason]


def rule_label(code: str) -> Any:
    return next((rule.label for rule in SECOND_PERSON if rule.code == code), "")
