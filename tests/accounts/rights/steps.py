"""The three steps of a data request, each taken by the one who may."""

import datetime
from collections.abc import Mapping
from typing import Any

from django.utils import timezone

from accounts.models import DataRequest, Identity, Tenure
from accounts.rights.answer import agreed, carry_out, content_hash, decide
from accounts.rights.policy import PAPERS
from accounts.rights.services import Asked, register
from qqops.audit import recorder
from qqops.staff.models import Staff

WHY = "as the papers show"
Cast = Mapping[str, Staff]


def end(identity: Identity, actor: Staff, days_ago: int = 0) -> Identity:
    """A tenure of the past: its end is written as the act of an app above writes it."""
    tenure = identity.tenure
    tenure.ended_at = timezone.now() - datetime.timedelta(days=days_ago)
    with recorder.act("demo.built", actor=actor, reason="", facts={"numbers": 1}) as act:
        tenure.save(update_fields=["ended_at"])
        act.wrote(recorder.history_model(Tenure))
    return identity


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
