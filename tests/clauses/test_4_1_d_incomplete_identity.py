"""4.1(d): where information is incomplete or inaccurate, service may be limited, and no more."""

import datetime
from collections.abc import Callable

import pytest
import time_machine
from django.utils import timezone

from accounts.corrections.services import demand, withdraw
from accounts.models import CorrectionDemand, Identity, Number
from accounts.retention.erasure import erase
from enforcement.decisions.preview import preview
from enforcement.models import Decision, Outcome
from enforcement.policy import BASIS, FreezeKind, Kind
from enforcement.runs.apply import would
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.rights.steps import Cast, through
from tests.demands import WHY, overdue, told
from tests.enforcement.acts import approve, broken, decide, order
from tests.identities import ADULT, tell

Make = Callable[..., Number]


def test_4_1_d_allows_a_restriction_and_refuses_freeze_and_termination(number: Make, officer: Staff) -> None:
    one = number()
    for freeze_kind in FreezeKind.values:
        with pytest.raises(Invalid, match="4.1"):
            decide(Kind.FREEZE, one, officer, clauses=("4.1",), freeze_kind=freeze_kind)
    with pytest.raises(Invalid, match="4.1"):
        decide(Kind.TERMINATE, one, officer, clauses=("4.1",))
    with pytest.raises(Invalid, match="4.1"):
        decide(Kind.TERMINATE, one, officer, clauses=("10.1", "4.1"))  # nor in the company of another ground
    assert not Decision.objects.exists()
    overdue(one, officer)
    assert decide(Kind.RESTRICT, one, officer, clauses=("4.1",)).applied == 1


def test_4_1_d_alone_reaches_only_a_holder_who_was_told_and_let_the_term_pass(
    numbers: Callable[..., list[int]], setup_actor: Staff, officer: Staff
) -> None:
    late, in_time, corrected, withdrawn, unheard, untold = found = [Number.objects.get(pk=pk) for pk in numbers(6)]
    overdue(late, officer)
    told(in_time, officer)
    with time_machine.travel(timezone.now() - datetime.timedelta(days=20), tick=True):
        assert unheard.tenure is not None
        demand(unheard.tenure, "mobile", "missing", actor=officer, reason=WHY)
    overdue(corrected, officer)
    tell(corrected, setup_actor, mobile=ADULT["mobile"])
    withdraw(overdue(withdrawn, officer), actor=officer, reason=WHY)
    ids = [one.pk for one in found]
    seen = preview(order(Kind.RESTRICT, clauses=("4.1",)), ids, actor=officer)
    assert (seen.will, dict(seen.skipped)) == (1, {"not_demanded": 5})
    report = decide(Kind.RESTRICT, ids, officer, clauses=("4.1",))
    assert (report.applied, dict(report.skipped)) == (1, {"not_demanded": 5})
    assert list(Outcome.objects.filter(why="").values_list("number_id", flat=True)) == [late.pk]
    for one in (unheard, untold):
        with pytest.raises(Invalid):
            decide(Kind.RESTRICT, one, officer, clauses=("4.1",))
    # With another ground beside it, it is that ground that carries the restriction.
    assert decide(Kind.RESTRICT, untold, officer, clauses=("4.1", "10.1")).applied == 1


def test_4_1_d_what_waited_is_judged_again_when_it_takes_effect(
    number: Make, setup_actor: Staff, officer: Staff, supervisor: Staff
) -> None:
    late, corrected = number(protection="vip"), number(protection="vip")
    for one in (late, corrected):
        overdue(one, officer)
    report = decide(Kind.RESTRICT, [late.pk, corrected.pk], officer, clauses=("4.1",))
    assert report.decision.effect == "waits"
    tell(corrected, setup_actor, mobile=ADULT["mobile"])
    assert would(report.decision) == {"": 1, "not_demanded": 1}
    approved = approve(report, supervisor)
    assert (approved.applied, dict(approved.skipped)) == (1, {"not_demanded": 1})
    corrected.refresh_from_db()
    assert corrected.restricted_until is None and broken() == []


def test_4_1_d_does_not_bite_whom_a_stop_of_processing_or_an_erasure_keeps_from_correcting(
    identity: Callable[..., Identity], cast: Cast
) -> None:
    late, stopped, erased = found = [identity() for _ in range(3)]
    for one in found:
        overdue(one.tenure.number, cast["officer"], problem="wrong")
    through(stopped, cast, "lock")
    erase([erased.pk], basis="reapplied", actor=Staff.objects.system("system-retention"), reason="")
    ids = [one.tenure.number_id for one in found]
    report = decide(Kind.RESTRICT, ids, cast["officer"], clauses=("4.1",))
    assert (report.applied, dict(report.skipped)) == (1, {"not_demanded": 2})
    assert CorrectionDemand.objects.get(closed_at=None).tenure_id == late.pk and broken() == []


def test_4_1_d_asks_for_notice_before() -> None:
    assert BASIS["4.1"].prior_notice
