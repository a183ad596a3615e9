"""What is to be looked over before anybody agrees: the figures of the dry run, of a list, and what would be lost."""

from collections.abc import Collection, Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.lifecycle import Shown
from accounts.numbers.pages import number_link
from accounts.quarantine.losses import LATELY, Losses
from enforcement.decisions.durations import ELSEWHERE
from enforcement.decisions.preview import Preview, not_counted, steps_in_words
from enforcement.lists import figures
from enforcement.lists import services as lists
from enforcement.lists.figures import Figures
from enforcement.models import Decision, TargetList
from enforcement.policy import MEASURES, Kind, Why
from qqops.templatetags.ops import minute
from qqops.web import panels
from qqops.web.panels import Fact, Panel

SERVICES = 5  # those used most


def list_in(request: HttpRequest) -> TargetList | None:
    """The list that the address of an act names: one's own, or there is no such page."""
    wanted = request.GET.get("list")
    if wanted is None:
        return None
    number = wanted.isascii() and wanted.isdigit() and len(wanted) < 18
    found = lists.list_of(int(wanted), panels.staff_at(request)) if number else None
    if found is None:
        raise Http404
    return found


def counts_of(found: Preview) -> list[Fact]:
    """What would become of the numbers, and what they are."""
    facts = [Fact(_("will be changed"), found.will)]
    facts += [Fact(_("skipped: %(why)s") % {"why": Why(w).label}, n) for w, n in sorted(found.skipped.items())]
    facts += [Fact(_("now %(state)s") % {"state": Shown(s).label}, n) for s, n in sorted(found.shown.items())]
    if found.unknown_lines:  # as filed they are only counted
        facts.append(Fact(_("unknown"), [str(n) for n in found.unknown] or found.unknown_lines))
    known = (
        Fact(_("premium"), found.premium),
        Fact(_("protected"), found.protected),
        Fact(_("paid"), found.paid),
        Fact(_("under a legal hold or a pending request"), found.held),
    )
    facts += [fact for fact in known if fact.value]
    if found.suggested:
        facts.append(Fact(_("the ladder suggests"), steps_in_words(found.suggested)))
    return facts


def figures_of(
    listed: TargetList | None, numbers: Collection[int], found: Preview, minors: figures.Counted
) -> list[Fact]:
    """The numbers themselves where they were named; of a list its source, its figures and a sample."""
    if listed is None:
        return [Fact(_("numbers"), [str(n) for n in found.sample])]
    digits = lists.digits_of(numbers)
    return _list_facts(listed.name, listed.sha256, found, digits, lambda: minors_text(minors()))


def _list_facts(
    name: str | None, sha256: str | None, found: Preview, digits: Mapping[int, int], minors: Any
) -> list[Fact]:
    facts = [
        Fact(_("list"), name),
        Fact(_("SHA-256"), sha256),
        Fact(_("numbers given"), found.given),
        Fact(_("duplicates"), found.duplicates),
        Fact(_("digits"), digits_text(digits)),
        Fact(_("minors"), minors),
        Fact(_("a sample"), [number_link(n) for n in found.sample]),
    ]
    return [fact for fact in facts if fact.value is not None]


def filed_panels(decision: Decision, filed: Figures) -> list[Panel]:
    """The dry run for whoever is to agree to exactly that; nothing of it is looked up anew."""
    found = filed.found
    facts = counts_of(found)
    facts += _list_facts(
        decision.source_name, decision.source_sha256, found, filed.digits, minors_text(filed.minors)
    )  # fmt: skip
    title = _("As filed at %(at)s") % {"at": minute(filed.at)} if filed.at else ""
    return [Panel(title, "ops/panel_facts.html", {"facts": facts}), *losses_panels(Kind(decision.kind), found)]


def losses_panels(kind: Kind, found: Preview) -> list[Panel]:
    """10.4, before it is done; nothing where nobody would lose anything by it."""
    if kind not in MEASURES or not found.will:
        return []
    facts = [Fact(_("losses"), not_counted())] if found.losses is None else losses_facts(found.losses)
    facts.append(Fact(_("not counted here"), ELSEWHERE))
    return [Panel(_("What the holders lose"), "ops/panel_facts.html", {"facts": facts})]


def losses_facts(losses: Losses) -> list[Fact]:
    until = _("until %(at)s at the latest") % {"at": minute(losses.paid_until)} if losses.paid_until else ""
    days = {"days": LATELY.days}
    facts = [
        Fact(_("with paid time left"), losses.paid, until),
        Fact(_("paid for, with no end on file"), losses.paid_open),
        Fact(_("signed in during the last %(days)d days") % days, losses.using),
        Fact(_("services used by most of them"), services_text(losses)),
    ]
    return [fact for fact in facts if fact.value or fact.value == 0]


def services_text(losses: Losses) -> str:
    """“mail: 120; game: 33”."""
    return _("; ").join(f"{service}{_(': ')}{n}" for service, n in losses.services.most_common(SERVICES))


def digits_text(digits: Mapping[int, int]) -> str:
    """“9 digits: 120; 10 digits: 49880”."""
    return _("; ").join(_("%(digits)d digits: %(n)d") % {"digits": d, "n": n} for d, n in sorted(digits.items()))


def minors_text(counted: int | None) -> Any:
    return not_counted() if counted is None else counted
