"""12.5: a dispute is first talked over, and then goes to the court of the place of signing; the number is held until
then, and what the court orders is done."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import Hold, Number
from appeals.court import services as court
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message
from enforcement.policy import Kind
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import objection, ruled
from tests.enforcement.acts import broken, decide

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english", "rulebook")]
BROUGHT = court.Brought("深圳市南山区人民法院", "(2026)粤0305民初9号", datetime.date(2026, 1, 5))


@pytest.fixture
def rejected(number: Make, agent: Staff, officer: Staff, reviewer: Staff) -> Appeal:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    ruled(appeal, "rejected", reviewer)
    return Appeal.objects.get(pk=appeal.pk)


def test_12_5_talks_are_kept_with_the_dispute(rejected: Appeal, privacy: Staff) -> None:
    court.negotiate(rejected, "双方协商，申诉人要求缩短期限。", actor=privacy)
    assert Words(rejected).of_message(Message.objects.get(kind="talks")) == "双方协商，申诉人要求缩短期限。"


def test_12_5_the_court_its_case_and_a_hold_stand_on_the_file(rejected: Appeal, privacy: Staff) -> None:
    dispute = court.sue(rejected, BROUGHT, actor=privacy, reason="已收到应诉通知书")
    hold = Hold.objects.get(tenure=rejected.tenure, kind="legal")
    assert (dispute.court, dispute.case_no, hold.reference) == (BROUGHT.court, BROUGHT.case_no, BROUGHT.case_no)
    court.judge(rejected, "for_us", timezone.localdate(), actor=privacy, reason="判决已经生效")
    hold.refresh_from_db()
    assert hold.lifted_at is None and broken() == []  # it stays until another person lifts it


def test_12_5_what_is_not_decided_yet_goes_to_no_court(
    number: Make, agent: Staff, officer: Staff, privacy: Staff
) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, officer), agent)
    with pytest.raises(Invalid, match="was decided"):
        court.sue(appeal, BROUGHT, actor=privacy, reason="已收到应诉通知书")
