"""How the trail is looked through: what an event is, and where the review shows a part of it."""

from typing import Any

from django.urls import reverse
from django.utils.http import urlencode

from qqops.audit.models import Event

PEOPLE = (Event.Source.WEB, Event.Source.COMMAND)  # where a person sits before it

# What kind of thing a verb is; what stands in none of these is an act. Some are of two kinds.
APPROVALS = (
    "appeal.ruling_agreed", "appeal.ruling_sent_back", "case.cause_agreed", "case.cause_refused", "case.faith_upheld",
    "case.faith_withdrawn", "decision.approved", "decision.refused", "disclosure.refused", "disclosure.released",
    "disclosure.reviewed", "identity.reveal_approved", "identity.reveal_refused", "letter.approved", "letter.refused",
    "resource.approved", "resource.refused", "staff.access_approved", "staff.access_refused", "staff.glass_reviewed",
)  # fmt: skip
REFUSALS = ("audit.refused",)
REVEALS = ("identity.revealed", "identity.reveal_asked", "identity.reveals_stopped")
READS = (
    "appeal.file_opened", "appeal.read", "data_request.read", "disclosure.opened", "evidence.opened",
    "identity.holder_asked",
)  # fmt: skip
SEARCHES = ("identity.searched",)
EXPORTS = (
    "appeal.reported", "audit.exported", "audit.reported", "data_request.downloaded", "decision.reported",
    "disclosure.downloaded", "staff.report_exported",
)  # fmt: skip
SIGN_INS = (
    "staff.codes_made", "staff.factor_added", "staff.factor_removed", "staff.locked_out", "staff.locked_out_address",
    "staff.locked_out_code", "staff.password_reset", "staff.proved", "staff.session_ended", "staff.sign_in_failed",
    "staff.signed_in", "staff.signed_out", "staff.token_issued", "staff.token_revoked", "staff.unlocked",
)  # fmt: skip
NO_ACT = (*REFUSALS, *REVEALS, *READS, *SEARCHES, *EXPORTS, *SIGN_INS)


def review_url(**chosen: Any) -> str:
    """The review, narrowed down: by the parameters of its filters (`from_` for “from”)."""
    query = urlencode({name.rstrip("_"): value for name, value in chosen.items() if value not in (None, "")})
    return f"{reverse('admin:audit_event_changelist')}?{query}"
