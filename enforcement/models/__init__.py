"""What the operator does to a number: cases, decisions and what came of them, measures, notices, runs."""

from enforcement.models.case import Case, CaseEvidence, CaseKey, CaseNumber
from enforcement.models.decision import Approval, Decision, Evidence, Ground, Outcome, StrikeOut, Target
from enforcement.models.evidence import EvidenceFile, EvidenceKey
from enforcement.models.measure import Measure
from enforcement.models.notice import LetterTemplate, Notice, TemplateApproval
from enforcement.models.runs import FeedReader, Halt, ListKey, TargetList

__all__ = [
    "Approval",
    "Case",
    "CaseEvidence",
    "CaseKey",
    "CaseNumber",
    "Decision",
    "Evidence",
    "EvidenceFile",
    "EvidenceKey",
    "FeedReader",
    "Ground",
    "Halt",
    "LetterTemplate",
    "ListKey",
    "Measure",
    "Notice",
    "Outcome",
    "StrikeOut",
    "Target",
    "TargetList",
    "TemplateApproval",
]
