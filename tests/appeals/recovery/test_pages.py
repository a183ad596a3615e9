"""A recovery by its pages (7): evidence brought and weighed, two who claim one number, the stop of what cools down."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from appeals.hearing import services as hearing
from appeals.models import Appeal, AppealEvidence
from enforcement.models import Measure
from enforcement.policy import Kind
from tests.appeals.heard import filed, objection, ruled
from tests.appeals.pages import both_steps, of, page_of, take
from tests.enforcement.acts import decide
from tests.pages import confirm, preview, text, told, verbs

pytestmark = pytest.mark.usefixtures("rulebook")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40
ITEM = {"kind": "places", "said": "上次登录在深圳南山", "ticket": ""}
WHY = "来电人称该号码是他的"


@pytest.fixture
def lost(cast, number):
    return filed(number(), "recovery", cast["agent"], evidence=[("registration", "2009 年 3 月注册，<b>深圳</b>")])


def bring(browser, appeal, said, **files):
    """Files come with the second step, so what they are called is not what was previewed."""
    shown = preview(browser, of("evidence", appeal), said)
    sent = said | {"step": "confirm", "token": shown.context["token"]} | files
    return browser.post(of("evidence", appeal), sent)


def test_evidence_is_added_while_it_is_open_and_a_file_is_opened_by_a_button(desk, cast, lost):
    agent, before = desk("agent"), len(verbs())
    assert "Files are added on the next page" in text(agent.get(of("evidence", lost)))
    done = bring(agent, lost, ITEM, file_kind_1="police", file_1=SimpleUploadedFile("张伟 报案.png", PNG))
    assert done["Location"] == page_of(lost), text(done)
    assert verbs()[before:] == ["appeal.evidence_added"]
    file = AppealEvidence.objects.get(size__isnull=False)
    url = f"/admin/appeals/files/{file.pk}/"
    reader = desk("reviewer")
    assert url in reader.post(of("read", lost)).content.decode()
    before = len(verbs())
    shown = reader.get(url)  # whoever brought it: of two who claim the number that is not told before
    assert "It was brought as evidence" in text(shown) and "The appellant brought" not in text(shown)
    assert PNG not in shown.content and verbs()[before:] == []
    opened = reader.post(url)
    assert (opened.content, opened["Content-Type"]) == (PNG, "image/png")
    assert "no-store" in opened["Cache-Control"] and lost.receipt in opened["Content-Disposition"]
    assert verbs()[before:] == ["appeal.file_opened"]
    assert agent.post(url).status_code == 403
    assert reader.get("/admin/appeals/files/999999/").status_code == 404
    hearing.withdraw(Appeal.objects.get(), actor=cast["agent"], reason="申诉人来电说不需要了")
    assert "This appeal is closed" in text(preview(agent, of("evidence", lost), ITEM))


def test_evidence_is_previewed_as_it_was_typed_and_by_its_length_where_it_is_personal(desk, lost):
    agent, url = desk("agent"), of("evidence", lost)
    assert f"places of login What it says {ITEM['said']}" in text(preview(agent, url, ITEM))
    personal = text(preview(agent, url, ITEM | {"said": "绑定手机 13912345678"}))
    assert "What it says 16 characters" in personal and "13912345678" not in personal
    wrong = preview(agent, url, ITEM | {"kind": "past_passwords", "said": "hunter2"})
    assert "never a password or an answer" in text(wrong) and not wrong.context["frozen"]


def test_who_has_it_in_hand_brings_nothing_and_is_told_so_before_anything_is_typed(desk, lost):
    reviewer = desk("reviewer")
    assert ITEM["said"] in text(preview(reviewer, of("evidence", lost), ITEM))
    take(reviewer, lost)
    refused = reviewer.get(of("evidence", lost))
    assert refused.status_code == 403 and "You have this appeal in hand" in text(refused)


def test_nothing_brought_is_told_so(desk, lost):
    answer = bring(desk("agent"), lost, {"kind": "", "said": "", "ticket": ""})
    assert "bring a file with the second step. Nothing was done" in text(answer)
    assert "Evidence has a kind" in text(preview(desk("agent"), of("evidence", lost), ITEM | {"kind": ""}))


def test_items_are_weighed_by_who_has_it_in_hand_and_the_score_advises(desk, lost):
    item = AppealEvidence.objects.get()
    form = {"revision": "0", f"item_{item.pk}": "match"}
    other = preview(desk("reviewer"), of("weigh", lost), form)
    assert "You do not have this appeal in hand" in text(other) and "深圳" not in text(other)
    browser = desk("reviewer")
    take(browser, lost)
    shown = browser.get(of("weigh", lost)).content.decode()
    assert "&lt;b&gt;深圳&lt;/b&gt;" in shown and "<b>深圳" not in shown
    both_steps(browser, of("weigh", lost), form)
    page = text(browser.get(page_of(lost)))
    assert "matches · reviewer" in page and "Score of the evidence 15" in page
    nothing = preview(browser, of("weigh", lost), {"revision": "1"})
    done = browser.post(of("weigh", lost), {"revision": "1", "step": "confirm", "token": nothing.context["token"]})
    assert "Say of one item at least" in text(done)


def test_two_who_claim_the_number_freeze_it_while_both_are_heard(desk, lost):
    browser = desk("reviewer")
    take(browser, lost)
    both_steps(browser, of("contest", lost), {"revision": "0", "reason": WHY})
    assert told(browser.get(page_of(lost))) == ["The number is frozen while both are heard."]
    assert "contested" in text(browser.get(page_of(lost)))
    assert Measure.objects.get().freeze_kind == "security"
    again = preview(browser, of("contest", lost), {"revision": "1", "reason": WHY})
    assert "It is contested already" in text(again)


def test_of_two_who_claim_it_each_brings_his_own_and_the_form_asks_whose_it_is(desk, cast, lost):
    browser, agent = desk("reviewer"), desk("agent")
    assert "Who brings it" not in text(agent.get(of("evidence", lost)))
    take(browser, lost)
    both_steps(browser, of("contest", lost), {"revision": "0", "reason": WHY})
    shown = preview(agent, of("evidence", lost), ITEM)
    assert "This field is required" in text(shown) and not shown.context["frozen"]
    bring(agent, lost, ITEM | {"side": "other"})
    form = browser.get(of("weigh", lost))
    assert "places of login · the other claimant" in text(form)
    item = AppealEvidence.objects.get(kind="places")
    both_steps(browser, of("weigh", lost), {"revision": "2", f"item_{item.pk}": "match"})
    page = text(browser.get(page_of(lost)))
    _before, _title, both = page.partition("Evidence of the appellant")
    own, _title, others = both.partition("Evidence of the other claimant")
    assert [("2009" in side, ITEM["said"] in side) for side in (own, others)] == [(True, False), (False, True)]
    assert "Score of the other claimant 5 Only to compare" in page and "Score of the evidence" not in page


def test_what_each_of_two_brings_is_no_second_press_of_the_other(desk, cast, lost):
    browser, agent, url = desk("reviewer"), desk("agent"), of("evidence", lost)
    take(browser, lost)
    both_steps(browser, of("contest", lost), {"revision": "0", "reason": WHY})
    sides = [ITEM | {"side": side} for side in ("other", "appellant")]
    tokens = [preview(agent, url, said).context["token"] for said in sides]
    confirm(agent, url, sides[0], tokens[0])
    late = confirm(agent, url, sides[1], tokens[1])
    assert "has changed meanwhile. Nothing was done" in text(late)
    presses = [confirm(agent, url, sides[1], late.context["token"]) for _press in range(2)]
    assert [press["Location"] for press in presses] == [page_of(lost)] * 2
    assert told(agent.get(page_of(lost))) == [
        "The evidence is added.",
        "This was done already, by the first press of the button.",
    ]
    paper = {"kind": "", "said": "", "ticket": "", "side": "other"}
    token = preview(agent, url, paper).context["token"]
    for _press in range(2):
        brought = paper | {"file_kind_1": "police", "file_1": SimpleUploadedFile("a.png", PNG)}
        assert confirm(agent, url, brought, token)["Location"] == page_of(lost)
    items = AppealEvidence.objects.exclude(kind="registration").order_by("pk")
    assert list(items.values_list("kind", "side")) == [
        ("places", "other"), ("places", "appellant"), ("police", "other"),
    ]  # fmt: skip


def test_of_another_where_nobody_else_claims_it_nothing_is_taken_in_by_hand_either(desk, lost):
    agent, url, before = desk("agent"), of("evidence", lost), AppealEvidence.objects.count()
    for side in ("other", "nobody"):
        shown = preview(agent, url, ITEM | {"side": side})
        assert "Nobody else claims the number in this appeal. Nothing was done." in text(shown)
        assert not shown.context["frozen"]
    token = preview(agent, url, ITEM).context["token"]
    sent = confirm(agent, url, ITEM | {"side": "other"}, token)
    assert "Nothing was done" in text(sent) and AppealEvidence.objects.count() == before


def test_what_cools_down_is_stopped_in_one_step(desk, cast, lost):
    ruled(lost, "upheld", cast["reviewer"])
    agent = desk("agent")
    assert of("stop", lost) in agent.get(page_of(lost)).content.decode()
    both_steps(agent, of("stop", lost), {"reason": WHY, "ticket": ""})
    lost.refresh_from_db()
    assert lost.state == "filed" and lost.contested_at
    assert "Nothing is cooling down" in text(preview(agent, of("stop", lost), {"reason": WHY, "ticket": ""}))


def test_an_objection_has_none_of_these_but_evidence(desk, cast, number):
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, cast["officer"]), cast["agent"])
    browser = desk("reviewer")
    take(browser, appeal)
    theirs, acts = ({act.url for act in d.get(page_of(appeal)).context["acts"]} for d in (desk("agent"), browser))
    assert of("evidence", appeal) in theirs and not {of(act, appeal) for act in ("evidence", "weigh", "contest")} & acts
    answer = preview(browser, of("contest", appeal), {"revision": "0", "reason": WHY})
    assert "Only a recovery has this step" in text(answer)
