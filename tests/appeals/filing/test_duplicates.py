"""A line of the portal's file about what is open already: what it says and brings is kept on that appeal, once."""

from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Number
from appeals.court import services as court
from appeals.filing import services as filing
from appeals.filing.filing_validation import tidy
from appeals.filing.services import Filing
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, AppealKey, Message, PortalFiling
from appeals.queries import story
from appeals.queue import services as queue
from appeals.recovery import services as recovery
from appeals.rulings import second_review as again
from appeals.rulings import services as rulings
from enforcement.policy import Kind
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.appeals.heard import as_filed, filed, objection, ruled, said
from tests.appeals.rulings.test_court import BROUGHT
from tests.enforcement.acts import HOUR, broken, decide, head, verbs
from tests.enforcement.evidence.files import PDF

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
SAYS, BRINGS = "上次提交后我找到了购买时的收据。", (("payments", "收据一张"), ("past_passwords", "3/5"))
WHY = "申诉人来电说不需要了"


@pytest.fixture
def system() -> Staff:
    return Staff.objects.system("system-appeals")


def line(number: Number | int, portal: str, kind: str = "recovery", **more: Any) -> Filing:
    return tidy(as_filed(number, kind, portal=portal, **({"statement": SAYS, "evidence": BRINGS} | more)))


def kept(appeal: Appeal) -> tuple[list[tuple[str, str]], list[str]]:
    """What came from the appellant since it was filed: who recorded it and what it says; and the evidence."""
    opened, messages = Words(appeal), Message.objects.filter(appeal=appeal, kind="answer").order_by("pk")
    items = AppealEvidence.objects.filter(appeal=appeal).order_by("pk")
    return [(one.maker.username, opened.of_message(one)) for one in messages], [
        opened.of_evidence(one) for one in items
    ]


def meanwhile(monkeypatch: pytest.MonkeyPatch, step: str, act: Callable[[], object]) -> None:
    """Somebody does this when the line has been looked at, and not taken in yet."""
    whole = getattr(filing, step)

    def later(*args: Any, **more: Any) -> Any:
        act()
        return whole(*args, **more)

    monkeypatch.setattr(filing, step, later)


def test_what_it_says_and_brings_is_kept_sealed_on_the_open_appeal_and_the_same_file_twice_adds_nothing(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    appeal = filed(one, "recovery", agent, evidence=[("devices", "一台红色的手机")])
    queue.take(appeal, actor=reviewer)
    before = head()
    lines = [line(one, "P-1", files=[("police", PDF)]), line(one, "P-2", statement="请尽快处理我的申诉。", evidence=())]
    done = filing.file(lines, actor=system, source="a0")
    assert (done.open, done.new, done.refused, done.receipts) == (2, 0, {}, dict.fromkeys((0, 1), appeal.receipt))
    by = "system-appeals"
    assert kept(appeal) == (
        [(by, SAYS), (by, "请尽快处理我的申诉。")],
        ["一台红色的手机", "收据一张", "3/5", ""],
    )
    paper = AppealEvidence.objects.latest("pk")
    assert (Words(appeal).file(paper), paper.maker_id) == (PDF, system.pk)
    assert all(SAYS.encode() not in bytes(message.text) for message in Message.objects.all())
    assert verbs(before) == ["appeal.joined"]
    event = Event.objects.latest("seq")
    assert event.facts == {"n": 2, "sha256": "a0"} and event in story(appeal)
    assert event.rows == {
        "appeals_message": 2, "appeals_appealevidence": 3, "appeals_portalfiling": 2, "appeals_historicalappeal": 1,
    }  # fmt: skip
    after = Appeal.objects.get()
    assert (after.state, after.revision, after.due_at) == ("filed", appeal.revision + 1, appeal.due_at)
    with pytest.raises(Invalid, match="has changed since you looked"):  # whoever has it open sees that something came
        rulings.rule(after, said("rejected"), actor=reviewer, revision=appeal.revision)

    before = head()
    again = filing.file(lines, actor=system, source="a0")
    assert (again.known, again.open, again.receipts, verbs(before)) == (2, 0, done.receipts, [])
    assert (len(kept(appeal)[0]), AppealEvidence.objects.count(), broken()) == (2, 4, [])


def test_it_answers_what_was_asked_and_the_clock_goes_on(
    number: Make, agent: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    now = timezone.now()
    with time_machine.travel(now, tick=False):
        taken = queue.take(filed(one, "recovery", agent), actor=reviewer)
        asked = hearing.ask(taken, "请提供号码注册地与时间", actor=reviewer, revision=taken.revision)
    with time_machine.travel(now + 5 * HOUR, tick=False):
        filing.file([line(one, "P-1")], actor=system)
    appeal = Appeal.objects.get()
    assert (appeal.state, appeal.waiting_since, appeal.waits_until) == ("filed", None, None)
    assert (appeal.due_at - asked.due_at, appeal.escalate_at - asked.escalate_at) == (5 * HOUR, 5 * HOUR)
    assert broken() == []


def test_what_cools_down_cools_on(number: Make, agent: Staff, reviewer: Staff, system: Staff) -> None:
    one = number()
    ruled(filed(one, "recovery", agent), "upheld", reviewer)
    cooling = Appeal.objects.get()
    filing.file([line(one, "P-1")], actor=system)
    appeal = Appeal.objects.get()
    assert (appeal.state, appeal.waits_until, appeal.due_at) == ("cooling", cooling.waits_until, cooling.due_at)
    assert [words for _by, words in kept(appeal)[0]] == [SAYS]


@pytest.mark.parametrize("evidence", [BRINGS, ()])
def test_whoever_brings_it_neither_weighs_nor_judges(
    number: Make, agent: Staff, reviewer: Staff, reviewer2: Staff, evidence: Any
) -> None:
    one = number()
    appeal = filed(one, "recovery", agent)
    filing.file([line(one, "P-1", evidence=evidence)], actor=reviewer)
    with pytest.raises(Refused, match="another person hears it"):
        queue.take(appeal, actor=reviewer)
    taken = queue.take(appeal, actor=reviewer2)
    if evidence:
        item = AppealEvidence.objects.earliest("pk")
        assert recovery.weigh(item, "match", actor=reviewer2, revision=taken.revision).score == 10


def test_twins_of_one_file_are_one_appeal_with_the_words_of_both(number: Make, system: Staff) -> None:
    one, before = number(), head()
    lines = [line(one, "P-1", statement="我的号码被盗了，请找回。", evidence=()), line(one, "P-2")]
    done = filing.file(lines, actor=system)
    appeal = Appeal.objects.get()
    assert (done.new, done.open, done.receipts) == (1, 1, {0: appeal.receipt, 1: appeal.receipt})
    assert Words(appeal).statement == "我的号码被盗了，请找回。"
    assert kept(appeal) == ([("system-appeals", SAYS)], ["收据一张", "3/5"])
    assert verbs(before) == ["appeal.filed", "appeal.joined"] and broken() == []


def test_of_two_that_ask_for_one_second_review_the_words_of_both_are_kept(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, system: Staff
) -> None:
    one = number()
    decision = decide(Kind.FREEZE, one, officer).decision
    first = objection(one, decision, agent)
    ruled(first, "rejected", reviewer)
    lines = [
        line(one, f"P-{n}", "objection", decision=decision.pk, statement=f"我不同意，这是第{n}次说明。") for n in (1, 2)
    ]
    done = filing.file(lines, actor=system)
    assert (done.again, done.open, done.refused) == (1, 1, {})
    assert [words for _by, words in kept(first)[0]] == ["我不同意，这是第1次说明。", "我不同意，这是第2次说明。"]
    assert len(kept(first)[1]) == 4 and broken() == []


def test_what_was_closed_at_that_moment_takes_nothing_in_and_says_so_and_the_next_run_files_it(
    number: Make, agent: Staff, system: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = number(), number()
    closing, open_one = filed(one, "recovery", agent), filed(other, "recovery", agent)
    lines = [line(one, "P-1"), line(other, "P-2")]
    with monkeypatch.context() as patch:
        meanwhile(patch, "_join", lambda: hearing.withdraw(closing, actor=agent, reason=WHY))
        done = filing.file(lines, actor=system)
    assert done.refused == {0: "This appeal is closed: nothing more is taken in. Nothing was done."}
    assert (done.open, done.receipts) == (1, {1: open_one.receipt})
    assert kept(closing) == ([], []) and PortalFiling.objects.get().portal == "P-2"
    again = filing.file(lines, actor=system)
    assert (again.new, again.known, again.refused) == (1, 1, {})
    assert Appeal.objects.get(receipt=again.receipts[0]).state == "filed" and broken() == []


def test_where_what_was_said_is_no_longer_kept_that_is_told(number: Make, agent: Staff, system: Staff) -> None:
    one = number()
    AppealKey.objects.filter(pk=filed(one, "recovery", agent).pk).delete()
    before = head()
    done = filing.file([line(one, "P-1")], actor=system)
    assert (done.open, done.receipts, verbs(before)) == (0, {}, [])
    assert "is no longer kept" in done.refused[0]


def test_a_second_review_that_nobody_may_ask_for_any_more_is_no_appeal_that_is_open(
    number: Make, agent: Staff, officer: Staff, reviewer: Staff, privacy: Staff, system: Staff,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """It goes to court at that moment."""
    one = number()
    decision = decide(Kind.FREEZE, one, officer).decision
    first = objection(one, decision, agent)
    ruled(first, "rejected", reviewer)

    def sues() -> None:
        court.sue(Appeal.objects.get(pk=first.pk), BROUGHT, actor=privacy, reason="已收到法院应诉通知书")

    with monkeypatch.context() as patch:
        meanwhile(patch, "_ask_again", sues)
        done = filing.file([line(one, "P-1", "objection", decision=decision.pk)], actor=system)
    assert (done.open, done.again, done.receipts) == (0, 0, {})
    assert "what is left is the court" in done.refused[0]
    with pytest.raises(Invalid, match="what is left is the court"):
        again.ask(first.receipt, actor=agent, reason=SAYS)
    assert not PortalFiling.objects.exists() and broken() == []


def test_so_many_lines_take_as_many_statements_as_few(numbers: Many, system: Staff) -> None:
    ids = numbers(24)
    filing.file([line(n, f"P-{n}") for n in ids], actor=system)
    took = []
    for few, name in ((ids[:4], "few"), (ids[4:], "many")):
        lines = [line(n, f"{name}-{n}") for n in few]
        with CaptureQueriesContext(connection) as queries:
            assert filing.file(lines, actor=system).open == len(few)
        took.append(len(queries))
    assert took[0] == took[1]
