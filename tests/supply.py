"""Number resources of the tests: ranges that were opened by the acts that open one, and what was proposed."""

import datetime
from collections.abc import Callable, Iterator

import pytest
from django.utils import timezone, translation

from accounts.logins.queries import RECORDED
from accounts.models import NumberRange, ResourceProposal, RuleVersion
from accounts.resources import services as resources
from accounts.resources.services import Wanted, ranges
from qqops.approvals.models import State
from qqops.audit import recorder
from qqops.staff.models import Staff

WHY = "release plan of this quarter"


def carry_out(wanted: Wanted, maker: Staff, *approvers: Staff) -> ResourceProposal:
    """Propose it, and have these agree in turn."""
    proposal = resources.propose(wanted, actor=maker, reason=WHY)
    for approver in approvers:
        if proposal.state == State.PROPOSED:
            proposal = resources.approve(
                proposal, actor=approver, reason="agreed with the plan", content_hash=proposal.content_hash
            )
    return proposal


def open_range(
    cast: dict[str, Staff], first: int, last: int, pool: str = "public", *, state: str = "available", **plan: object
) -> NumberRange:
    """A range of these numbers, both ends in it, brought to this state by its manager and a supervisor."""
    maker, supervisor = cast["resources"], cast["supervisor"]
    wanted = ranges.wanted(first, last, pool, "numbers of a test", **plan)  # type: ignore[arg-type]
    found = carry_out(wanted, maker, supervisor).range
    for step in ("pre_release", "available"):
        if found.state != state:
            carry_out(ranges.moved(found, step), maker, supervisor)
            found = NumberRange.objects.get(pk=found.pk)
    return found


@pytest.fixture
def english() -> Iterator[None]:
    """What a sentence says is held against its English; the pages have their own tests in both languages."""
    with translation.override("en"):
        yield


@pytest.fixture
def supply(cast: dict[str, Staff], rulebook: RuleVersion) -> Callable[..., NumberRange]:
    """`supply(200_000_000, 200_000_999)` opens a public range; `pool=`, `state=`, `price=`, `channels=`."""

    def make(first: int, last: int, pool: str = "public", **more: object) -> NumberRange:
        return open_range(cast, first, last, pool, **more)  # type: ignore[arg-type]

    return make


def feed_covers(until: datetime.datetime | None = None) -> None:
    """The login feed has told every login up to then: what a file that was imported with `--covers` leaves."""
    facts = {"lines": 0, "sha256": "", "covers": (until or timezone.now()).isoformat()}
    with recorder.act(RECORDED, actor=Staff.objects.system("system-feed"), reason="", facts=facts):
        pass


@pytest.fixture
def feed(db: None) -> None:
    """Who logged in is known up to now."""
    feed_covers()
