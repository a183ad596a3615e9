"""Nobody is called dormant by a login feed that stands still: who logged in meanwhile is not known (10.3, 5.1)."""

from collections import Counter
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.models import DormancyPolicy, Number, Tenure
from accounts.quarantine.policy import FEED_WAIT
from enforcement import tasks
from enforcement.decisions.queries import notice_text
from enforcement.models import Decision
from enforcement.notices import reclaim_notices
from enforcement.notices.reclaim_notices import announce
from enforcement.policy import Kind
from enforcement.reclaim import services as reclaim
from enforcement.runs.apply import apply
from qqops.audit import origin
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.enforcement.acts import AGREED, DAY, HOUR, approve, broken, decide, head, refuse, verbs
from tests.enforcement.reclaiming import WHY, adopt, agreed, reclaimed
from tests.supply import feed_covers

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("rulebook", "english")]
Cast = dict[str, Staff]
Many = Callable[..., list[int]]
KINDS = ("not_activated", "dormant")


def due_under(kind: str, cast: Cast, numbers: Many, **more: int) -> DormancyPolicy:
    numbers(2, "allocated" if kind == "not_activated" else "in_use")
    found: DormancyPolicy = adopt(cast, "of-logins", kind, threshold_days=3, **more)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_without_a_feed_or_with_an_old_one_nothing_is_looked_at_nor_filed(cast: Cast, numbers: Many, kind: str) -> None:
    policy, before = due_under(kind, cast, numbers), head()
    everyone = list(Number.objects.values_list("pk", flat=True))

    def tries(why: str) -> None:
        with pytest.raises(Invalid, match=why):
            reclaim.look(policy, actor=cast["resources"], reason=WHY)
        with pytest.raises(Invalid, match=why):
            reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
        with pytest.raises(Invalid, match=why):
            decide(Kind.TERMINATE, everyone, cast["resources"], clauses=("10.3",), policy=policy)

    tries("No login file has said")
    assert verbs(before) == []
    covered = timezone.now() - FEED_WAIT - HOUR
    feed_covers(covered)
    tries(f"{timezone.localtime(covered):%Y-%m-%d %H:%M}.*--covers")
    assert not Decision.objects.exists()
    feed_covers(timezone.now() - FEED_WAIT + HOUR)
    assert reclaimed(policy, cast).applied == 2
    assert broken() == []


@pytest.mark.parametrize("count", [2, 101])
def test_it_is_asked_again_when_the_last_one_agrees_who_may_then_refuse(cast: Cast, numbers: Many, count: int) -> None:
    numbers(count - 2)
    policy = due_under("dormant", cast, numbers)
    feed_covers(timezone.now() - FEED_WAIT + HOUR)
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=WHY)
    with time_machine.travel(timezone.now() + 2 * HOUR):
        approve(report, cast["supervisor"])
        for later in (None, lambda _decision: None):
            with pytest.raises(Invalid, match="--covers"):
                approve(report, cast["privacy"], later=later)
        decision = Decision.objects.get()
        assert (decision.state, decision.approvals.count()) == ("proposed", 1)
        assert refuse(report, cast["privacy"]).decision.state == "refused"
    assert not Number.objects.filter(lifecycle="terminated").exists()


def test_it_is_asked_again_when_the_time_of_notice_is_over_and_runs_once_the_feed_has_come(
    cast: Cast, numbers: Many
) -> None:
    policy = due_under("dormant", cast, numbers, notice_days=30)
    feed_covers()
    decision = reclaimed(policy, cast).decision
    worker = Staff.objects.system("system-worker")
    assert announce(actor=worker) == Counter(prior=2)
    with time_machine.travel(timezone.now() + 31 * DAY):
        assert reclaim_notices.ready() == []  # the worker is not sent where it would be sent back
        with pytest.raises(Invalid, match="--covers"):
            apply(Decision.objects.get(), actor=worker)
        with origin.origin(origin.WORKER):
            tasks.announce(0)
        assert "--covers" in notice_text(Decision.objects.get())
        assert not Number.objects.filter(lifecycle="terminated").exists()
        feed_covers()
        assert reclaim_notices.ready() == [decision]
        assert "runs on" in notice_text(Decision.objects.get())
        assert apply(Decision.objects.get(), actor=worker) == (2, Counter())
    assert broken() == []


def test_paid_time_that_is_over_asks_no_feed(cast: Cast, numbers: Many) -> None:
    policy = adopt(cast, "paid-15", "paid_lapsed", threshold_days=15)
    numbers(1, paid=True)
    Tenure.objects.update(paid_until=timezone.now() - 20 * DAY)
    report = reclaim.reclaim(policy, actor=cast["resources"], reason=AGREED)
    assert agreed(report, cast).applied == 1
