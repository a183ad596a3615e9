"""The page of an appeal: its facts for all who see appeals, its words for who hears it."""

import pytest
from django.urls import reverse

from accounts.models import Tenure
from appeals.hearing import services as hearing
from appeals.models import AppealKey, Delivery
from appeals.recovery import services as recovery
from enforcement.policy import Kind
from qqops.staff.signin.recent_auth import PROVED
from tests.appeals.heard import REASONS, STATEMENT, filed, objection, ruled
from tests.appeals.pages import of, page_of, take
from tests.cast import succeeded
from tests.enforcement.acts import decide
from tests.pages import preview, text, verbs

pytestmark = pytest.mark.usefixtures("rulebook")
BROUGHT = "上次登录在深圳南山"


@pytest.fixture
def one(number):
    return number()


@pytest.fixture
def appeal(cast, one):
    frozen = decide(Kind.FREEZE, one, cast["officer"])
    return objection(one, frozen, cast["agent"], evidence=[("places", BROUGHT)])


def test_everybody_who_sees_appeals_has_the_facts_and_the_figures_and_no_word(desk, appeal):
    for login in ("agent", "reviewer", "officer", "supervisor", "privacy", "auditor"):
        page = text(desk(login).get(page_of(appeal)))
        facts = (appeal.receipt, "objection", "the facts are not so", "the holder", f"#{appeal.decision_id}", "10.1")
        for fact in (*facts, "群发诈骗链接", "We are looking into it.", "violation freeze", "filed appeals"):
            assert fact in page, (login, fact)
        assert "Dialogue 1" in page and "Evidence 1" in page
        for word in (STATEMENT, "138****0001", BROUGHT):
            assert word not in page, (login, word)
    assert desk("resources").get(page_of(appeal)).status_code == 403


def test_who_has_it_in_hand_reads_what_was_said_with_the_contact_masked(desk, appeal):
    browser = desk("reviewer")
    assert "Take it" in text(browser.get(page_of(appeal)))
    take(browser, appeal)
    shown = browser.get(page_of(appeal))
    page = text(shown)
    for word in (STATEMENT, "138****0001", BROUGHT, "您的申诉已按对处置的异议", "Preview"):
        assert word in page, word
    assert "13800000001" not in page and 'lang="zh-hans"' in shown.content.decode()
    other = text(desk("reviewer2").get(page_of(appeal)))
    assert STATEMENT not in other and "Take it" not in other and "In hand of reviewer" in other


def test_without_a_fresh_second_factor_nothing_that_was_said_is_shown(desk, appeal):
    browser = desk("reviewer")
    take(browser, appeal)
    session = browser.session
    session[PROVED] = 0
    session.save()
    page = text(browser.get(page_of(appeal)))
    assert STATEMENT not in page and "Your second factor is needed again" in page and "Preview" not in page
    assert browser.post(of("read", appeal))["Location"].startswith(reverse("account_reauthenticate"))


def test_another_reads_it_by_a_button_and_that_is_on_the_record(desk, appeal):
    browser, before = desk("supervisor"), len(verbs())
    assert STATEMENT not in text(browser.get(of("read", appeal))) and verbs()[before:] == []
    page = text(browser.post(of("read", appeal)))
    assert STATEMENT in page and BROUGHT in page and verbs()[before:] == ["appeal.read"]
    assert STATEMENT not in text(browser.get(page_of(appeal)))
    for login in ("agent", "officer", "auditor"):
        assert desk(login).post(of("read", appeal)).status_code == 403
        assert of("read", appeal) not in desk(login).get(page_of(appeal)).content.decode()
    assert verbs()[before + 1 :] == ["audit.refused"] * 3


def test_what_is_no_longer_kept_says_so(desk, cast, appeal):
    hearing.withdraw(appeal, actor=cast["agent"], reason="申诉人来电说不需要了")
    AppealKey.objects.filter(pk=appeal.pk).delete()
    page = text(desk("reviewer").post(of("read", appeal)))
    assert "no longer kept" in page and STATEMENT not in page


def test_a_ruling_is_told_with_who_made_it_and_its_text_only_to_who_reads(desk, cast, appeal):
    ruled(appeal, "rejected", cast["reviewer"])
    page = text(desk("agent").get(page_of(appeal)))
    for fact in ("rejected", "已核对登录与举报记录", "reviewer", "11 ("):
        assert fact in page, fact
    assert REASONS not in page and REASONS in text(desk("reviewer").post(of("read", appeal)))


def test_nothing_of_another_tenure_stands_on_it(desk, cast, one, appeal):
    _first, second = succeeded(one, cast["agent"])
    one.refresh_from_db()
    later = decide(Kind.RESTRICT, one, cast["officer2"]).decision
    browser = desk("reviewer")
    page = browser.get(page_of(appeal)).content.decode()
    assert f"/enforcement/decision/{later.pk}/" not in page and f"/accounts/tenure/{second.pk}/" not in page
    assert page_of(appeal) not in browser.get(f"/admin/accounts/number/{one.pk}/").content.decode()
    first = Tenure.objects.get(number=one, seq=1)
    assert page_of(appeal) in browser.get(f"/admin/accounts/tenure/{first.pk}/").content.decode()


def test_a_number_that_was_never_handed_out_has_no_link(desk, cast):
    appeal = filed(87_654_321, "recovery", cast["agent"])
    page = desk("agent").get(page_of(appeal))
    assert "nobody held this number then" in text(page)
    assert "/accounts/number/87654321/" not in page.content.decode()


def test_its_pages_read_in_chinese(desk, appeal):
    browser = desk("reviewer", "zh-hans")
    take(browser, appeal)
    for url in (page_of(appeal), "/admin/appeals/appeal/", of("rule", appeal), f"{page_of(appeal)}history/"):
        answer = browser.get(url)
        assert answer.status_code == 200, url
        assert STATEMENT not in answer.content.decode() or url == page_of(appeal)


def test_the_case_of_an_appeal_is_one_for_which_an_item_may_be_revealed(cast, appeal):
    from accounts.reveals import case_kinds
    from appeals.queue import services as queue

    tenure = appeal.tenure
    found = case_kinds.find("appeal", case_kinds.read("appeal", appeal.receipt.lower()), tenure)
    assert found is not None and found.open and found.url == page_of(appeal)
    assert not found.mine(cast["reviewer"])
    queue.take(appeal, actor=cast["reviewer"])
    assert found.mine(cast["reviewer"]) and not found.mine(cast["reviewer2"])


def test_of_what_is_not_sent_any_more_the_page_says_why(cast, desk, one):
    appeal = filed(one, "recovery", cast["agent"])
    ruled(appeal, "upheld", cast["reviewer"])
    Delivery.objects.update(state="failed")
    assert "not sent" not in text(desk("agent").get(page_of(appeal)))
    recovery.stop(appeal, actor=cast["agent"], reason="当前绑定人来电反对")
    why = "the ruling that it tells of was stopped"
    assert f"decision not sent: {why}" in text(desk("agent").get(page_of(appeal)))
    browser = desk("reviewer")
    take(browser, appeal)
    assert f"not sent: {why}" in text(browser.get(page_of(appeal)))
    Delivery.objects.filter(state="failed").update(state="outdated", fault="stopped")  # as the worker ends it
    assert f"not sent: {why}" in text(browser.get(page_of(appeal)))


def test_what_is_sent_again_and_what_is_not_any_more_stand_beside_each_other(cast, desk, one, settings):
    settings.QQOPS_NOTICE_WEBHOOK = "https://messages.example.com/hook"
    appeal = filed(one, "recovery", cast["agent"])
    ruled(appeal, "upheld", cast["reviewer"])
    Delivery.objects.update(state="failed")
    recovery.stop(appeal, actor=cast["agent"], reason="当前绑定人来电反对")
    page = text(preview(desk("reviewer"), of("resend", appeal), {"reason": "系统已恢复", "ticket": ""}))
    assert "To be sent again" in page and "could not be delivered" in page
    assert "Not to be sent: no longer true" in page and "the ruling that it tells of was stopped" in page
