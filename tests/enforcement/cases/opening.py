"""Cases of the tests: one of each kind, with what it must say."""

from collections.abc import Sequence
from typing import Any

from enforcement.cases.policy import CaseKind
from enforcement.cases.services import Finding, open_case
from enforcement.models import Case
from qqops.staff.models import Staff

REASON = "told at the desk"
SAID: dict[str, dict[str, Any]] = {
    CaseKind.FINDER: {"heard": "hotline", "reported_on": "2026-11-02", "good_faith": True},
    CaseKind.CLUSTER: {"cluster": "c-17", "devices": 3, "rate": 400, "detected_by": "rule r-8"},
    CaseKind.TRANSFER: {"way": "sale", "paid": True},
    CaseKind.INCIDENT: {"began_on": "2026-11-01", "system": "login gateway"},
    CaseKind.THEFT: {"reported_on": "2026-11-02"},
    CaseKind.ADVICE: {"advice": ["password", "antivirus"], "protected": False},
}


def finding(kind: CaseKind, subjects: Sequence[int] = (), **more: Any) -> Finding:
    usual = {"what": "found in the chat groups", "details": SAID[kind], "numbers": {"subject": list(subjects)}}
    return Finding(kind, **(usual | more))


def opened(kind: CaseKind, actor: Staff, *subjects: int, **more: Any) -> Case:
    return open_case(finding(kind, subjects, **more), actor=actor, reason=REASON)
