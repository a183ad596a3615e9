"""What the operator did, on numbers of its own: a case, a file, a letter, a list, a ground struck out, a stop."""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from accounts.lists.given_list import GivenList
from enforcement.cases import services as cases
from enforcement.cases.cause import propose_cause
from enforcement.cases.good_faith import doubt_faith
from enforcement.cases.policy import CaseKind, RootCause
from enforcement.citations import services as strike
from enforcement.evidence import services as evidence
from enforcement.letters import services as letters
from enforcement.letters.shipped import SHIPPED
from enforcement.lists import services as lists
from enforcement.models import Case, Decision, EvidenceFile, LetterTemplate, StrikeOut, TargetList
from enforcement.policy import Kind
from enforcement.runs import services as runs
from enforcement.runs.services import stop_all
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide
from tests.story.canary import EVIDENCE

WHY = "seen in the chat groups"


@dataclass(frozen=True)
class Enforcing:
    frozen: Decision  # with a file as evidence
    ended: Decision  # two numbers, agreed to by a supervisor
    waits: Decision  # that its maker may still withdraw
    file: EvidenceFile
    case: Case  # whose root cause waits for somebody's word
    found: Case  # by somebody whose good faith nobody doubts
    doubted: Case  # by somebody whose good faith an officer does
    letter: LetterTemplate  # that waits for a supervisor
    listed: TargetList
    struck: StrikeOut


def enforcing(cast: Mapping[str, Staff], first: int) -> Enforcing:
    one, two, three, stolen, kept = ids = list(range(first + 20, first + 25))
    make_numbers(ids)
    officer, supervisor, privacy = cast["officer"], cast["supervisor"], cast["privacy"]
    file = evidence.take_in(f"chat-{first}.txt", EVIDENCE + str(first).encode(), actor=officer)
    frozen = decide(Kind.FREEZE, [one], officer, files=(file.pk,)).decision
    ended = approve(decide(Kind.TERMINATE, [two, three], officer), supervisor).decision
    waits = decide(Kind.FREEZE, [kept], officer, indefinite=True).decision
    case = _case(CaseKind.THEFT, cast, stolen)
    case = propose_cause(case, RootCause.OTHER, actor=officer, reason=WHY)
    letter = _letter(cast, first)
    listed = lists.take_in(GivenList("cluster.csv", "ab" * 32, array("q", [one, two])), actor=officer)
    row = strike.strike_out(citation=f"Order {first}", actor=privacy, reason=WHY).strike_out
    stop_all(actor=officer, reason=WHY)
    runs.go_on(actor=supervisor, reason=WHY, later=lambda decision: None)
    found, doubted = (_case(CaseKind.FINDER, cast, stolen, heard="hotline", good_faith=True) for _n in range(2))
    doubted = doubt_faith(doubted, actor=officer, reason=WHY)
    return Enforcing(frozen, ended, waits, file, case, found, doubted, letter, listed, row)


def _case(kind: CaseKind, cast: Mapping[str, Staff], number: int, **details: Any) -> Case:
    said = {"reported_on": "2026-11-02"} | details
    found = cases.Finding(kind, WHY, said, {"subject": [number]}, evidence=("call record 7",))
    return cases.open_case(found, actor=cast["agent"], reason=WHY)


def _letter(cast: Mapping[str, Staff], first: int) -> LetterTemplate:
    """A version that is in use, and the next one."""
    letters.load_shipped(actor=Staff.objects.system("system-setup"))
    shipped = SHIPPED[0]
    drafts = [replace(shipped, subject_en=f"{shipped.subject_en} {first} {n}") for n in (1, 2)]
    agreed, waiting = (letters.draft_template(draft, actor=cast["officer"], reason=WHY) for draft in drafts)
    seen = agreed.content_hash
    letters.approve_template(agreed, actor=cast["supervisor"], reason=WHY, content_hash=seen)
    return waiting
