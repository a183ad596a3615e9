"""Cases on the staff web: the list, one case, and what hangs on the numbers, tenures and decisions it is about."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Number, Tenure
from accounts.numbers.pages import number_link
from accounts.numbers.tenure_pages import tenure_link
from enforcement.cases.case_prefill import VIEW, case_link, found_fact
from enforcement.cases.details import in_good_faith
from enforcement.cases.policy import DETAILS, CaseKind, Detail, Party, RootCause
from enforcement.cases.queries import (
    NAMED,
    cases,
    cases_of,
    cases_under,
    count_numbers,
    listed_cases,
    numbers_of,
    open_cases,
    story_of_case,
)
from enforcement.cases.sealed_text import Words
from enforcement.decisions.pages.text import state_badge
from enforcement.decisions.queries import decisions
from enforcement.evidence.pages import files_table
from enforcement.models import Case, CaseNumber, EvidenceFile
from qqops.core.errors import Invalid
from qqops.templatetags.ops import badge, link, minute, when
from qqops.web import panels
from qqops.web.pages import Column, Filter, KeysetList, ObjectPage, OpsModelAdmin
from qqops.web.panels import Entry, Fact, Panel

LIST = "admin:enforcement_case_changelist"
SHOWN = 50  # numbers, evidence and decisions on a page


def case_url(case: Case) -> str:
    return reverse("admin:enforcement_case_change", args=[case.pk])


def standing(case: Case) -> Any:
    return badge(case.get_state_display(), "warn" if case.state == Case.State.OPEN else "quiet")


def first_numbers(case: Any) -> str:
    """Of a listed case: what it says in words is sealed, and stands on no list."""
    shown, more = case.first_numbers[:NAMED], case.first_numbers[NAMED:]
    return _(", ").join(map(str, shown)) + (" …" if more else "")


def is_ours(case: Case) -> bool:
    return case.root_cause == RootCause.OPERATOR and case.cause_agreed_by_id is not None


class CaseList(KeysetList):
    page = "cases"
    title = gettext_lazy("Cases")
    model = Case
    template = "accounts/resource_list.html"  # with its acts above it
    columns = (
        Column(gettext_lazy("Case"), str),
        Column(gettext_lazy("Kind"), lambda c: c.get_kind_display()),
        Column(gettext_lazy("State"), standing),
        Column(gettext_lazy("Numbers"), lambda c: first_numbers(c)),
        Column(gettext_lazy("Case opened by"), lambda c: c.maker),
        Column(gettext_lazy("Opened"), lambda c: when(c.opened_at)),
    )
    filters = (
        Filter(gettext_lazy("State"), "state", tuple((s.value, s.label, Q(state=s.value)) for s in Case.State)),
        Filter(gettext_lazy("Kind"), "kind", tuple((k.value, k.label, Q(kind=k.value)) for k in CaseKind)),
    )
    order = ("-id",)
    search_label = gettext_lazy("Case")
    search_help = gettext_lazy("Its number.")
    empty = gettext_lazy("No case matches.")
    none = gettext_lazy("No case yet: open one where something is to be looked into.")

    def queryset(self) -> QuerySet[Case]:
        return listed_cases(self.user)

    def search(self, rows: QuerySet[Any], text: str) -> QuerySet[Any] | HttpResponse:
        wanted = text.lstrip("#")
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 18):
            raise Invalid(_("Type the number of a case."))
        return rows.filter(pk=int(wanted))


class CasePage(ObjectPage):
    page = "case"
    model = Case

    def queryset(self) -> QuerySet[Case]:
        return cases(self.user)

    def heading(self, obj: Case) -> str:
        return _("Case %(case)s: %(kind)s") % {"case": obj, "kind": obj.get_kind_display()}

    def badges(self, obj: Case) -> list[Any]:
        found = [standing(obj)]
        if is_ours(obj):
            found.append(badge(_("refer for compensation"), "bad"))
        if in_good_faith(obj):
            found.append(badge(_("reported in good faith"), "good"))
        return found

    def facts(self, obj: Case) -> list[Fact]:
        return case_facts(obj)


@admin.register(Case)
class CaseAdmin(OpsModelAdmin):
    list_page = CaseList
    object_page = CasePage


def case_facts(case: Case) -> list[Fact]:
    words = Words(case)
    facts = [
        found_fact(words),
        *details_in_words(case),
        Fact(_("Ticket"), case.ticket),
        Fact(_("Case opened by"), case.maker),
        Fact(_("Opened"), when(case.opened_at, exact=True)),
    ]
    if case.root_cause:
        asked = _("proposed by %(who)s") % {"who": case.cause_by}
        agreed = _("agreed to by %(who)s") % {"who": case.cause_agreed_by}
        facts.append(Fact(_("Root cause"), case.get_root_cause_display(), agreed if case.cause_agreed_by else asked))
    if is_ours(case):
        facts.append(Fact(_("Compensation"), _("We answer for what was lost: refer it for compensation (9.2).")))
    if case.closed_at:
        facts += [Fact(_("Closed"), when(case.closed_at, exact=True)), Fact(_("Conclusion"), words.conclusion)]
    return [fact for fact in facts if fact.value not in ("", None)]


def details_in_words(case: Case) -> list[Fact]:
    said, kind = case.details, CaseKind(case.kind)
    facts = [Fact(one.label, _detail(one, said[one.name])) for one in DETAILS[kind] if one.name in said]
    if kind == CaseKind.CLUSTER and said.get("sampled"):
        right = said["sampled"] - said.get("wrong", 0)
        share = f"{100 * right / said['sampled']:.1f} %"
        facts.append(Fact(_("Precision"), share, _("of those looked at by hand (8.1)")))
    if in_good_faith(case):
        spared = _("Who reported it is not penalised for it (8.3).")
        used = _("Who reported it had used the number first: 10.2 alone may reach them (8.3).")
        facts.append(Fact(_("Good faith"), used if said.get("used_first") else spared))
    if "decision" in said:
        url = reverse("admin:enforcement_decision_change", args=[said["decision"]])
        facts.append(Fact(_("Decision"), link(url, f"#{said['decision']}")))
    if "strike_out" in said:
        url = reverse("admin:enforcement_strikeout_change", args=[said["strike_out"]])
        facts.append(Fact(_("Ground struck out"), link(url, f"#{said['strike_out']}")))
    return facts


def _detail(detail: Detail, value: Any) -> Any:
    if detail.name == "incident":
        return case_link(value)
    return detail.in_words(value)


def numbers_panel(request: HttpRequest, case: Case) -> Panel:
    """Each with who held it then (9.1): what another holder did is not his."""
    seen = request.user.has_perm("accounts.view_tenure")
    rows = [(number_link(n.number_id), n.get_party_display(), _held_by(n, seen)) for n in numbers_of(case)[:SHOWN]]
    title, count = _("Numbers"), count_numbers(case)
    if count > len(rows):
        title = _("Numbers: the first %(n)d of %(all)d") % {"n": len(rows), "all": count}
    head = [_("Number"), _("Party"), _("Tenure")]
    return Panel(title, "ops/panel_table.html", {"head": head, "rows": rows, "empty": _("None.")})


def _held_by(entry: CaseNumber, linked: bool) -> Any:
    tenure = entry.tenure
    if tenure is None:
        return badge(_("nobody held it"), "quiet")
    until = minute(tenure.ended_at) if tenure.ended_at else _("now")
    return [tenure_link(tenure) if linked else str(tenure), f"{minute(tenure.started_at)} – {until}"]


def _evidence(request: HttpRequest, case: Case) -> Panel:
    return Panel(_("Evidence"), "ops/panel_list.html", {"items": Words(case).evidence(SHOWN), "empty": _("None.")})


def _files(request: HttpRequest, case: Case) -> Panel | None:
    found = EvidenceFile.objects.filter(pk__in=case.evidence.values("file")).select_related("taken_by")
    return files_table(panels.staff_at(request), found.defer("name", "content").order_by("pk")[:SHOWN])


def _decisions(request: HttpRequest, case: Case) -> Panel:
    rows = [
        (
            link(reverse("admin:enforcement_decision_change", args=[d.pk]), f"#{d.pk} {d.get_kind_display()}"),
            state_badge(d),
            d.target_count,
            d.maker,
        )
        for d in decisions().filter(case=case).order_by("-pk")[:SHOWN]
    ]
    head = [_("Decision"), _("State"), _("Targets"), _("Maker")]
    empty = _("None came of it yet.")
    return Panel(_("Decisions"), "ops/panel_table.html", {"head": head, "rows": rows, "empty": empty}, side="right")


def _story(request: HttpRequest, case: Case) -> list[Entry]:
    return [
        Entry(event.at, event.sentence, who=event.actor_label, text=event.reason, request_id=str(event.request_id))
        for event in story_of_case(case)
    ]


# On the pages of the numbers and tenures that it is about


def _of_number(request: HttpRequest, number: Number) -> Panel | None:
    return _cases(request, cases_of(number, panels.staff_at(request)))


def _of_tenure(request: HttpRequest, tenure: Tenure) -> Panel | None:
    return _cases(request, cases_under(tenure, panels.staff_at(request)))


def _cases(request: HttpRequest, entries: Iterable[CaseNumber]) -> Panel | None:
    if not request.user.has_perm(VIEW):
        return None
    rows = [
        (
            case_link(one.case_id),
            one.case.get_kind_display(),
            standing(one.case),
            _as_what(one),
            when(one.case.opened_at),
        )
        for one in entries[:SHOWN]  # type: ignore[index]
    ]
    if not rows:
        return None
    head = [_("Case"), _("Kind"), _("State"), _("Party"), _("Opened")]
    return Panel(_("Cases"), "ops/panel_table.html", {"head": head, "rows": rows})


def _as_what(entry: CaseNumber) -> Any:
    spared = entry.party == Party.FINDER and in_good_faith(entry.case)
    return (
        [entry.get_party_display(), badge(_("in good faith: not penalised (8.3)"), "good")]
        if spared
        else [entry.get_party_display()]
    )


panels.register("case", numbers_panel)
panels.register("case", _evidence)
panels.register("case", _files)
panels.register("case", _decisions)
panels.timeline("case", _story)
panels.register("number", _of_number, order=5)
panels.register("tenure", _of_tenure, order=5)
panels.sidebar("enforcement", CaseList.title, LIST, VIEW, count=open_cases, order=5)
