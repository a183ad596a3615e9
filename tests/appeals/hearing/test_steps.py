"""The steps of hearing an appeal, each by its page: who may take it, what it leads to, what a stale form is told."""

import pytest

from accounts.declarations.services import declare
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Lease, Message
from appeals.queue import services as queue
from enforcement.models import Measure
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.appeals.heard import filed, objection, ruled
from tests.appeals.hearing.test_conflicts_of_interest import put_back
from tests.appeals.pages import ANSWERED, LIST, RULED, answer, both_steps, of, page_of, take
from tests.enforcement.acts import decide, terminated
from tests.pages import confirm, preview, text, told, verbs
from tests.story.hearing import hearing_room

pytestmark = pytest.mark.usefixtures("rulebook")
ASKED, WHY = "请补充最近一次登录的城市。", "不熟悉这类案件，请他人处理"
SAID = {
    "ask": {"text": ASKED},
    "skip": {"reason": WHY},
    "transfer": {"reason": WHY},
    "convert": {"kind": "enquiry", "ground": "help", "decision": "", "reason": WHY},
    "rule": RULED,
    "answer": {"text": ASKED, "ticket": ""},
    "write": {"text": ASKED, "ticket": ""},
    "withdraw": {"reason": WHY, "ticket": ""},
    "again": {"reason": ASKED, "ticket": ""},
}


@pytest.fixture
def asked(cast, number):
    return filed(number(), "enquiry", cast["agent"])


def said(step, appeal, **more):
    revision = {"revision": str(appeal.revision)} if step in ("ask", "convert", "rule") else {}
    return SAID[step] | revision | more


def test_each_step_by_its_page_from_taking_it_to_its_answer(desk, cast, asked):
    reviewer, agent = desk("reviewer"), desk("agent")
    take(reviewer, asked)
    before = len(verbs())
    acts = {act.url for act in reviewer.get(page_of(asked)).context["acts"]}
    assert {of(step, asked) for step in ("ask", "skip", "transfer", "convert", "write", "rule")} <= acts
    both_steps(reviewer, of("write", asked), said("write", asked))
    both_steps(reviewer, of("ask", asked), said("ask", asked))
    assert told(reviewer.get(page_of(asked)))[-1].startswith("The appellant is asked.")
    assert "the clock has stood since" in text(reviewer.get(page_of(asked)))
    both_steps(agent, of("answer", asked), said("answer", asked))
    take(reviewer, asked)
    asked.refresh_from_db()
    both_steps(reviewer, of("transfer", asked), said("transfer", asked, to=str(cast["reviewer2"].pk)))
    assert Lease.objects.get().staff == cast["reviewer2"]
    both_steps(desk("reviewer2"), of("skip", asked), said("skip", asked))
    take(reviewer, asked)
    both_steps(reviewer, of("rule", asked), ANSWERED | {"revision": str(asked.revision)})
    assert verbs()[before:] == [
        "appeal.written",
        "appeal.asked",
        "appeal.answered",
        "appeal.taken",
        "appeal.handed_over",
        "appeal.passed_on",
        "appeal.taken",
        "appeal.ruled",
    ]
    assert text(agent.get(page_of(asked))).count("Decided. The answer goes to the contact you gave.") == 1
    assert list(Message.objects.order_by("pk").values_list("kind", flat=True)) == [
        "receipt", "other", "asked", "answer", "ruling"]  # fmt: skip


def test_an_enquiry_is_taken_as_an_objection_by_its_page(desk, cast, number):
    one = number()
    frozen = decide(Kind.FREEZE, one, cast["officer"]).decision
    appeal = filed(one, "enquiry", cast["agent"])
    reviewer = desk("reviewer")
    take(reviewer, appeal)
    form = said("convert", appeal, kind="objection", ground="facts", decision=str(frozen.pk))
    wrong = confirm(reviewer, of("convert", appeal), form | {"decision": ""},
                    preview(reviewer, of("convert", appeal), form | {"decision": ""}).context["token"])  # fmt: skip
    assert "Name the decision that is objected to" in text(wrong)
    both_steps(reviewer, of("convert", appeal), form)
    appeal.refresh_from_db()
    assert (appeal.kind, appeal.decision_id) == ("objection", frozen.pk)


def test_a_withdrawal_closes_it_by_the_agents_page(desk, asked):
    both_steps(desk("agent"), of("withdraw", asked), said("withdraw", asked))
    asked.refresh_from_db()
    assert (asked.state, asked.outcome) == ("closed", "withdrawn")
    assert "This appeal is closed" in text(preview(desk("agent"), of("answer", asked), said("answer", asked)))


def test_the_second_review_is_asked_for_by_its_page_and_heard_by_a_supervisor(desk, cast, number):
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, cast["officer"]), cast["agent"])
    ruled(appeal, "rejected", cast["reviewer"])
    agent, supervisor = desk("agent"), desk("supervisor")
    assert of("again", appeal) in agent.get(page_of(appeal)).content.decode()
    assert of("again", appeal) not in desk("officer").get(page_of(appeal)).content.decode()
    both_steps(agent, of("again", appeal), said("again", appeal))
    page = text(agent.get(page_of(appeal)))
    assert "second review" in page and of("again", appeal) not in agent.get(page_of(appeal)).content.decode()
    assert desk("reviewer").post(of("take", appeal)).status_code == 403
    assert supervisor.post("/admin/appeals/next/")["Location"] == page_of(appeal)
    assert ASKED in text(supervisor.get(page_of(appeal)))


def test_a_stale_form_is_told_so_and_nothing_that_was_typed_is_lost(desk, cast, asked):
    reviewer = desk("reviewer")
    take(reviewer, asked)
    old = ANSWERED | {"revision": str(asked.revision)}
    token = preview(reviewer, of("rule", asked), old).context["token"]
    hearing.answer(asked, "补充：上周三晚上在深圳登录。", actor=cast["agent"])
    before = verbs()
    late = confirm(reviewer, of("rule", asked), old, token)
    for told_so in (late, preview(reviewer, of("rule", asked), old)):
        assert "has changed since you looked at it. Nothing was done" in text(told_so)
        form = told_so.context["form"]
        assert form["text"].value() == old["text"] and form["revision"].value() == "1"
    assert verbs() == before
    both_steps(reviewer, of("rule", asked), old | {"revision": "1"})
    assert Appeal.objects.get().outcome == "answered"


def test_a_form_sent_after_the_half_hour_is_told_so_and_keeps_what_was_typed(desk, cast, asked):
    reviewer = desk("reviewer")
    take(reviewer, asked)
    Lease.objects.all().delete()
    shown = preview(reviewer, of("rule", asked), ANSWERED | {"revision": "0"})
    assert "You do not have this appeal in hand any more" in text(shown)
    assert shown.context["form"]["text"].value() == ANSWERED["text"] and 'name="text"' in shown.content.decode()
    queue.take(asked, actor=cast["reviewer2"])
    shown = preview(reviewer, of("rule", asked), ANSWERED | {"revision": "0"})
    assert "reviewer2 has this appeal in hand" in text(shown)
    taken = reviewer.post(of("take", asked))
    assert taken["Location"] == page_of(asked)
    assert told(reviewer.get(page_of(asked))) == ["reviewer2 has this appeal in hand. Nothing was done."]
    assert Appeal.objects.get().state == "filed"


@pytest.mark.parametrize("step", ["ask", "skip", "transfer", "convert", "rule"])
def test_the_first_decider_is_refused_at_every_step_by_raw_post_and_that_is_on_the_record(desk, cast, number, step):
    """Its maker, and who agreed to it, even with the lease set by hand."""
    one = number()
    frozen = decide(Kind.FREEZE, one, cast["reviewer"], clauses=("6.2",), freeze_kind="security")
    appeal = objection(one, frozen, cast["agent"])
    browser = desk("reviewer")
    refused = Event.objects.filter(verb="audit.refused")
    assert browser.post(of("take", appeal)).status_code == 403
    Lease.objects.create(appeal=appeal, staff=cast["reviewer"], until="2099-01-01T00:00Z")
    to = {"to": str(cast["reviewer2"].pk)} if step == "transfer" else {}
    for half in ("preview", "confirm"):
        before = refused.count()
        form = said(step, appeal, token="made up", **to) | {"step": half}
        assert browser.post(of(step, appeal), form).status_code == 403, half
        assert refused.count() == before + 1
    assert refused.latest("seq").facts["why"].startswith("You filed this appeal, or took part")
    assert Appeal.objects.get().revision == 0


@pytest.mark.parametrize("step", ["convert", "rule"])
def test_who_made_what_an_undo_takes_back_is_refused_by_page_and_raw_post(desk, cast, number, step):
    one = number()
    back = put_back(one, cast["officer"], cast["officer2"], cast["reviewer"], cast["supervisor"])
    appeal, browser = objection(one, back, cast["agent"]), desk("reviewer")
    assert browser.post("/admin/appeals/next/")["Location"] == LIST
    assert of("take", appeal) not in {act.url for act in browser.get(page_of(appeal)).context["acts"]}
    assert browser.post(of("take", appeal)).status_code == 403
    Lease.objects.create(appeal=appeal, staff=cast["reviewer"], until="2099-01-01T00:00Z")
    before = len(verbs())
    for half in ("preview", "confirm"):
        form = said(step, appeal, token="made up") | {"step": half}
        assert browser.post(of(step, appeal), form).status_code == 403, half
    assert verbs()[before:] == ["audit.refused", "audit.refused"]
    assert Appeal.objects.get().revision == 0


def test_a_recovery_that_is_contested_stays_one_by_page_and_raw_post(desk, cast, number):
    appeal, reviewer = filed(number(), "recovery", cast["agent"]), desk("reviewer")
    take(reviewer, appeal)
    assert of("convert", appeal) in {act.url for act in reviewer.get(page_of(appeal)).context["acts"]}
    token = preview(reviewer, of("convert", appeal), said("convert", appeal)).context["token"]
    both_steps(reviewer, of("contest", appeal), {"revision": "0", "reason": "当前使用人亦主张使用权"})
    appeal.refresh_from_db()
    assert of("convert", appeal) not in {act.url for act in reviewer.get(page_of(appeal)).context["acts"]}
    before, form = verbs(), said("convert", appeal)
    for told_so in (
        reviewer.get(of("convert", appeal)),
        preview(reviewer, of("convert", appeal), form),
        confirm(reviewer, of("convert", appeal), form, token),
        confirm(reviewer, of("convert", appeal), form, "made up"),
    ):
        assert "Two people decide on this: it stays what it is. Rule on it" in text(told_so)
    assert (verbs(), Appeal.objects.get().kind, Measure.objects.get().ended_at) == (before, "recovery", None)


def test_who_agreed_to_what_is_objected_to_neither_takes_nor_agrees(desk, cast, number):
    one = number()
    appeal = objection(one, terminated(one, cast["officer"], cast["supervisor"]), cast["agent"])
    ruling = ruled(appeal, "rejected", cast["reviewer"])
    before = len(verbs())
    for button in ("agree", "refuse"):
        assert answer(desk("supervisor"), ruling, button).status_code == 403
    assert verbs()[before:] == ["audit.refused", "audit.refused"]
    assert answer(desk("supervisor2"), ruling, "agree").status_code == 302


@pytest.mark.parametrize(
    "login, steps",
    [
        ("agent", ["take", "ask", "skip", "transfer", "convert", "rule", "write", "read"]),
        ("officer", ["take", "ask", "skip", "transfer", "convert", "rule", "write", "read", "answer", "withdraw",
                     "again"]),
        ("auditor", ["take", "ask", "rule", "read", "answer", "withdraw", "again"]),
        ("supervisor", ["take", "ask", "skip", "transfer", "convert", "rule"]),  # a first review is a reviewer's
    ],
)  # fmt: skip
def test_the_wrong_role_is_refused_by_raw_post_and_that_is_on_the_record(desk, cast, asked, login, steps):
    browser = desk(login)
    to = {"to": str(cast["reviewer"].pk)}
    for step in steps:
        before = len(verbs())
        form = SAID.get(step, {}) | {"revision": "0", "step": "preview"} | (to if step == "transfer" else {})
        if step == "rule":
            form |= {"outcome": "answered"}
        elif step == "convert":
            form |= {"kind": "recovery", "ground": "stolen"}
        assert browser.post(of(step, asked), form).status_code == 403, step
        assert verbs()[before:] == ["audit.refused"], step
    assert Appeal.objects.get().revision == 0 and not Lease.objects.exists()


def test_personal_data_is_kept_out_of_the_record_and_the_words_are_sealed(desk, asked):
    reviewer = desk("reviewer")
    take(reviewer, asked)
    told_wrong = preview(reviewer, of("rule", asked), ANSWERED | {"revision": "0", "reason": "他的手机是13800138000"})
    assert "Leave personal data out" in text(told_wrong)
    personal = ANSWERED | {"revision": "0", "text": "请到 13800138000 所绑定的手机上查收验证码。"}
    both_steps(reviewer, of("rule", asked), personal)
    assert "13800138000" in Words(asked).of_message(Message.objects.latest("pk"))
    assert not Event.objects.filter(reason__contains="13800138000").exists()


def test_his_own_number_is_none_of_his(desk, cast, asked):
    declare(cast["agent"], [asked.number_id], "own", actor=cast["agent"])
    browser = desk("agent")
    for step in ("answer", "withdraw", "again"):
        assert browser.post(of(step, asked), said(step, asked)).status_code == 404


def test_a_second_press_does_nothing_more(desk, asked):
    reviewer, before = desk("reviewer"), len(verbs())
    take(reviewer, asked)
    url, form = of("ask", asked), said("ask", asked)
    token = preview(reviewer, url, form).context["token"]
    first, second = confirm(reviewer, url, form, token), confirm(reviewer, url, form, token)
    assert first["Location"] == second["Location"] == page_of(asked)
    assert verbs()[before:] == ["appeal.taken", "appeal.asked"]


def test_what_one_person_says_from_two_pages_is_no_second_press_of_one_button(desk, cast, asked):
    for login, step in (("agent", "answer"), ("reviewer", "write")):
        browser, url = desk(login), of(step, asked)
        if login == "reviewer":
            take(browser, asked)
        sayings = [said(step, asked, text=words) for words in ("上周三在深圳登录。", "手机号码尾号为 17。")]
        tokens = [preview(browser, url, one).context["token"] for one in sayings]
        assert confirm(browser, url, sayings[0], tokens[0])["Location"] == page_of(asked)
        other = confirm(browser, url, sayings[1], tokens[1])
        if other.status_code != 302:  # an answer changes the appeal, and is shown once more before it is kept
            tokens[1] = other.context["token"]
            assert confirm(browser, url, sayings[1], tokens[1])["Location"] == page_of(asked)
        assert confirm(browser, url, sayings[1], tokens[1])["Location"] == page_of(asked)
        assert told(browser.get(page_of(asked)))[-1] == "This was done already, by the first press of the button."
    assert list(Message.objects.values_list("kind", flat=True).order_by("pk")) == [
        "receipt", "answer", "answer", "other", "other"]  # fmt: skip


def test_a_judgment_for_the_operator_orders_nothing_and_one_against_it_does(desk, cast, rulebook):
    sued, privacy = hearing_room(cast, 88_880_000).sued, desk("privacy")
    given = {"judged_on": "2026-01-01", "reason": "已收到判决书正本", "ticket": "", "revision": str(sued.revision)}
    orders = "To do what it orders, make a decision by law or order"
    for judgment, does in (("for_us", False), ("settled", False), ("partly", True), ("against_us", True)):
        page = text(preview(privacy, of("judge", sued), given | {"judgment": judgment}))
        assert "The judgment goes on the record" in page and (orders in page) is does
