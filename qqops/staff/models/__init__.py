from qqops.staff.models.access import AccessApproval, AccessRequest, GlassReview, Holding
from qqops.staff.models.filters import SavedFilter
from qqops.staff.models.people import Staff
from qqops.staff.models.signin import CacheEntry, StaffSession, Throttle
from qqops.staff.models.tokens import CommandToken

__all__ = [
    "AccessApproval",
    "AccessRequest",
    "CacheEntry",
    "CommandToken",
    "GlassReview",
    "Holding",
    "SavedFilter",
    "Staff",
    "StaffSession",
    "Throttle",
]
