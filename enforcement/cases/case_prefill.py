"""What a case brings to the form of the act that it leads to: its ground, what was found, its evidence."""

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from enforcement.cases.policy import LEADS_TO, CaseKind
from enforcement.cases.queries import cases
from enforcement.cases.sealed_text import Words
from enforcement.models import Case, Decision
from enforcement.policy import BASIS, Kind
from qqops.templatetags.ops import link
from qqops.web import panels
from qqops.web.panels import Fact, Panel

VIEW = "enforcement.view_case"


def case_in(request: HttpRequest) -> Case | None:
    """The case that the address names; 404 when there is none that this person may see."""
    given = request.GET.get("case", "")
    if not given:
        return None
    user = panels.staff_at(request)
    if not (user.has_perm(VIEW) and given.isascii() and given.isdigit() and len(given) < 18):
        raise Http404
    found = cases(user).filter(pk=int(given)).first()
    if found is None:
        raise Http404
    return found


def case_link(pk: int, label: object = None) -> Any:
    return link(reverse("admin:enforcement_case_change", args=[pk]), label or f"#{pk}")


def clauses_for(case: Case, kind: Kind) -> list[str]:
    """The grounds that the case leads to, of those that allow this act."""
    return [code for code in LEADS_TO[CaseKind(case.kind)] if kind in BASIS[code].kinds]


def initial_for(case: Case, kind: Kind) -> dict[str, Any]:
    clauses = clauses_for(case, kind)
    words = Words(case)
    files = case.evidence.exclude(file=None).order_by("pk").values_list("file", flat=True)
    known: dict[str, Any] = {
        "clauses": clauses,
        "facts": words.what,
        "evidence": "\n".join(words.evidence()),
        "evidence_files": [str(pk) for pk in files],
        "detected_by": case.details.get("detected_by", ""),
        "ticket": case.ticket,
    }
    if kind == Kind.FREEZE and clauses:
        known["freeze_kind"] = BASIS[clauses[0]].freezes[0].value
    return known


def case_fact(case: Case) -> Fact:
    return Fact(_("Case"), case_link(case.pk, f"{case} {case.get_kind_display()}"))


def found_fact(words: Words) -> Fact:
    return Fact(_("What was found"), words.what or _("It cannot be read any more."))


def _led_by(request: HttpRequest, decision: Decision) -> Panel | None:
    """The case that led to this decision."""
    user = panels.staff_at(request)
    if decision.case_id is None or not user.has_perm(VIEW):
        return None
    case = cases(user).filter(pk=decision.case_id).first()
    if case is None:
        return None
    facts = [case_fact(case), found_fact(Words(case))]
    return Panel(_("Case"), "ops/panel_facts.html", {"facts": facts}, side="right")


panels.register("decision", _led_by)
