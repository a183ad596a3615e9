"""A range, its proposals, a registration, a holder corrected, a right of use that ended: what number resources leave in
every table of the record, with the same canaries in whatever is said of people."""

import datetime
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.holders import correction
from accounts.holders.new_holder import Holder
from accounts.identity.services import Proof
from accounts.models import Campaign, DormancyPolicy, Number, NumberRange, ResourceProposal, Tenure
from accounts.resources import services as resources
from accounts.resources.services import Wanted, campaigns
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import wish
from tests.accounts.quarantine.steps import cancelled, cleared, ended, later
from tests.cast import make_numbers
from tests.enforcement.reclaiming import adopt
from tests.identities import tell
from tests.story.canary import ADULT, HOLDER
from tests.supply import WHY, carry_out, open_range

Cast = Mapping[str, Staff]
PAPERS = {"licence": "L-2026-7", "before": "D-11", "after": "D-12"}


@dataclass(frozen=True)
class Supply:
    range: NumberRange
    campaign: Campaign
    policy: DormancyPolicy
    waiting: ResourceProposal  # with a sealed holder
    registered: Tenure
    corrected: Tenure  # the one that began
    ended: Tenure  # cancelled, purged, cleared of all services


def supply(cast: Cast, first: int) -> Supply:
    """`first` tells one telling from another: numbers of its own, and a day of registration for its policy."""
    everybody = dict(cast)
    base, day = 60_000_000_000 + 1000 * first, datetime.date(1990, 1, 1) + datetime.timedelta(days=first % 3000)
    opened = open_range(everybody, base, base + 999)
    now = timezone.now()
    spring = campaigns.wanted(f"story-{first}", "partner", "A-3", 50, now, now + datetime.timedelta(days=9))
    campaign = carry_out(spring, cast["resources"], cast["supervisor"]).campaign
    days: dict[str, Any] = {"registered_from": day, "registered_to": day}
    policy = adopt(everybody, f"story-{first}", **days)
    (one,) = allocate(
        wish("public", holders=[holder()], registration=f"R-{first}"), actor=cast["resources"], reason=WHY
    )
    sold, asked, leaving = (_held(number, cast["privacy"]) for number in range(first + 500, first + 503))
    carry_out(_to_holder(sold), cast["privacy"], cast["supervisor"])
    waiting = resources.propose(_to_holder(asked), actor=cast["privacy"], reason=WHY)
    _leave(leaving, cast["agent"])
    return Supply(
        opened,
        campaign,
        policy,
        waiting,
        Tenure.objects.get(pk=one.tenure),
        Tenure.objects.get(number=sold, ended_at=None),
        Tenure.objects.get(number=leaving),
    )


def holder() -> Holder:
    proof = Proof("upstream", "registration system", timezone.now())
    return Holder(HOLDER, "resident", {"document": proof, "mobile": proof})


def _held(number: int, privacy: Staff) -> Number:
    make_numbers([number])
    found = Number.objects.select_related("tenure").get(pk=number)
    values: dict[str, Any] = dict(ADULT)
    tell(found, privacy, **values)
    return found


def _to_holder(number: Number) -> Wanted:
    assert number.tenure_id is not None
    return correction.wanted(number.pk, number.tenure_id, PAPERS, holder())


def _leave(number: Number, agent: Staff) -> None:
    cancelled([number.pk], agent)
    with later(days=30):
        assert ended() == {"cancelled": 1}
        with tempfile.TemporaryDirectory() as folder:
            cleared(Path(folder), [number.pk])
