"""After the house's last word (12.5): talks are kept, a court case holds the number, its judgment is registered."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Hold, Number
from appeals.court import services as court
from appeals.court.services import Brought
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Delivery, Message
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import objection, ruled
from tests.enforcement.acts import broken, decide, head, verbs

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.usefixtures("rulebook")]
WHY = "已收到法院应诉通知书"
BROUGHT = Brought("深圳市南山区人民法院", "(2026)粤0305民初100号", datetime.date(2026, 1, 5))


@pytest.fixture
def rejected(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> Appeal:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    appeal.refresh_from_db()
    return appeal


def test_a_case_before_the_court_holds_the_number_until_another_lifts_the_hold(
    rejected: Appeal, privacy: Staff, officer: Staff
) -> None:
    before = head()
    court.negotiate(rejected, "双方就冻结期限进行了协商，未达成一致。", actor=privacy)
    court.sue(rejected, BROUGHT, actor=privacy, reason=WHY)
    rejected.refresh_from_db()
    assert (rejected.state, Number.objects.get(pk=rejected.number_id).legal_hold) == ("court", True)
    court.judge(rejected, "against_us", timezone.localdate(), actor=privacy, reason="判决已生效，按判决执行")
    rejected.refresh_from_db()
    hold = Hold.objects.get(tenure=rejected.tenure_id, kind="legal")
    assert (rejected.state, rejected.outcome, hold.lifted_at, hold.reference) == (
        "closed", "rejected", None, BROUGHT.case_no,
    )  # fmt: skip
    assert verbs(before) == ["appeal.negotiated", "appeal.sued", "appeal.judged"]
    with pytest.raises(Invalid, match="each once"):
        court.sue(rejected, BROUGHT, actor=privacy, reason=WHY)
    with pytest.raises(Refused, match="Your role"):
        court.sue(rejected, BROUGHT, actor=officer, reason=WHY)
    assert broken() == []


def test_talks_are_sealed_and_never_sent(rejected: Appeal, privacy: Staff) -> None:
    sent = Delivery.objects.count()
    court.negotiate(rejected, "申诉人愿意补充材料后和解。", actor=privacy)
    kept = Message.objects.get(kind="talks")
    assert Words(rejected).of_message(kept) == "申诉人愿意补充材料后和解。"
    assert "和解".encode() not in bytes(kept.text)
    assert Delivery.objects.count() == sent


@pytest.mark.parametrize(
    "brought, said",
    [
        (Brought(" ", "(2026)1", datetime.date(2026, 1, 5)), "Name the court"),
        (Brought("法院", "", datetime.date(2026, 1, 5)), "Name the court"),
        (Brought("法院", "(2026)1", datetime.date(2999, 1, 1)), "in the future"),
    ],
)
def test_papers_that_say_too_little_are_sent_back(
    rejected: Appeal, privacy: Staff, brought: Brought, said: str
) -> None:
    with pytest.raises(Invalid, match=said):
        court.sue(rejected, brought, actor=privacy, reason=WHY)


def test_what_is_still_heard_goes_to_no_court(number: Make, agent: Staff, officer: Staff, privacy: Staff) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    with pytest.raises(Invalid, match="was decided"):
        court.sue(appeal, BROUGHT, actor=privacy, reason=WHY)
    with pytest.raises(Invalid, match="was decided"):
        court.judge(appeal, "for_us", timezone.localdate(), actor=privacy, reason=WHY)
