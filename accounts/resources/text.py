"""Texts of proposals about number resources: the requested change and its consequence, for pages and commands.

A module that adds a kind calls `declare`. The personal data in a proposal is sealed and never part of these texts.
"""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.lifecycle import L
from accounts.models import NumberRange, Tenure
from accounts.resources.policy import ALONE, BOTH, CORRECTION_PAPERS, SUPERVISOR, Kind, Pool
from qqops.audit import event_catalogue
from qqops.audit.review import facts_text as in_general
from qqops.web.panels import Fact

Content = Mapping[str, Any]
RULES = {rule.code: rule for rule in (ALONE, SUPERVISOR, BOTH)}
CONSEQUENCES: dict[str, Any] = {
    Kind.RANGE: gettext_lazy("The range is opened and set aside: nothing is handed out of it until it is moved on."),
    Kind.RANGE_MOVE: gettext_lazy("Every number of the range that has no row of its own is then in that state."),
    Kind.RANGE_PLAN: gettext_lazy("This plan replaces the present one as a whole; what was handed out stays as it is."),
    Kind.NUMBERS_MOVE: gettext_lazy("These numbers are moved, and no others; nobody holds any of them."),
    Kind.TIER: gettext_lazy("These numbers keep that tier, whatever their digits say, until it is set anew."),
    Kind.CAMPAIGN: gettext_lazy("The organiser may hand out numbers up to the quota in that time, and none beyond it."),
    Kind.CORRECTION: gettext_lazy(
        "The present tenure ends and a new one begins; measures, cases and identity information stay with the old one."
    ),
}
# The people who must agree, by the code of the rule.
WHO_AGREES: dict[str, Any] = {
    ALONE.code: gettext_lazy("It is done at once: nobody else has to agree."),
    SUPERVISOR.code: gettext_lazy("A supervisor has to agree before anything is done."),
    BOTH.code: gettext_lazy("A supervisor and the privacy officer have to agree before anything is done."),
}
RETIRED = gettext_lazy("What is retired is never handed out again: there is no way back.")


def yuan(fen: int | None) -> str:
    return _("free of charge") if fen is None else _("%(yuan)s yuan") % {"yuan": f"{fen // 100}.{fen % 100:02}"}


def channels_text(codes: list[str]) -> str:
    return _(", ").join(str(Tenure.Channel(code).label) for code in codes) or _("every channel")


def whole(n: int) -> str:
    """Format a quantity with thousands separators."""
    return f"{n:,}"


def percent(share: float) -> str:
    return f"{share:.1%}" if share == 0 or share >= 0.001 else "<0.1%"


def plan_facts(content: Content) -> list[Fact]:
    return [
        Fact(_("Release plan"), content["plan"] or _("none")),
        Fact(_("Opens on"), content["opens_on"] or _("at once, when it is available")),
        Fact(_("Price"), yuan(content["price"])),
        Fact(_("Channels"), channels_text(content["channels"])),
    ]


def _range(content: Content) -> list[Fact]:
    first, last = content["first"], content["last"]
    return [
        Fact(_("Range"), f"{first}–{last}"),
        Fact(_("Size"), whole(last - first + 1)),
        Fact(_("Pool"), Pool(content["pool"]).label),
        Fact(_("Purpose"), content["purpose"]),
        *plan_facts(content),
    ]


def _named(content: Content) -> Fact:
    found = NumberRange.objects.filter(pk=content["range"]).first()
    return Fact(_("Range"), str(found) if found else f"#{content['range']}")


def _range_move(content: Content) -> list[Fact]:
    return [_named(content), Fact(_("Becomes"), L(content["to"]).label)]


def _range_plan(content: Content) -> list[Fact]:
    return [_named(content), *plan_facts(content)]


def _numbers_move(content: Content) -> list[Fact]:
    return [Fact(_("Become"), L(content["to"]).label)]


def _tier(content: Content) -> list[Fact]:
    return [Fact(_("Tier"), content["tier"])]


def _campaign(content: Content) -> list[Fact]:
    return [
        Fact(_("Campaign"), content["code"]),
        Fact(_("Authorised organiser"), content["organiser"]),
        Fact(_("Written authorisation"), content["authorisation"]),
        Fact(_("Quota"), whole(content["quota"])),
        Fact(_("Starts"), event_catalogue.in_words(content["starts_at"])),
        Fact(_("Ends"), event_catalogue.in_words(content["ends_at"])),
    ]


def _correction(content: Content) -> list[Fact]:
    papers = [Fact(CORRECTION_PAPERS[code], reference) for code, reference in content["papers"].items()]
    return [Fact(_("The tenure that ends"), tenure_that_ends(content)), *papers]


def tenure_that_ends(content: Content) -> str:
    return str(Tenure.objects.get(pk=content["tenure"]))


_words: dict[str, Callable[[Content], list[Fact]]] = {
    Kind.RANGE: _range,
    Kind.RANGE_MOVE: _range_move,
    Kind.RANGE_PLAN: _range_plan,
    Kind.NUMBERS_MOVE: _numbers_move,
    Kind.TIER: _tier,
    Kind.CAMPAIGN: _campaign,
    Kind.CORRECTION: _correction,
}


def declare(kind: Kind, words: Callable[[Content], list[Fact]], consequence: Any) -> None:
    """Declare the function that describes proposals of this kind, and the consequence of their approval."""
    if kind in _words:
        raise ValueError(f"the words of {kind} are declared twice")
    _words[kind], CONSEQUENCES[kind] = words, consequence


def wanted_facts(kind: str, content: Content, numbers: int = 0) -> list[Fact]:
    """Return the facts of the requested change, without empty ones."""
    facts = _words[kind](content) if kind in _words else _as_it_stands(content)
    if numbers:
        facts.insert(0, Fact(_("How many numbers"), whole(numbers)))
    return [fact for fact in facts if fact.value not in ("", None)]


def _as_it_stands(content: Content) -> list[Fact]:
    return [Fact(name, value) for name, value in in_general.in_words(content, {}).items()]


def consequences_of(kind: str, content: Content) -> list[Any]:
    found = [CONSEQUENCES[kind]] if kind in CONSEQUENCES else []
    return [*found, RETIRED] if content.get("to") == L.RETIRED else found
