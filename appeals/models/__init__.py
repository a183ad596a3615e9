from appeals.models.appeal import Appeal, AppealKey, Lease, PortalFiling, Skip
from appeals.models.dialogue import AppealEvidence, Delivery, Message, Weighing
from appeals.models.dispute import Dispute
from appeals.models.ruling import Ruling, RulingApproval, RulingGround

__all__ = [
    "Appeal",
    "AppealEvidence",
    "AppealKey",
    "Delivery",
    "Dispute",
    "Lease",
    "Message",
    "PortalFiling",
    "Ruling",
    "RulingApproval",
    "RulingGround",
    "Skip",
    "Weighing",
]
