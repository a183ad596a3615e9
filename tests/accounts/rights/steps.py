"""The three steps of a data request, each taken by the one who may."""

from collections.abc import Mapping
from typing import Any

from accounts.models import DataRequest, Identity
from accounts.rights import PAPERS
from accounts.services.rights import Asked, register
from accounts.services.rights_answer import agreed, carry_out, content_hash, decide
from qqops.staff.models import Staff

WHY = "as the papers show"
Cast = Mapping[str, Staff]


def ask(identity: Identity, actor: Staff, kind: str = "deletion", asked_by: str = "person", **more: Any) -> DataRequest:
    said = {"papers": PAPERS[asked_by], "statement": "Asks by letter, to be reached at the sender's address"} | more
    return register(identity.tenure, Asked(kind, asked_by, **said), actor=actor)


def answer(request: DataRequest, actor: Staff, outcome: str = "", reason: str = WHY) -> DataRequest:
    return decide(request, outcome or agreed(request), actor=actor, reason=reason, content_hash=content_hash(request))


def do(request: DataRequest, actor: Staff) -> DataRequest:
    return carry_out(request, actor=actor, reason=WHY, content_hash=content_hash(request))


def through(
    identity: Identity, cast: Cast, kind: str = "deletion", asked_by: str = "person", **more: Any
) -> DataRequest:
    """Registered by the agent, decided by the privacy officer, carried out by a supervisor."""
    return do(answer(ask(identity, cast["agent"], kind, asked_by, **more), cast["privacy"]), cast["supervisor"])
