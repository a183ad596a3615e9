"""Deciding an appeal by its pages: what it will do, the letter as it reads, the next one, and the second person."""

import html

import pytest

from accounts.models import Number
from appeals.hearing import services as hearing
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Lease, Message, Ruling
from appeals.recovery import services as recovery
from enforcement.decisions.services import Report
from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from tests.appeals.heard import REASONS, STATEMENT, filed, objection, ruled
from tests.appeals.pages import (
    ANSWERED,
    INBOX,
    LIST,
    NEXT,
    RULED,
    answer,
    both_steps,
    counted,
    of,
    page_of,
    ruling_page,
    take,
)
from tests.enforcement.acts import DAY, approve, broken, decide, terminated
from tests.pages import confirm, preview, text, told, verbs

pytestmark = pytest.mark.usefixtures("rulebook")
UPHELD = RULED | {"outcome": "upheld", "revision": "0"}


@pytest.fixture
def frozen(cast, number):
    one = number()
    return objection(one, decide(Kind.FREEZE, one, cast["officer"]), cast["agent"])


@pytest.fixture
def ended(cast, number):
    one = number()
    return objection(one, terminated(one, cast["officer"], cast["supervisor"]), cast["agent"])


def test_an_upheld_objection_says_what_it_will_do_and_then_does_just_that(desk, cast, frozen):
    browser = desk("reviewer")
    take(browser, frozen)
    shown = preview(browser, of("rule", frozen), UPHELD)
    page = html.unescape(text(shown))
    assert "The measure ends now, and never counted" in page and "The appellant is sent the letter at once" in page
    assert "another person must agree" not in page and Measure.objects.get().in_force
    done = confirm(browser, of("rule", frozen), UPHELD, shown.context["token"])
    assert done["Location"] == page_of(frozen)
    assert told(browser.get(page_of(frozen))) == [f"{frozen.receipt} is decided: upheld."]
    assert Measure.objects.get().end_reason == "voided"
    letter = Words(frozen).of_message(Message.objects.latest("pk"))
    for line in filter(None, letter.replace("————", "").splitlines()):
        assert " ".join(line.split()) in page, line
    assert REASONS in letter and broken() == []


def test_what_is_done_instead_of_taking_a_change_back_is_read_by_both_who_decide_on_it(desk, cast, number):
    """Changed twice, so that the whole measure would end; and taken back, so that nothing is left to do."""
    one, other = number(), number()
    changes: dict[Number, Report] = {}
    for this, last in ((one, 30), (other, 4)):
        decide(Kind.FREEZE, this, cast["officer"], duration=5 * DAY)
        for days in (20, last):
            change = decide(Kind.ADJUST, this, cast["officer"], duration=days * DAY)
            approve(change, cast["supervisor"])
            changes.setdefault(this, change)
    for this, told_ in (
        (one, "the whole measure that it changed"),
        (other, "Nothing of what is objected to is in force"),
    ):
        appeal, browser = objection(this, changes[this], cast["agent"]), desk("reviewer")
        take(browser, appeal)
        assert told_ in text(preview(browser, of("rule", appeal), UPHELD))
        both_steps(browser, of("rule", appeal), UPHELD)
        assert told_ in text(desk("supervisor2").get(ruling_page(Ruling.objects.get(appeal=appeal))))


def test_decide_and_take_the_next_leads_to_the_next_one(desk, cast, number):
    one, two = (filed(number(), "enquiry", cast["agent"]) for _n in range(2))
    browser = desk("reviewer")
    assert browser.post(NEXT)["Location"] == page_of(one)
    for this, leads_to in ((one, page_of(two)), (two, LIST)):
        form = ANSWERED | {"revision": "0"}
        shown = preview(browser, of("rule", this), form)
        assert "Decide and take the next" in text(shown)
        done = browser.post(of("rule", this), form | {"step": "next", "token": shown.context["token"]})
        assert done["Location"] == leads_to
    assert set(Appeal.objects.values_list("outcome", flat=True)) == {"answered"} and not Lease.objects.exists()
    assert "Nothing waits for you" in told(browser.get(LIST))[-1]


def test_the_form_on_the_page_offers_the_outcomes_of_its_kind_only(desk, cast, number, frozen):
    asked, lost = filed(number(), "enquiry", cast["agent"]), filed(number(), "recovery", cast["agent"])
    browser = desk("reviewer")
    for appeal, offered in (
        (frozen, {"upheld", "partly", "rejected", "moot", "inadmissible"}),
        (asked, {"answered", "inadmissible"}),
        (lost, {"upheld", "rejected", "inadmissible"}),
    ):
        take(browser, appeal)
        form = browser.get(page_of(appeal)).context["form"]
        assert {value for value, _label in form.fields["outcome"].choices} == offered
        assert ("until" in form.fields) is (appeal == frozen) and "scopes" not in form.fields
    wrong = preview(browser, of("rule", asked), RULED | {"revision": "0"})
    assert "Select a valid choice" in text(wrong) and Appeal.objects.get(pk=asked.pk).state == "filed"


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"outcome": "moot"}, "It is still in force: decide on it."),
        ({"text": "no"}, "Write 6 to 4000 characters."),
        ({"reason": "no"}, "at least 6 characters"),
        ({"clauses": "99.9"}, "has clause 99.9"),
    ],
)
def test_a_wrong_form_says_what_is_wrong_and_decides_nothing(desk, frozen, change, sentence):
    browser = desk("reviewer")
    take(browser, frozen)
    before = verbs()
    shown = preview(browser, of("rule", frozen), UPHELD | change)
    assert sentence in text(shown) and not shown.context["frozen"]
    assert verbs() == before and not Ruling.objects.exists()


def test_a_measure_that_changed_after_the_preview_is_shown_anew_and_nothing_is_done(desk, cast, frozen):
    browser = desk("reviewer")
    take(browser, frozen)
    token = preview(browser, of("rule", frozen), UPHELD).context["token"]
    decide(Kind.LIFT, Number.objects.get(pk=frozen.number_id), cast["officer2"], lift_of=frozen.decision_id)
    late = confirm(browser, of("rule", frozen), UPHELD, token)
    assert late.status_code == 409 and "has changed meanwhile. Nothing was done" in text(late)
    assert not Ruling.objects.exists()


def test_what_needs_a_second_person_says_so_waits_and_is_done_when_he_agrees(desk, cast, ended):
    browser = desk("reviewer")
    take(browser, ended)
    page = text(preview(browser, of("rule", ended), UPHELD))
    assert "Nothing happens yet: another person must agree." in page and "Objection to a termination" in page
    both_steps(browser, of("rule", ended), UPHELD)
    ruling = Ruling.objects.get()
    assert told(browser.get(page_of(ended))) == [f"{ended.receipt}: the ruling waits for another person."]
    boss = desk("supervisor2")
    inbox = boss.get(INBOX)
    assert ended.receipt in text(inbox) and ruling_page(ruling) in inbox.content.decode()
    assert ruling_page(ruling) in boss.get(page_of(ended)).content.decode()
    page = text(boss.get(ruling_page(ruling)))
    for words in (REASONS, "The number returns to its holder", "Objection to a termination", "群发诈骗链接"):
        assert words in page, words
    assert STATEMENT not in page  # that is read by a button, on the record
    done = answer(boss, ruling, "agree")
    assert done["Location"] == INBOX and told(boss.get(INBOX)) == ["Agreed: the ruling is in force."]
    assert Number.objects.get(pk=ended.number_id).lifecycle == "in_use" and broken() == []
    assert answer(boss, ruling, "agree").status_code == 409


def test_a_ruling_that_is_sent_back_is_heard_anew(desk, cast, ended):
    ruling = ruled(ended, "upheld", cast["reviewer"])
    boss = desk("supervisor2")
    assert answer(boss, ruling, "refuse")["Location"] == INBOX
    ended.refresh_from_db()
    assert ended.state == "filed" and Number.objects.get(pk=ended.number_id).lifecycle == "terminated"
    assert "sent back" in text(boss.get(page_of(ended)))


def test_the_inbox_is_for_who_may_agree_and_holds_nothing_he_had_part_in(desk, cast, ended):
    ruling = ruled(ended, "upheld", cast["reviewer"])
    mine = desk("supervisor").get(INBOX)
    assert ended.receipt not in text(mine)  # he agreed to the termination
    assert counted(desk("supervisor2").get(INBOX), "admin:appeals_rulings") == (1, False)
    barred = desk("supervisor").get(ruling_page(ruling))
    assert "took part in what it objects to" in text(barred) and REASONS not in text(barred)
    for login in ("reviewer", "officer", "auditor"):
        assert desk(login).get(INBOX).status_code == 403
        before = len(verbs())
        assert answer(desk(login), ruling, "agree").status_code == 403
        assert verbs()[before:] == ["audit.refused"]


def test_an_answer_to_another_content_or_to_none_is_not_taken(desk, cast, ended):
    ruling = ruled(ended, "upheld", cast["reviewer"])
    boss = desk("supervisor2")
    assert answer(boss, ruling, "agree", content_hash="0" * 64).status_code == 409
    assert answer(boss, ruling, "agree", refuse="1").status_code == 409
    assert answer(boss, ruling, "agree", reason="ok").status_code == 409
    assert Ruling.objects.get().state == "proposed" and Decision.objects.filter(state="applied").count() == 1


def test_whoever_agrees_has_seen_what_came_in_since_the_ruling(desk, cast, ended):
    ruling = ruled(ended, "upheld", cast["reviewer"])
    boss = desk("supervisor2")
    before = boss.get(ruling_page(ruling))
    seen = before.context["form"]["content_hash"].value()
    assert "Came in since the ruling" not in text(before)
    hearing.answer(ended, "后来找到了登录地的证明材料", actor=cast["agent"])
    late = answer(boss, ruling, "agree", content_hash=seen)
    assert late.status_code == 409 and "Something came in since you looked. Nothing was done" in text(late)
    assert Ruling.objects.get().state == "proposed"
    anew = boss.get(ruling_page(ruling))
    shown = text(anew)
    assert "Came in since the ruling" in shown and "answer of the appellant" in shown and "证明材料" not in shown
    assert of("read", ended) in anew.content.decode()  # what it says is read by a button, on the record
    assert answer(boss, ruling, "agree")["Location"] == INBOX and broken() == []


def test_the_freeze_between_two_ends_at_once_only_where_the_recovery_is_rejected(desk, cast, number):
    appeal = filed(number(), "recovery", cast["agent"])
    browser = desk("reviewer")
    take(browser, appeal)
    now = Appeal.objects.get()
    recovery.contest(now, actor=cast["reviewer"], reason="当前使用人亦主张使用权", revision=now.revision)
    approve(Decision.objects.get(), cast["supervisor"])
    at = {"revision": str(Appeal.objects.get().revision)}
    upheld = text(preview(browser, of("rule", appeal), UPHELD | at))
    assert "both were heard ends then, and not before" in upheld and "both were heard ends." not in upheld
    rejected = text(preview(browser, of("rule", appeal), UPHELD | at | {"outcome": "rejected"}))
    assert "The security freeze under which both were heard ends." in rejected


def test_an_upheld_recovery_says_that_it_cools_down(desk, cast, number):
    appeal = filed(number(), "recovery", cast["agent"])
    browser = desk("reviewer")
    take(browser, appeal)
    assert "The recovery takes effect after 72 hours" in text(preview(browser, of("rule", appeal), UPHELD))
    both_steps(browser, of("rule", appeal), UPHELD)
    page = text(browser.get(page_of(appeal)))
    assert "cooling down" in page and "Takes effect" in page
