"""The list of appeals and its next: what is due first, what is found, who is given what."""

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.declarations.services import declare
from appeals.hearing import services as hearing
from appeals.models import Appeal, Lease
from appeals.queue import services as queue
from enforcement.policy import Kind
from tests.appeals.heard import CONTACT, STATEMENT, filed, objection, ruled
from tests.appeals.pages import LIST, NEXT, counted, page_of, take
from tests.enforcement.acts import DAY, HOUR, decide
from tests.pages import queries, text, told, verbs

pytestmark = pytest.mark.usefixtures("rulebook")


@pytest.fixture
def three(cast, number):
    """Due in 8 hours, in 72 hours, and closed."""
    slow = filed(number(), "enquiry", cast["agent"])
    fast = filed(number(paid=True), "recovery", cast["agent"])
    over = filed(number(), "enquiry", cast["agent"])
    ruled(over, "answered", cast["reviewer"])
    return fast, slow, over


def listed(browser, query=""):
    return [row["key"] for row in browser.get(LIST + query).context["table"]]


def test_what_is_due_first_comes_first_and_what_is_overdue_is_said_so(desk, three):
    fast, slow, over = three
    browser = desk("auditor")
    assert listed(browser) == [fast.pk, slow.pk]
    assert listed(browser, "?state=closed") == [over.pk]
    assert listed(browser, "?state=overdue") == []
    with time_machine.travel(timezone.now() + 9 * HOUR, tick=True):
        page = text(desk("auditor").get(LIST))
        assert "overdue" in page
        assert listed(desk("auditor"), "?state=overdue") == [fast.pk]
    assert listed(browser, "?kind=enquiry") == [slow.pk]


def test_the_marks_find_what_is_pressing_and_what_is_mine(desk, cast, three):
    fast, slow, _over = three
    Appeal.objects.filter(pk=fast.pk).update(contested_at=timezone.now(), escalated_at=timezone.now())
    Appeal.objects.filter(pk=slow.pk).update(gated=True)
    browser = desk("reviewer")
    take(browser, fast)
    for mark, found in (("mine", [fast.pk]), ("escalated", [fast.pk]), ("contested", [fast.pk]),
                        ("supervisor", [slow.pk])):  # fmt: skip
        assert listed(browser, f"?mark={mark}") == found, mark
    assert listed(desk("reviewer2"), "?mark=mine") == []
    page = text(browser.get(LIST))
    assert "contested" in page and "filed too often" in page and "reviewer" in page


def test_a_filter_of_the_list_may_be_saved_as_any_other(desk, three):
    browser = desk("reviewer")
    assert browser.get(f"{reverse('admin:filters', args=['appeals'])}?state=overdue&mark=mine").status_code == 200


def test_it_is_found_by_its_receipt_and_by_its_number_and_a_slip_is_told(desk, three):
    fast, slow, over = three
    browser = desk("agent")
    spoken = f"{over.receipt[:9]} {over.receipt[9:].lower()}"
    assert browser.get(LIST, {"q": spoken})["Location"] == page_of(over)
    wrong = over.receipt[:-1] + ("A" if over.receipt[-1] != "A" else "B")
    assert "one of its characters is wrong" in text(browser.get(LIST, {"q": wrong}))
    assert listed(browser, f"?q={over.number_id}") == [over.pk]  # closed ones too
    assert listed(browser, f"?q=QQ:{fast.number_id}") == [fast.pk]
    assert "is not a number" in text(browser.get(LIST, {"q": "who"}))


def test_next_takes_the_oldest_due_and_leads_to_it(desk, three):
    fast, slow, _over = three
    one, two, before = desk("reviewer"), desk("reviewer2"), len(verbs())
    assert "Take the next" in text(one.get(LIST))
    assert one.post(NEXT)["Location"] == page_of(fast)
    assert two.post(NEXT)["Location"] == page_of(slow)
    assert one.post(NEXT)["Location"] == page_of(fast)  # what he has in hand comes before all else
    assert verbs()[before:] == ["appeal.taken", "appeal.taken"]
    assert one.get(NEXT)["Location"] == LIST and Lease.objects.count() == 2


def test_an_empty_queue_says_so(desk):
    browser = desk("reviewer")
    assert browser.post(NEXT)["Location"] == LIST
    assert told(browser.get(LIST)) == [
        "Nothing waits for you: whatever is to be heard is in other hands, or not yours to hear."
    ]


@pytest.mark.parametrize("login", ["agent", "officer", "privacy", "auditor", "resources", "sysadmin"])
def test_who_hears_no_appeals_has_no_next_and_the_try_is_on_the_record(desk, three, login):
    browser, before = desk(login), len(verbs())
    assert (browser.get(NEXT).status_code, browser.post(NEXT).status_code) == (403, 403)
    assert (verbs()[before:], Lease.objects.count()) == (["audit.refused"], 0)
    if login in ("agent", "officer"):
        assert "Take the next" not in text(browser.get(LIST))


def test_the_sidebar_counts_what_is_his_to_hear_and_is_red_while_one_is_late(desk, cast, three):
    fast, slow, _over = three
    queue_item = "admin:appeals_appeal_changelist"
    assert counted(desk("reviewer").get(LIST), queue_item) == (2, False)
    queue.take_next(actor=cast["reviewer2"])
    assert counted(desk("reviewer").get(LIST), queue_item) == (1, False)
    assert counted(desk("agent").get(LIST), queue_item) == (0, False)
    with time_machine.travel(timezone.now() + 4 * DAY, tick=True):
        late = desk("reviewer").get(LIST)
        assert counted(late, queue_item) == (2, True)
        assert '<span class="pill pill-bad">2' in late.content.decode()


def test_an_appeal_about_his_own_number_is_on_no_list_of_his(desk, cast, three):
    fast, slow, _over = three
    declare(cast["reviewer"], [fast.number_id], "relative", actor=cast["reviewer"])
    browser = desk("reviewer")
    assert listed(browser) == [slow.pk]
    assert browser.get(page_of(fast)).status_code == browser.post(f"/admin/appeals/{fast.pk}/take/").status_code == 404
    assert browser.post(NEXT)["Location"] == page_of(slow)


def test_what_waits_for_the_appellant_shows_until_when_and_nothing_of_what_was_said(desk, cast, three):
    _fast, slow, _over = three
    taken = queue.take(slow, actor=cast["reviewer"])
    hearing.ask(taken, "请补充最近一次登录的城市。", actor=cast["reviewer"], revision=0)
    page = text(desk("auditor").get(f"{LIST}?state=waiting"))
    assert slow.receipt in page and "waiting for the appellant" in page and "in 6" in page
    for words in (STATEMENT, CONTACT, "登录的城市"):
        assert words not in page


def test_the_list_costs_the_same_with_one_row_and_with_forty(desk, cast, number):
    browser, costs = desk("reviewer"), []
    for count in (1, 39):
        for _n in range(count):
            filed(number(), "enquiry", cast["agent"])
        with queries() as statements:
            browser.get(LIST)
        costs.append(len(statements))
    assert costs[0] == costs[1] <= 9


def test_objections_stand_on_the_pages_of_the_decision_and_of_the_tenure_only(desk, cast, number):
    one = number()
    frozen = decide(Kind.FREEZE, one, cast["officer"])
    appeal = objection(one, frozen, cast["agent"])
    browser = desk("officer")
    for url in (
        f"/admin/accounts/number/{one.pk}/",
        f"/admin/accounts/tenure/{one.tenure_id}/",
        f"/admin/enforcement/decision/{frozen.decision.pk}/",
    ):
        assert page_of(appeal) in browser.get(url).content.decode(), url
        assert page_of(appeal) not in desk("resources").get(url).content.decode(), url
