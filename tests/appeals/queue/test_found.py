"""Appeals found by what is to be done about them: recoveries by their score, messages to be sent again, a batch."""

import pytest
from django.urls import reverse

from appeals.models import Appeal, Delivery
from appeals.queue.pages import AppealList
from enforcement.policy import Kind
from tests.appeals.heard import filed, objection, ruled
from tests.appeals.pages import LIST, both_steps, of, page_of
from tests.enforcement.acts import decide
from tests.pages import text, told, verbs

pytestmark = pytest.mark.usefixtures("rulebook")
WHY = "邮件服务已恢复，重新发送"


def rows(answer):
    return [row["key"] for row in answer.context["table"]]


def test_recoveries_are_ordered_by_their_score_page_by_page_and_back(desk, cast, number, monkeypatch):
    scores = [None, 40, 90, 0, 40]
    filed_ = [filed(number(), "recovery", cast["agent"]) for _score in scores]
    filed(number(), "enquiry", cast["agent"])
    for appeal, score in zip(filed_, scores, strict=True):
        Appeal.objects.filter(pk=appeal.pk).update(score=score)
    none, forty, ninety, zero, again = (appeal.pk for appeal in filed_)
    monkeypatch.setattr(AppealList, "page_size", 2)
    browser = desk("reviewer")
    first = browser.get(LIST, {"order": "score"})
    assert rows(first) == [ninety, forty]
    assert "as they are due" in text(first) and "recoveries by their score" in text(first)
    second = browser.get(first.context["page"].next)
    third = browser.get(second.context["page"].next)
    assert (rows(second), rows(third), third.context["page"].next) == ([again, zero], [none], "")
    assert rows(browser.get(third.context["page"].previous)) == [again, zero]
    assert rows(browser.get(LIST))[:2] == [none, forty]  # as they are due
    assert rows(browser.get(LIST, {"order": "score", "q": str(filed_[2].number_id)})) == [ninety]
    assert rows(browser.get(LIST, {"order": "score", "mark": "contested"})) == []
    assert browser.get(LIST, {"order": "score", "state": "closed"}).status_code == 200


def test_what_could_not_be_delivered_is_found_and_sent_again_from_the_page(desk, cast, number):
    appeal = filed(number(), "enquiry", cast["agent"], contact="li.ming@example.com")
    ruled(appeal, "answered", cast["reviewer"])
    filed(number(), "enquiry", cast["agent"])
    browser = desk("reviewer")
    assert of("resend", appeal) not in browser.get(page_of(appeal)).content.decode()
    Delivery.objects.filter(message__appeal=appeal, message__kind="ruling").update(state="failed")
    assert rows(browser.get(LIST, {"mark": "unsent"})) == [appeal.pk]
    assert of("resend", appeal) in browser.get(page_of(appeal)).content.decode()
    assert of("resend", appeal) not in desk("agent").get(page_of(appeal)).content.decode()
    before = len(verbs())
    both_steps(browser, of("resend", appeal), {"reason": WHY, "ticket": ""})
    assert verbs()[before:] == ["appeal.sent_again"]
    assert told(browser.get(page_of(appeal))) == ["Messages on their way again: 1."]
    assert "No message of this appeal waits" in text(browser.get(of("resend", appeal)))
    assert desk("officer").get(of("resend", appeal)).status_code == 403
    assert rows(browser.get(LIST, {"mark": "unsent"})) == []


def test_after_an_upheld_objection_its_page_leads_to_the_undo_of_the_whole_batch(desk, cast, number):
    one, other, alone = number(), number(), number()
    batch = decide(Kind.FREEZE, [one.pk, other.pk], cast["officer"])
    appeal = objection(one, batch, cast["agent"])
    undo = reverse("admin:undo", args=[batch.decision.pk])
    assert undo not in desk("reviewer").get(page_of(appeal)).content.decode()  # not decided yet
    ruled(appeal, "upheld", cast["reviewer"])
    single = objection(alone, decide(Kind.FREEZE, alone, cast["officer"]), cast["agent"])
    ruled(single, "upheld", cast["reviewer"])
    for who in ("reviewer", "officer2"):
        page = desk(who).get(page_of(appeal))
        assert undo in page.content.decode() and "It reached 2 numbers, and the ruling this one only" in text(page)
        assert desk(who).get(undo).status_code == 200
    assert undo not in desk("agent").get(page_of(appeal)).content.decode()
    assert "The whole batch" not in text(desk("reviewer").get(page_of(single)))
