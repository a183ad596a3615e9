"""What the page of an act says of a list: where it came from, and what is to be eyeballed before anybody agrees."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext as _

from accounts.admin.number import number_link
from enforcement.models import Decision, TargetList
from enforcement.run_queries import snapshot_of
from enforcement.services import Preview, lists
from enforcement.services.listed import Listed
from qqops import panels
from qqops.panels import Fact, Panel


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


def figures_of(listed: TargetList | None, numbers: Collection[int], found: Preview) -> list[Fact]:
    """The numbers themselves where they were named; of a list its source, its figures and a sample."""
    if listed is None:
        return [Fact(_("numbers"), [str(n) for n in found.sample])]
    facts = [
        Fact(_("list"), listed.name),
        Fact(_("SHA-256"), listed.sha256),
        Fact(_("numbers given"), found.given),
        Fact(_("duplicates"), found.duplicates),
        Fact(_("digits"), digits_text(lists.digits_of(numbers))),
        # Counted where it is drawn: a click that only confirms opens nobody's date of birth.
        Fact(_("minors"), partial(minors_text, numbers)),
    ]
    return [*facts, Fact(_("a sample"), [number_link(n) for n in found.sample])]


def snapshot_panel(decision: Decision) -> Panel:
    """What was frozen, for whoever is to agree to exactly that: the same figures, and a sample of it."""
    found = snapshot_of(decision)
    facts = [
        Fact(_("list"), decision.source_name),
        Fact(_("SHA-256"), decision.source_sha256),
        Fact(_("digits"), digits_text(found.digits)),
        Fact(_("premium"), found.premium),
        Fact(_("protected"), found.protected),
        Fact(_("paid"), found.paid),
        Fact(_("under a legal hold"), found.held),
        Fact(_("minors"), partial(_minors_among_targets, decision)),
        Fact(_("a sample"), [number_link(n) for n in found.sample]),
    ]
    shown = [fact for fact in facts if fact.value is not None]
    return Panel(_("The list as it was filed"), "ops/panel_facts.html", {"facts": shown})


def _minors_among_targets(decision: Decision) -> Any:
    if decision.target_count > lists.COUNTED_MAX:
        return minors_text(None)
    return minors_text(Listed(decision.targets.values_list("number_id", flat=True).iterator()))


def digits_text(digits: Mapping[int, int]) -> str:
    """“9 digits: 120; 10 digits: 49880”."""
    return _("; ").join(_("%(digits)d digits: %(n)d") % {"digits": d, "n": n} for d, n in sorted(digits.items()))


def minors_text(numbers: Collection[int] | None) -> Any:
    counted = None if numbers is None else lists.minors_of(Listed.of(numbers))
    if counted is None:
        return _("not counted: more than %(n)d numbers") % {"n": lists.COUNTED_MAX}
    return counted
