"""Letters and notices at the web door: a template by two people; what became of each notice; what hangs elsewhere."""

from typing import Any

import pytest
from django.urls import reverse

from accounts.models import Number, Tenure
from enforcement.letters.services import in_use, load_shipped
from enforcement.letters.shipped import BY_CODE
from enforcement.models import LetterTemplate, Notice
from enforcement.policy import Kind, Letter
from qqops.audit import recorder
from qqops.audit.models import Event
from tests.enforcement.acts import DAY, decide
from tests.enforcement.letters.post import letter, round_of_worker
from tests.pages import SAID, act, confirm, decision_url, number_url, preview, queries, ruling_url, text, told, verbs

DRAFT = "/admin/letters/freeze/draft/"
WHY = {"reason": "plainer words, as asked in March"}


@pytest.fixture
def templates(setup_actor, rulebook, settings) -> None:
    settings.QQOPS_NOTICE_WAIT = 0
    load_shipped(actor=setup_actor)


def said(more: str = "\nWe answer in writing.", **changed: str) -> dict[str, Any]:
    one = BY_CODE[Letter.FREEZE]
    return {
        "subject_zh": one.subject_zh, "body_zh": one.body_zh, "subject_en": one.subject_en,
        "body_en": (one.body_en + more).replace("\n", "\r\n"), **WHY, **changed,
    }  # fmt: skip


def drafted(browser) -> LetterTemplate:
    shown = preview(browser, DRAFT, said())
    assert shown.status_code == 200, text(shown)
    done = confirm(browser, DRAFT, said(), shown.context["token"])
    assert done.status_code == 302, text(done)
    return LetterTemplate.objects.latest("pk")


def notice_page(notice: Notice) -> str:
    return reverse("admin:enforcement_notice_change", args=[notice.pk])


@pytest.mark.usefixtures("templates")
def test_a_template_is_drafted_shown_with_an_example_and_agreed_to(desk, officer):
    browser, boss = desk("officer"), desk("supervisor")
    page = browser.get(DRAFT)
    for part in ("{how_found}", "Draft a letter: freeze", "Nothing is used yet"):
        assert part in text(page), part
    assert page.context["form"].initial["body_zh"] == BY_CODE[Letter.FREEZE].body_zh
    shown = text(preview(browser, DRAFT, said()))
    assert "您好：您使用的号码 10000 自" in shown and "We answer in writing." in shown
    template = drafted(browser)
    assert (template.version, template.maker, "\r" in template.body_en) == (2, officer, False)
    url = reverse("admin:letter_ruling", args=[template.pk])
    own = text(browser.get(reverse("admin:enforcement_lettertemplate_change", args=[template.pk])))
    assert "waiting for approval" in own and "Still missing: 1" in own and browser.get(url).status_code == 403
    ruling = boss.get(url)
    for part in ("We answer in writing.", "您使用的号码 10000", WHY["reason"]):
        assert part in text(ruling), part
    answer = boss.post(url, {"content_hash": template.content_hash, "reason": "read in both", "agree": "1"})
    page = boss.get(answer["Location"])
    assert told(page) == ["freeze v2 is in use from now on."] and "in use" in text(page)
    assert in_use()[Letter.FREEZE] == template and verbs()[-2:] == ["letter.drafted", "letter.approved"]
    assert "freeze v2" in text(browser.get("/admin/enforcement/lettertemplate/?state=applied&letter=freeze"))


@pytest.mark.usefixtures("templates")
def test_a_draft_that_cannot_be_filled_is_refused_with_a_sentence(desk):
    browser, before = desk("privacy"), len(verbs())
    for wrong, says in (
        (said("{number.__class__}"), "“{number.__class__}” is no placeholder that may stand here."),
        (said("we guarantee it"), "No letter promises an outcome (7): leave out “guarante”."),
        (said(body_zh="{number}"), "must have {clauses}, {operator}, {facts}"),
        (said(subject_en="your {number}"), "“{number}” is no placeholder that may stand here. These may: {measure}"),
    ):
        shown = preview(browser, DRAFT, wrong)
        assert shown.status_code == 200 and says in text(shown), text(shown)
    assert LetterTemplate.objects.count() == len(Letter) and len(verbs()) == before
    assert browser.get("/admin/letters/nothing/draft/").status_code == 404


@pytest.mark.usefixtures("templates")
def test_who_drafts_does_not_agree_and_who_agrees_does_not_draft(desk, cast, officer):
    template = drafted(desk("officer"))
    url = reverse("admin:letter_ruling", args=[template.pk])
    ruling = {"content_hash": template.content_hash, "reason": "read in both", "agree": "1"}
    for login, status in (("officer", 403), ("privacy", 403), ("agent", 403)):
        assert desk(login).post(url, ruling).status_code == status, login
    assert desk("supervisor").get(DRAFT).status_code == 403
    assert verbs()[-3:] == ["audit.refused"] * 3 and LetterTemplate.objects.get(pk=template.pk).state == "proposed"
    no = {"content_hash": template.content_hash, "reason": "too long by half", "refuse": "1"}
    assert desk("supervisor").post(url, no).status_code == 302
    assert LetterTemplate.objects.get(pk=template.pk).state == "refused" and in_use()[Letter.FREEZE].version == 1


def test_a_house_without_templates_offers_to_draft_each(desk, rulebook):
    page = desk("officer").get("/admin/enforcement/lettertemplate/").content.decode()
    assert page.count("/draft/") == len(Letter) and "Draft a letter: restriction" in page
    assert "/draft/" not in desk("auditor").get("/admin/enforcement/lettertemplate/").content.decode()


@pytest.mark.usefixtures("templates")
def test_what_is_missing_in_the_settings_is_told_to_who_drafts(desk, settings):
    settings.QQOPS_APPEAL_CONTACT = ""
    shown = text(preview(desk("officer"), DRAFT, said()))
    assert "Not known to the house: appeal. Set it (docs/settings.md), or no such letter is sent." in shown


@pytest.mark.usefixtures("templates")
def test_a_notice_shows_its_letter_and_whether_it_is_what_was_sent(desk, number, officer, settings):
    settings.QQOPS_NOTICE_WEBHOOK = ""
    one, browser = number(), desk("agent")
    decide(Kind.FREEZE, one, officer)
    notice = Notice.objects.get()
    page = text(browser.get(notice_page(notice)))
    assert "not yet sent" in page and "The letter, as it would be sent now" in page and f"您使用的号码 {one.pk}" in page
    round_of_worker()
    Notice.objects.filter(pk=notice.pk).update(state="sent", template=in_use()[Letter.FREEZE], letter_sha256="0" * 64)
    other = text(browser.get(notice_page(notice)))
    assert "The letter, made again: not as it was sent" in other and "0" * 64 in other
    Notice.objects.filter(pk=notice.pk).update(letter_sha256=letter(notice.decision).sha256)
    same = text(browser.get(notice_page(notice)))
    assert "The letter, as it was sent" in same and "made again" not in same
    for login, status in (("resources", 403), ("sysadmin", 403), ("auditor", 200)):
        assert desk(login).get(notice_page(notice)).status_code == status


@pytest.mark.usefixtures("templates")
def test_the_pages_of_a_decision_a_number_and_a_tenure_show_their_notices(desk, numbers, officer):
    given, browser = numbers(3), desk("supervisor")
    decision = decide(Kind.FREEZE, given, officer).decision
    round_of_worker()
    first = Notice.objects.order_by("pk")[0]
    Notice.objects.filter(pk=first.pk).update(state="blocked", fault="empty:appeal")
    page = browser.get(decision_url(decision)).content.decode()
    link = f"/admin/enforcement/notice/?q=%23{decision.pk}&amp;state=blocked"
    assert f'href="{link}">1</a>' in page and "no way to reach the holder" in page
    listed = text(browser.get(link.replace("&amp;", "&")))
    assert "Nothing is known for: {appeal}." in listed and str(given[0]) in listed and str(given[1]) not in listed
    tenure = reverse("admin:accounts_tenure_change", args=[first.tenure_id])
    assert f'href="{notice_page(first)}">Show letter' in browser.get(tenure).content.decode()
    assert "Show letter" not in desk("resources").get(tenure).content.decode()
    of_number = f"/admin/enforcement/notice/?q={given[0]}"
    assert f'href="{of_number}"' in browser.get(number_url(given[0])).content.decode()
    assert of_number not in desk("resources").get(number_url(given[0])).content.decode()
    listed = browser.get(of_number).content.decode()
    assert f'href="{notice_page(first)}"' in listed and listed.count("<tr data-row>") == 1


@pytest.mark.usefixtures("templates")
def test_the_next_holders_page_shows_no_notice_of_the_last(desk, number, officer, rulebook):
    one, browser = number(), desk("supervisor")
    decide(Kind.FREEZE, one, officer)
    before = one.tenure
    assert before is not None
    Tenure.objects.filter(pk=before.pk).update(ended_at=before.started_at + DAY)
    after = Tenure(number=one, seq=2, channel="web", rules_version=rulebook, started_at=before.started_at + 2 * DAY)
    Tenure.objects.bulk_create([after])
    Number.objects.filter(pk=one.pk).update(tenure=after)
    with recorder.act("demo.built", actor=officer, reason="another holder", facts={"numbers": 1}) as made:
        made.history(Number, [one.pk])
    for url in (reverse("admin:accounts_tenure_change", args=[after.pk]), f"/admin/enforcement/notice/?q={one.pk}"):
        page = browser.get(url).content.decode()
        assert "Show letter" not in page and "<tr data-row>" not in page
    assert "Show letter" in browser.get(reverse("admin:accounts_tenure_change", args=[before.pk])).content.decode()


@pytest.mark.usefixtures("templates")
def test_ticked_notices_or_all_of_a_state_are_sent_again_with_a_reason(desk, numbers, officer, supervisor):
    decide(Kind.FREEZE, numbers(3), officer)
    Notice.objects.update(state="failed", fault="HTTP 500")
    one, two, _three = Notice.objects.order_by("pk")
    browser = desk("supervisor")
    assert 'formaction="/admin/notices/resend/"' in browser.get("/admin/enforcement/notice/").content.decode()
    ticked = f"/admin/notices/resend/?notice={one.pk}&notice={two.pk}"
    why = {"reason": "the other side is back"}
    shown = preview(browser, ticked, why)
    assert "will be tried again 2" in text(shown)
    done = confirm(browser, ticked, why, shown.context["token"])
    assert told(browser.get(done["Location"])) == ["Notices that are tried again: 2."]
    assert [n.state for n in Notice.objects.order_by("pk")] == ["pending", "pending", "failed"]
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor, event.reason, event.facts) == (
        "notice.again", supervisor, why["reason"], {"n": 2}
    )  # fmt: skip
    all_failed = {"state": "failed", "decision": "", **why}
    shown = preview(browser, "/admin/notices/resend/", all_failed)
    done = confirm(browser, "/admin/notices/resend/", all_failed, shown.context["token"])
    assert told(browser.get(done["Location"])) == ["Notices that are tried again: 1."]
    none = preview(browser, "/admin/notices/resend/", all_failed)
    assert "will be tried again 0" in text(none) and 'value="confirm"' not in none.content.decode()
    assert desk("officer").get(ticked).status_code == 403
    assert browser.get("/admin/notices/resend/?notice=x").status_code == 404


def test_10_2_is_flagged_where_it_is_agreed_to_and_where_it_is_read(desk, number, officer):
    said = {**SAID, "clauses": ["10.2"]}
    decision = act(desk("officer"), "terminate", number().pk, said=said)
    other = act(desk("officer"), "terminate", number().pk, said=SAID)
    boss = desk("supervisor")
    for url in (ruling_url(decision), decision_url(decision)):
        assert "without prior notice (10.2)" in text(boss.get(url)), url
    for url in (ruling_url(other), decision_url(other)):
        assert "without prior notice" not in text(boss.get(url)), url


@pytest.mark.usefixtures("templates")
def test_the_pages_cost_the_same_with_two_notices_and_with_thirty(desk, numbers, officer):
    browser, costs = desk("supervisor"), []
    for n in (2, 28):
        decision = decide(Kind.FREEZE, numbers(n), officer).decision
        with queries() as found:
            for url in ("/admin/enforcement/notice/", "/admin/enforcement/lettertemplate/", decision_url(decision)):
                assert browser.get(url).status_code == 200
        costs.append(len(found))
    assert costs[0] == costs[1]


@pytest.mark.usefixtures("templates")
def test_the_pages_read_in_chinese_too(desk, number, officer):
    decide(Kind.FREEZE, number(), officer)
    browser = desk("supervisor", "zh-hans")
    for url in ("/admin/enforcement/notice/", "/admin/enforcement/lettertemplate/", notice_page(Notice.objects.get())):
        page = browser.get(url)
        assert page.status_code == 200 and 'lang="zh-hans"' in page.content.decode()
