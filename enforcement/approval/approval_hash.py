"""What an approver agrees to, as one hash: change any part of it and the approval no longer fits."""

import hashlib
import json
from collections.abc import Iterable

from django.db import connection

from enforcement.models import Decision, Ground

# One target in the digest; the same bytes whether hashed chunk by chunk at filing or at once at approval.
TARGET = (
    "number_id || ':' || coalesce(tenure_id, 0) || ':' || revision || ':'"
    " || coalesce(array_to_string(measures, ','), '') || ';'"
)

LATER = (
    "undoes_id", "in_error", "severity", "suggestion", "departure", "detected_by", "then_review",
    "leave_out", "source_name", "source_sha256", "case_id", "ruling",
)  # fmt: skip


def targets_digest(decision: Decision) -> str:
    """sha256 of the target list as it stands in the database."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT encode(sha256(convert_to(string_agg({TARGET}, '' ORDER BY number_id), 'UTF8')), 'hex')"
            " FROM enforcement_target WHERE decision_id = %s",
            [decision.pk],
        )
        return str(cursor.fetchone()[0])


def content_hash(decision: Decision, grounds: Iterable[Ground], evidence: Iterable[str], targets: str) -> str:
    """sha256 over the canonical JSON of the decision's content and its list's digest."""
    fields = ("kind", "freeze_kind", "scopes", "duration", "until", "facts", "reason", "ticket", "approvers")
    content = {name: getattr(decision, name) for name in fields} | {
        "maker": decision.maker_id,
        "grounds": sorted([g.basis, g.clause_id or 0, g.citation] for g in grounds),
        "evidence": sorted(evidence),
        "targets": targets,
    }
    # Decisions that say nothing of these are hashed as they always were.
    if decision.policy_id:
        content["policy"] = decision.policy_id
    content |= {name: value for name in LATER if (value := getattr(decision, name)) is not None}
    return hashlib.sha256(json.dumps(content, sort_keys=True, default=_text, ensure_ascii=False).encode()).hexdigest()


def content_hash_now(decision: Decision) -> str:
    """The hash of what the database holds now; differs from the filed one if anything was changed behind its back."""
    return content_hash(
        decision,
        decision.grounds.all(),
        decision.evidence.values_list("statement", flat=True),
        targets_digest(decision),
    )


def _text(value: object) -> str:
    # Durations and times: in seconds since an epoch that no session's zone can move.
    stamp = getattr(value, "timestamp", None) or getattr(value, "total_seconds", None)
    return f"{stamp():.6f}" if stamp else str(value)
