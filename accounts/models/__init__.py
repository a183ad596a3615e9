from accounts.models.declared import DeclaredNumber
from accounts.models.identity import CorrectionDemand, Identity, IdentityKey, Registrant, Verification
from accounts.models.keeping import Breach, BreachPerson, Erasure, Hold
from accounts.models.number import LoginFact, Number, Tenure
from accounts.models.request import (
    AskedBy,
    DataClass,
    DataRequest,
    DataRequestKey,
    Disclosure,
    DisclosureKey,
    DisclosurePaper,
    DisclosureRuling,
    DisclosureScan,
    DisclosureTarget,
    Release,
    ReleaseKey,
)
from accounts.models.reveal import Reveal, RevealApproval, RevealRequest
from accounts.models.rulebook import Clause, RuleDocument, RuleVersion

__all__ = [
    "AskedBy",
    "Breach",
    "BreachPerson",
    "Clause",
    "CorrectionDemand",
    "DataClass",
    "DataRequest",
    "DataRequestKey",
    "DeclaredNumber",
    "Disclosure",
    "DisclosureKey",
    "DisclosurePaper",
    "DisclosureRuling",
    "DisclosureScan",
    "DisclosureTarget",
    "Erasure",
    "Hold",
    "Identity",
    "IdentityKey",
    "LoginFact",
    "Number",
    "Registrant",
    "Release",
    "ReleaseKey",
    "Reveal",
    "RevealApproval",
    "RevealRequest",
    "RuleDocument",
    "RuleVersion",
    "Tenure",
    "Verification",
]
