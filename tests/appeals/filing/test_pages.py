"""Filing an appeal at the desk (7, 11): in two steps, from a number, a tenure or a decision; and finding it again."""

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.declarations.services import declare
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, AppealEvidence, Message
from appeals.queue import services as queue
from enforcement.policy import Kind
from qqops.core import receipts
from tests.appeals.filing.recycled import recycled
from tests.appeals.heard import CONTACT, filed, objection, ruled
from tests.enforcement.acts import decide
from tests.enforcement.evidence.files import PDF, WINDOWS
from tests.pages import confirm, decision_url, number_url, preview, text, told, verbs

pytestmark = pytest.mark.django_db
STATEMENT = "我的号码昨天被盗，密码已被他人修改。"
SAID = {
    "seq": "1",
    "kind": "recovery",
    "decision": "",
    "ground": "stolen",
    "relation": "holder",
    "statement": STATEMENT,
    "contact": "138 1234 5678",
    "agreement": "2026-01",
    "evidence_kind_1": "past_passwords",
    "evidence_text_1": "3/5",
    "evidence_kind_3": "devices",
    "evidence_text_3": "一台红色的手机",
    "ticket": "T-7",
}
ENQUIRY = {"seq": "1", "kind": "enquiry", "ground": "help", "relation": "holder", "statement": STATEMENT,
           "contact": "wei@example.com"}  # fmt: skip


def file_url(number, **more):
    query = "&".join(f"{name}={value}" for name, value in more.items())
    return f"{reverse('admin:file_appeal')}?number={number}{'&' if query else ''}{query}"


def lookup(browser, receipt):
    return browser.post(reverse("admin:appeals_lookup"), {"receipt": receipt})


def through(browser, url, said, **files):
    shown = preview(browser, url, said)
    assert shown.status_code == 200 and shown.context["frozen"], text(shown)
    return confirm(browser, url, said | files, shown.context["token"])


def test_an_appeal_is_previewed_and_filed_with_its_files_and_its_receipt_is_told(desk, number):
    n, browser = number(), desk("agent")
    url = file_url(n.pk)
    assert url in number_page_links(browser, n)
    form = browser.get(url)
    body = form.content.decode()
    assert 'value="2026-01"' in body and "no. 1, since" in text(form) and 'name="decision"' not in body
    before = len(verbs())
    shown = preview(browser, url, SAID)
    page = text(shown)
    assert "recovery: 72 hours" in page and "nothing of this tenure is purged" in page
    assert "138****5678" in page and STATEMENT not in page  # what is personal is not written out again
    assert "3/5" in page and "一台红色的手机" in page
    assert 'enctype="multipart/form-data"' in shown.content.decode() and 'type="file"' in shown.content.decode()
    assert not Appeal.objects.exists() and len(verbs()) == before
    attached = {"file_kind_1": "police", "file_1": SimpleUploadedFile("张伟民 回执.pdf", PDF)}
    done = confirm(browser, url, SAID | attached, shown.context["token"])
    assert done.status_code == 302, text(done)
    appeal = Appeal.objects.get()
    assert done["Location"] == reverse("admin:appeals_appeal_change", args=[appeal.pk])
    assert verbs()[before:] == ["appeal.filed"]
    kept = Words(appeal)
    assert (kept.statement, kept.contact, appeal.agreement) == (STATEMENT, "+8613812345678", "2026-01")
    items = [(one.kind, kept.of_evidence(one) or kept.file(one)) for one in AppealEvidence.objects.order_by("pk")]
    assert items == [("past_passwords", "3/5"), ("devices", "一台红色的手机"), ("police", PDF)]
    landed = browser.get(done["Location"])
    assert landed.status_code == 200
    assert told(landed) == [f"Filed. Receipt number: {appeal.receipt}"] and STATEMENT not in text(landed)


def test_evidence_that_holds_what_is_personal_is_previewed_by_its_length(desk, number):
    said = SAID | {"evidence_kind_2": "friends", "evidence_text_2": "好友甲：13912345678"}
    page = text(preview(desk("agent"), file_url(number().pk), said))
    assert "friend assistance" in page and "15 characters" in page and "13912345678" not in page


def number_page_links(browser, n):
    return re.findall(r'href="([^"]+)"', browser.get(number_url(n.pk)).content.decode().replace("&amp;", "&"))


def test_a_second_press_is_led_to_the_appeal_of_the_first(desk, number):
    n, browser = number(), desk("agent")
    shown = preview(browser, file_url(n.pk), SAID)
    answers = [confirm(browser, file_url(n.pk), SAID, shown.context["token"]) for _press in range(2)]
    appeal = Appeal.objects.get()
    page = reverse("admin:appeals_appeal_change", args=[appeal.pk])
    assert [answer["Location"] for answer in answers] == [page, page]
    assert "first press of the button" in text(browser.get(page))


def test_what_is_open_already_is_shown_with_its_receipt_and_cannot_be_filed(desk, number, agent):
    n = number()
    appeal = filed(n, "recovery", agent)
    shown = preview(desk("reviewer"), file_url(n.pk), SAID | {"contact": CONTACT})
    assert "The same is open already:" in text(shown) and appeal.receipt in text(shown)
    assert 'value="confirm"' not in shown.content.decode()


def test_who_asks_for_it_under_another_contact_is_told_no_receipt_and_what_he_brings_is_kept_as_his(
    desk, number, agent, reviewer2
):
    n = number()
    appeal, browser, url = filed(n, "recovery", agent), desk("reviewer"), file_url(n.pk)
    shown = preview(browser, url, SAID)
    page = text(shown)
    assert "The same is open already, under another contact. What is said now is kept" in page
    assert "gets a receipt number and an answer" not in page and "Answer due" not in page
    before, attached = len(verbs()), {"file_kind_1": "police", "file_1": SimpleUploadedFile("回执.pdf", PDF)}
    answers = [confirm(browser, url, SAID | attached, shown.context["token"]) for _press in range(2)]
    landed = browser.get(number_url(n.pk))
    assert [answer["Location"] for answer in answers] == [number_url(n.pk)] * 2
    assert told(landed) == [
        "It was received and is kept, and a person will look at it.",
        "This was done already, by the first press of the button.",
    ]
    for answer in (shown, *answers):
        assert appeal.receipt not in answer.content.decode() + answer.get("Location", "")
    assert (verbs()[before:], Appeal.objects.count()) == (["appeal.claimed"], 1)
    kept = Words(appeal)
    items = [(one.side, kept.of_evidence(one) or kept.file(one)) for one in AppealEvidence.objects.order_by("pk")]
    assert items == [("other", "3/5"), ("other", "一台红色的手机"), ("other", PDF)]
    said = [(one.maker.username, kept.of_message(one)) for one in Message.objects.filter(kind="another")]
    assert said == [("reviewer", f"{STATEMENT}\n\nContact: +8613812345678")]
    queue.take(appeal, actor=reviewer2)
    mine = text(desk("reviewer2").get(reverse("admin:appeals_appeal_change", args=[appeal.pk])))
    assert "Evidence of the other claimant" in mine and "Evidence of the appellant" not in mine


def test_of_what_was_upheld_meanwhile_it_is_said_that_only_a_stop_keeps_it_from_taking_effect(
    desk, number, agent, reviewer
):
    n = number()
    first = filed(n, "recovery", agent)
    browser, url, says = desk("agent"), file_url(n.pk), "takes effect all the same when its waiting period is over"
    early = preview(browser, url, SAID)
    assert says not in text(early)
    ruled(first, "upheld", reviewer)
    late = confirm(browser, url, SAID, early.context["token"])
    assert says in text(late) and "has changed meanwhile" in text(late) and first.receipt not in late.content.decode()
    assert not Message.objects.filter(kind="another").exists()
    assert confirm(browser, url, SAID, late.context["token"]).status_code == 302
    assert Appeal.objects.get().state == "cooling"


def test_two_others_on_the_phone_of_one_agent_are_both_kept(desk, number, agent):
    n = number()
    filed(n, "recovery", agent)
    browser, url = desk("agent"), file_url(n.pk)
    forms = [SAID, SAID | {"contact": "139 1234 5678"}]
    tokens = [preview(browser, url, said).context["token"] for said in forms]
    for said, token in zip(forms, tokens, strict=True):
        confirm(browser, url, said, token)
    assert told(browser.get(number_url(n.pk))) == ["It was received and is kept, and a person will look at it."] * 2
    assert Message.objects.filter(kind="another").count() == 2


def test_a_recovery_of_a_frozen_number_is_shown_as_the_objection_that_it_becomes(desk, number, officer):
    n = number()
    report = decide(Kind.FREEZE, n, officer)
    browser, url = desk("agent"), file_url(n.pk)
    shown = preview(browser, url, SAID)
    assert "taken as an objection and not as a recovery" in text(shown)
    assert f"#{report.decision.pk} freeze" in text(shown)
    assert confirm(browser, url, SAID, shown.context["token"]).status_code == 302
    assert Appeal.objects.get().decision == report.decision


def test_object_to_this_leads_from_the_decision_with_everything_named(desk, number, officer):
    n = number()
    report = decide(Kind.FREEZE, n, officer)
    browser = desk("agent")
    page = browser.get(decision_url(report.decision)).content.decode().replace("&amp;", "&")
    (url,) = re.findall(r'href="([^"]*/appeals/file/[^"]*)"', page)
    body = browser.get(url).content.decode()
    assert f'<option value="{report.decision.pk}" selected>' in body
    assert re.search(r'value="objection"[^>]*checked', body)
    objects = SAID | {"kind": "objection", "ground": "facts", "decision": str(report.decision.pk)}
    assert through(browser, url, objects).status_code == 302
    assert Appeal.objects.get().kind == "objection"
    assert "/appeals/file/" not in desk("officer").get(decision_url(report.decision)).content.decode()


def test_what_is_not_heard_is_said_before_and_registered_all_the_same(desk):
    browser, url = desk("agent"), file_url(88_889_999)  # a number that was never handed out
    said = {name: value for name, value in SAID.items() if name != "seq"}
    shown = preview(browser, url, said)
    assert "It will not be heard: nobody held this number then." in text(shown)
    assert "File it all the same" in text(shown)
    done = confirm(browser, url, said, shown.context["token"])
    assert (done.status_code, Appeal.objects.get().why) == (302, "never_held")
    assert "Registered, and not heard" in text(browser.get(done["Location"]))


def test_only_what_was_done_to_this_number_is_offered_to_be_objected_to(desk, number, officer, officer2):
    one, other = number(), number()
    decide(Kind.FREEZE, other, officer)
    first, second = decide(Kind.FREEZE, one, officer), decide(Kind.RESTRICT, one, officer)
    decide(Kind.LIFT, one, officer2, lift_of=first.decision.pk)
    form = desk("agent").get(file_url(one.pk)).context["form"]
    assert [value for value, _label in form.fields["decision"].choices] == [
        "", second.decision.pk, first.decision.pk,
    ]  # fmt: skip


def test_an_enquiry_needs_no_agreement_and_has_an_answer_too(desk, number):
    n, browser = number(), desk("agent")
    assert through(browser, file_url(n.pk), ENQUIRY).status_code == 302
    appeal = Appeal.objects.get()
    assert (appeal.kind, appeal.receipt[9], appeal.agreement) == ("enquiry", "E", "")


def test_the_old_holder_of_a_recycled_number_is_served_without_a_word_of_the_next(desk, supply, resources, tmp_path):
    """domain.md §10, 6."""
    with recycled(supply, resources, tmp_path) as (one, second):
        browser, url = desk("agent"), file_url(one.pk, tenure=1)
        tenure = browser.get(reverse("admin:accounts_tenure_change", args=[one.tenures.get(seq=1).pk]))
        assert url in tenure.content.decode().replace("&amp;", "&")
        form = browser.get(url)
        shown = preview(browser, url, SAID)
        done = confirm(browser, url, SAID, shown.context["token"])
        appeal = Appeal.objects.get()
        landed = browser.get(done["Location"])
        assert (appeal.why, appeal.tenure) == ("purged", one.tenures.get(seq=1))
        assert "Registered, and not heard: the right of use ended" in text(landed)
        day = f"{second.started_at:%Y-%m-%d}"
        for page in (form, shown, landed):
            main = text(page).replace(appeal.receipt, "")
            assert "no. 2" not in main and f"{one.pk}/2" not in main, day
        both = browser.get(file_url(one.pk))
        assert "no. 2, since" in text(both) and "no. 1," in text(both)


def test_a_second_review_is_said_to_be_one_and_a_second_press_finds_it(desk, number, agent, officer, reviewer):
    n = number()
    report = decide(Kind.FREEZE, n, officer)
    first = objection(n, report, agent)
    ruled(first, "rejected", reviewer)
    browser, url = desk("agent"), file_url(n.pk)
    said = SAID | {"kind": "objection", "ground": "facts", "decision": str(report.decision.pk), "contact": CONTACT}
    shown = preview(browser, url, said)
    assert f"the second review of {first.receipt}" in text(shown)
    answers = [confirm(browser, url, said, shown.context["token"]) for _press in range(2)]
    page = reverse("admin:appeals_appeal_change", args=[first.pk])
    assert [answer["Location"] for answer in answers] == [page, page]
    first.refresh_from_db()
    assert (first.round, AppealEvidence.objects.filter(appeal=first).count()) == (2, 2)


def test_a_file_that_is_none_files_nothing_and_nothing_typed_is_lost(desk, number):
    n, browser = number(), desk("agent")
    url = file_url(n.pk)
    done = through(browser, url, SAID, file_1=SimpleUploadedFile("photo.jpg", WINDOWS))
    assert "This is a Windows program" in text(done) and STATEMENT in done.content.decode()
    assert not Appeal.objects.exists()


def test_fields_that_do_not_fit_are_named_and_the_form_stays(desk, number):
    n, browser = number(), desk("agent")
    for change, sentence in (
        ({"ground": "facts"}, "this ground does not belong"),
        ({"contact": "12345"}, "11 digits"),
        ({"agreement": ""}, "Name the version of the appeal agreement"),
        ({"evidence_kind_2": "places"}, "Evidence has a kind, and words that say it"),
        ({"evidence_text_1": "hunter2"}, "never a password or an answer"),
    ):
        shown = preview(browser, file_url(n.pk), SAID | change)
        assert sentence in text(shown) and not shown.context["frozen"], change
    assert not Appeal.objects.exists()


def test_who_may_not_file_or_declared_the_number_is_turned_away(desk, number, agent):
    n = number()
    for login in ("officer", "auditor", "privacy", "resources", "sysadmin"):
        assert desk(login).get(file_url(n.pk)).status_code == 403, login
    for wrong in (reverse("admin:file_appeal"), file_url("abc"), file_url(n.pk, tenure=9)):
        assert desk("agent").get(wrong).status_code == 404, wrong
    before = len(verbs())
    assert desk("officer").post(file_url(n.pk), SAID).status_code == 403
    declare(agent, [n.pk], "own", actor=agent)
    shown = desk("agent").get(file_url(n.pk))
    assert shown.status_code == 403 and "another person must act" in text(shown)
    assert preview(desk("agent"), file_url(n.pk), SAID).status_code == 403
    assert verbs()[before:] == ["audit.refused", "number.declared", "audit.refused"]
    assert not [url for url in number_page_links(desk("agent"), n) if "/appeals/file/" in url]


def test_the_page_reads_in_chinese_too(desk, number):
    page = desk("agent", "zh-hans").get(file_url(number().pk))
    assert page.status_code == 200 and 'lang="zh' in page.content.decode()


def test_a_receipt_leads_to_its_appeal_and_one_wrong_character_is_told_first(desk, number, agent, reviewer):
    appeal = filed(number(), "recovery", agent)
    page = reverse("admin:appeals_appeal_change", args=[appeal.pk])
    browser = desk("agent")
    assert reverse("admin:appeals_lookup") in browser.get(number_url(appeal.number_id)).content.decode()
    typed = f" {appeal.receipt[:9].lower()}-{appeal.receipt[9:].lower()} "
    assert lookup(browser, typed)["Location"] == page
    assert browser.post("/admin/jump/", {"q": appeal.receipt})["Location"] == page
    slip = appeal.receipt[:-2] + ("7" if appeal.receipt[-2] != "7" else "8") + appeal.receipt[-1]
    wrong = lookup(browser, slip)
    assert "one of its characters is wrong" in text(wrong) and slip in wrong.content.decode()
    assert "There is no appeal" in text(lookup(browser, receipts.new("A")))
    assert "13812345678" not in lookup(browser, "13812345678").content.decode()
    queue.take(appeal, actor=reviewer)
    assert desk("resources").get(reverse("admin:appeals_lookup")).status_code == 403
