"""What the holder reads, in Chinese and then in English, and the same each time it is made again."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.utils import timezone, translation

from accounts.models import Number
from enforcement.models import LetterTemplate, Notice
from enforcement.notices.reclaim_notices import announce
from enforcement.policy import Kind
from enforcement.undo.services import undo, undo_order
from qqops.staff.models import Staff
from tests.enforcement.acts import DAY, HOUR, approve, decide, terminated
from tests.enforcement.letters.post import letter, notice_of
from tests.enforcement.reclaiming import adopt, reclaimed
from tests.identities import ADULT, tell

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("templates")]
Make = Callable[..., Number]
ZH, EN = "（北京时间）", " (Beijing time)"


def shown(at: datetime.datetime | None) -> str:
    assert at is not None
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def day(at: datetime.datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d}"


def test_a_freeze_says_what_why_until_when_and_where_to_object(
    number: Make, officer: Staff, settings: Any, rulebook: Any
) -> None:
    settings.QQOPS_OPERATOR = "某公司"
    settings.QQOPS_APPEAL_CONTACT, settings.QQOPS_APPEAL_CONTACT_EN = "客服网站", "the help site"
    settings.QQOPS_SIGNED_AT, settings.QQOPS_SIGNED_AT_EN = "某市某区", "Some District"
    one = number()
    decision = decide(Kind.FREEZE, one, officer).decision
    begins, ends, by = shown(decision.effective_at), shown(decision.ends_at), day(decision.proposed_at + 180 * DAY)
    clause = decision.grounds.get().clause
    assert clause is not None
    found = letter(decision)
    assert found.subject == f"号码冻结通知（决定 #{decision.pk}） / Your number is frozen (decision #{decision.pk})"
    assert found.text.splitlines() == [
        f"您好：您使用的号码 {one.pk} 自 {begins}{ZH}起被冻结（违规冻结），截止时间：{ends}{ZH}。"
        "冻结期间号码下的数据不会删除。",
        "",
        "事实：群发诈骗链接",
        "有关情况由工作人员发现，并由工作人员作出决定。",
        "",
        "依据：",
        f"《QQ号码规则》第 10.1 条（版本 {rulebook.version}）：{clause.text}",
        "",
        "依规则采取措施所致的损失由您承担（第 9.3 条）；措施有误的，我们负责更正。",
        f"如有异议，您可在 180 日内（至 {by}）提出：客服网站。"
        "每一件异议均由未参与本决定的工作人员审查，结果不能预先告知。",
        "规则签订地：某市某区；适用中国大陆地区法律；"
        "争议先行协商，协商不成的，由签订地法院管辖（第 12.3 至 12.5 条）。",
        "",
        "某公司",
        day(decision.proposed_at),
        "",
        f"The number {one.pk}, which you use, is frozen (violation freeze) from {begins}{EN}; until: {ends}{EN}."
        " Nothing is deleted meanwhile.",
        "",
        "Facts: 群发诈骗链接",
        "The facts were found by people, and people decided.",
        "",
        "Grounds:",
        f"QQ号码规则, clause 10.1 (version {rulebook.version}): {clause.text_en}",
        "",
        "Loss from a rightful measure is yours to bear (9.3); a measure that was wrong is ours to put right.",
        f"You may object within 180 days (until {by}): the help site. Somebody who took no part in this decision"
        " looks at each objection; its outcome cannot be told beforehand.",
        "The Rules were signed at Some District; the law of mainland China applies; a dispute is first talked over, and"
        " then goes to the court of that place (12.3 to 12.5).",
        "",
        "某公司",
        day(decision.proposed_at),
    ]


def test_it_is_the_same_in_any_language_and_at_any_time(number: Make, officer: Staff, supervisor: Staff) -> None:
    """Also when what was provisional was agreed to meanwhile: it is the letter that was sent."""
    report = decide(Kind.FREEZE, number(), officer, duration=30 * DAY)
    first = letter(report)
    assert "现为临时措施" in first.body_zh and "provisional now: it ends by itself on " in first.body_en
    assert shown(report.decision.expires_at) in first.body_zh and shown(report.decision.ends_at) in first.body_en
    approve(report, supervisor)
    for language in ("zh-hans", "en"):
        with translation.override(language), time_machine.travel(timezone.now() + 90 * DAY):
            assert letter(report) == first


@pytest.mark.parametrize(("more", "zh", "en"), [
    ({"indefinite": True}, "无固定期限，至解除为止；现为临时措施", "no fixed end, until it is lifted; provisional now"),
    ({"until": True}, "；现为临时措施", "; provisional now"),
])  # fmt: skip
def test_an_end_that_is_far_or_not_there_is_told_too(
    number: Make, officer: Staff, more: dict[str, Any], zh: str, en: str
) -> None:
    more = more if "indefinite" in more else {"until": timezone.now() + 60 * DAY}
    found = letter(decide(Kind.FREEZE, number(), officer, **more))
    assert zh in found.body_zh and en in found.body_en


def test_a_restriction_says_of_what_and_by_which_rule_it_was_found(number: Make, officer: Staff) -> None:
    scopes = ("send_msg", "add_friend")
    found = letter(decide(Kind.RESTRICT, number(), officer, scopes=scopes, detected_by="spam-7"))
    assert (
        "限制范围：发送消息、" in found.body_zh and "What is restricted: send messages, add friends." in found.body_en
    )
    assert "由规则“spam-7”发现，由工作人员审核并作出决定" in found.body_zh and "第二十四条" in found.body_zh
    assert "found by rule “spam-7”; people looked at them and decided" in found.body_en


def test_a_termination_says_what_is_lost_and_when(number: Make, officer: Staff, supervisor: Staff) -> None:
    report = terminated(number(), officer, supervisor)
    at, found = notice_of(report).created_at, letter(report)
    assert f"的使用权自 {shown(at)}{ZH}起终止" in found.body_zh and "使用权终止后保留 30 日" in found.body_zh
    assert "For 30 days after the right of use ends it can be restored" in found.body_en and "(10.4)" in found.body_en


def test_a_lift_names_what_it_ends_and_a_restore_what_is_back(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one = number()
    decide(Kind.FREEZE, one, officer, freeze_kind="security", clauses=("6.2",), duration=DAY)
    decide(Kind.RESTRICT, one, officer)
    found = letter(decide(Kind.LIFT, one, officer2, clauses=("11",)))
    assert "自" in found.body_zh and "起解除：安全冻结、限制使用。" in found.body_zh
    assert "are lifted from" in found.body_en and ": security freeze, restriction of use." in found.body_en
    assert "如有异议" not in found.body_zh and "第 9.3 条" not in found.body_zh
    terminated(one, officer, supervisor)
    back = letter(approve(decide(Kind.RESTORE, one, officer2, clauses=("11",)), supervisor))
    assert f"您对号码 {one.pk} 的使用权自" in back.body_zh and f"the number {one.pk} is restored from" in back.body_en


@pytest.mark.parametrize(("in_error", "zh", "en"), [
    (False, "作出的决定（违规冻结）自", "(violation freeze), is taken back"),
    (True, "我们深表歉意", "We apologise."),
])  # fmt: skip
def test_an_undo_says_what_is_taken_back_and_apologises_where_it_was_wrong(
    number: Make, officer: Staff, officer2: Staff, supervisor: Staff, in_error: bool, zh: str, en: str
) -> None:
    frozen = decide(Kind.FREEZE, number(), officer)
    Notice.objects.filter(decision=frozen.decision).update(state="sent")
    wanted = undo_order(frozen.decision, clause="10.1", reason="名单有误，予以撤销", in_error=in_error)
    found = letter(approve(undo(wanted, actor=officer2), supervisor))
    assert zh in found.body_zh and en in found.body_en


@pytest.mark.usefixtures("feed")
def test_before_a_reclaim_the_earliest_day_is_told_and_told_again(
    number: Make, cast: dict[str, Staff], officer: Staff
) -> None:
    policy = adopt(cast, "dormant-90", "dormant", threshold_days=90, notice_days=30, reminder_days=7, grace_days=15)
    number()
    report, worker = reclaimed(policy, cast), Staff.objects.system("system-worker")
    announce(actor=worker)
    told = notice_of(report, stage="prior")
    first = letter(report, stage="prior")
    assert f"最早将于 {day(told.created_at + 30 * DAY)} 被回收" in first.body_zh
    assert f"on {day(told.created_at + 30 * DAY)} at the earliest" in first.body_en
    assert "由规则“dormant-90”发现" in first.body_zh and "保留 15 日" in first.body_zh
    with time_machine.travel(timezone.now() + 24 * DAY):
        announce(actor=worker)
        again = notice_of(report, stage="reminder")
        second = letter(report, stage="reminder")
    assert (
        f"再次提醒，您使用的号码 {told.tenure.number_id} 最早将于 {day(again.created_at + 7 * DAY)}" in second.body_zh
    )
    assert letter(report, stage="prior") == first  # though the day on which it runs was put off since


def test_of_the_person_nothing_stands_in_it(
    number: Make, officer: Staff, setup_actor: Staff, templates: list[LetterTemplate]
) -> None:
    one = number()
    tell(one, setup_actor)
    found = letter(decide(Kind.FREEZE, one, officer))
    assert not any(value in found.subject + found.text for value in ADULT.values())
    assert str(one.pk) not in found.subject and Notice.objects.get().letter_sha256 == ""


def test_hours_count_in_beijing(number: Make, officer: Staff) -> None:
    with time_machine.travel(datetime.datetime(2026, 3, 31, 17, 30, tzinfo=datetime.UTC), tick=False):
        found = letter(decide(Kind.FREEZE, number(), officer, duration=5 * HOUR))
    assert (
        "自 2026-04-01 01:30（北京时间）起被冻结" in found.body_zh
        and "2026-04-01 06:30 (Beijing time)" in found.body_en
    )
