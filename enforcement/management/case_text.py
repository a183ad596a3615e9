"""A case in a terminal, in lines or as JSON."""

from collections.abc import Iterator
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from enforcement.cases.policy import DETAILS, CaseKind, Party
from enforcement.cases.queries import NAMED, count_numbers, numbers_of
from enforcement.cases.sealed_text import Words
from enforcement.models import Case, EvidenceFile
from qqops.templatetags.ops import plain

LED_BY = {  # what the house itself notes beside the details
    "decision": gettext_lazy("Decision"),
    "strike_out": gettext_lazy("Ground struck out"),
    "doubted_by": gettext_lazy("Doubted by"),
}


def line(case: Case) -> str:
    day = timezone.localtime(case.opened_at)
    return f"#{case.pk}  {case.get_state_display()}  {case.get_kind_display()}  {day:%Y-%m-%d}  {case.maker}"


def on_list(case: Case, first: list[int]) -> dict[str, Any]:
    """With the first of its numbers, and whether there are more; of what it says in words nothing."""
    return as_json(case) | {"numbers": first[:NAMED], "more": len(first) > NAMED}


def as_json(case: Case) -> dict[str, Any]:
    return {
        "case": case.pk,
        "kind": case.kind,
        "state": case.state,
        "opened_by": case.maker.username,
        "opened_at": case.opened_at,
        "root_cause": case.root_cause,
        "cause_by": case.cause_by.username if case.cause_by else None,
        "agreed_by": case.cause_agreed_by.username if case.cause_agreed_by else None,
    }


def in_full(case: Case, most: int) -> dict[str, Any]:
    """With at most so many of its numbers."""
    words = Words(case)
    named = [{"number": entry.number_id, "party": entry.party} for entry in numbers_of(case)[:most]]
    return as_json(case) | {
        "what": words.what,
        "details": case.details,
        "numbers": named,
        "count": count_numbers(case),
        "evidence": words.evidence(),
        "files": [{"file": pk, "sha256": sha256} for pk, sha256 in _files(case)],
        "conclusion": words.conclusion,
    }


def lines(case: Case, most: int) -> Iterator[str]:
    words = Words(case)
    yield line(case)
    yield f"  {words.what}"
    known = {one.name: one for one in DETAILS[CaseKind(case.kind)]}
    for name, value in case.details.items():
        if name in known:
            yield f"  {known[name].label}: {plain(known[name].in_words(value))}"
        else:
            yield f"  {LED_BY.get(name, name)}: {value}"
    for entry in numbers_of(case)[:most]:
        yield f"  {entry.number_id}  {Party(entry.party).label}"
    for text in words.evidence():
        yield _("  evidence: %(text)s") % {"text": text}
    for pk, sha256 in _files(case):
        yield _("  evidence: %(text)s") % {"text": f"#{pk} SHA-256 {sha256}"}
    if case.root_cause:
        agreed, asked = (
            _("  root cause: %(cause)s, agreed to by %(who)s"),
            _("  root cause: %(cause)s, proposed by %(who)s"),
        )
        told = {"cause": case.get_root_cause_display(), "who": case.cause_agreed_by or case.cause_by}
        yield (agreed if case.cause_agreed_by else asked) % told
    if words.conclusion:
        yield f"  {words.conclusion}"


def _files(case: Case) -> list[tuple[int, str]]:
    return list(EvidenceFile.objects.filter(of_cases__case=case).order_by("of_cases__pk").values_list("pk", "sha256"))
