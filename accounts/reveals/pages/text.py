"""How a reveal and a request for one read."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.identity.pages import identity_url
from accounts.models import Reveal, RevealRequest
from accounts.reveals import case_kinds
from accounts.reveals.unusual import Flag
from qqops.approvals.models import State
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, digits, link, when
from qqops.web.panels import Fact

STATES = {
    State.PROPOSED: (State.PROPOSED.label, "warn"),
    State.APPROVED: (gettext_lazy("agreed, not used yet"), "good"),
    State.APPLIED: (gettext_lazy("agreed and used"), "quiet"),
    State.REFUSED: (State.REFUSED.label, "bad"),
    State.VOID: (State.VOID.label, "quiet"),
}


def shown_url(reveal: Reveal) -> str:
    return reverse("admin:reveal_shown", args=[reveal.pk])


def form_url(asked: Reveal | RevealRequest) -> str:
    return reverse("admin:reveal", args=[asked.tenure_id, asked.whose, asked.field])


def item_text(asked: Reveal | RevealRequest) -> str:
    return f"{asked.get_field_display()} · {asked.get_whose_display()}"


def case_text(asked: Reveal | RevealRequest) -> str:
    return f"{case_kinds.LABELS.get(asked.case_kind, asked.case_kind)} {asked.case_ref}"


def case_link(asked: Reveal | RevealRequest) -> Any:
    """To the case itself: one query more, so not in a list."""
    try:
        case = case_kinds.find(asked.case_kind, asked.case_ref, asked.tenure)
    except Invalid:  # a kind that there is no more
        case = None
    return link(case.url, case_text(asked)) if case else case_text(asked)


def unusual_badges(reveal: Reveal) -> list[Any]:
    return [badge(Flag(code).label, "warn") for code in reveal.flags if code in Flag.values]


def tenure_link(asked: Reveal | RevealRequest) -> Any:
    return link(identity_url(asked.tenure_id), digits(asked.tenure))


def request_state(request: RevealRequest) -> Any:
    if request.has_lapsed:
        return badge(State.LAPSED.label, "quiet")
    label, tone = STATES[State(request.state)]
    return badge(label, tone)


def asked_facts(asked: Reveal | RevealRequest) -> list[Fact]:
    return [
        Fact(_("Tenure"), tenure_link(asked)),
        Fact(_("Item"), item_text(asked)),
        Fact(_("Purpose"), asked.get_purpose_display()),
        Fact(_("Case"), case_link(asked)),
        Fact(_("Reason"), asked.reason),
    ]


def is_over(reveal: Reveal) -> bool:
    return reveal.until <= timezone.now()


def standing(reveal: Reveal) -> Any:
    if is_over(reveal):
        return badge(_("over"), "quiet")
    return badge(_("shown now"), "info")


def until_fact(reveal: Reveal) -> Fact:
    return Fact(_("Shown until"), when(reveal.until, exact=True))
