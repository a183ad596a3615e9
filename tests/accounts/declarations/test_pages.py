"""Declared numbers at the web door: one's own list, the watchers' list, and no act on one's own anywhere."""

from django.urls import reverse

from accounts.declarations.services import declare
from accounts.models import DeclaredNumber, Number
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.enforcement.acts import DAY, decide
from tests.pages import (
    FREEZE,
    act_url,
    confirm,
    decision_url,
    number_url,
    preview,
    rule,
    ruling_url,
    text,
    told,
    verbs,
)

MINE, LIST = "/admin/declared/", "/admin/accounts/declarednumber/"
OWN = "you declared as your own or a relative"


def end_url(declared):
    return reverse("admin:end_declaration", args=[declared.pk])


def test_a_person_pastes_several_and_finds_them_on_his_list_without_a_way_to_take_them_out(desk, auditor):
    browser = desk("auditor")
    assert "You have declared none." in text(browser.get(MINE))
    done = browser.post(MINE, {"numbers": "QQ:90001, ９０００２\n90003", "relation": "relative"})
    assert done["Location"] == MINE
    page = browser.get(MINE)
    assert told(page) == ["3 numbers declared."]
    assert list(DeclaredNumber.objects.order_by("number").values_list("number", "staff", "relation")) == [
        (n, auditor.pk, "relative") for n in (90_001, 90_002, 90_003)
    ]
    assert "90003" in text(page) and "/end/" not in page.content.decode()
    assert "90001" not in text(desk("agent").get(MINE))
    again = browser.post(MINE, {"numbers": "90001 90004", "relation": "own"}, follow=True)
    assert told(again) == ["1 number declared.", "On your list already: 1."]


def test_a_malformed_list_is_refused_whole_and_every_bad_line_named(desk):
    browser, before = desk("agent"), len(verbs())
    page = browser.post(MINE, {"numbers": "90001\n12\nabc", "relation": "own"})
    assert page.status_code == 200 and "line 2" in text(page) and "line 3" in text(page)
    for said in ({}, {"numbers": "90001", "relation": "friend"}, {"numbers": " ", "relation": "own"}):
        assert browser.post(MINE, said).status_code == 200
    assert not DeclaredNumber.objects.exists() and len(verbs()) == before


def test_the_watchers_see_everybodys_and_find_by_number_and_by_login(desk, officer, agent):
    declare(officer, [90_001, 90_002], "own", actor=officer)
    declare(agent, [90_001], "relative", actor=agent)
    for login in ("supervisor", "auditor"):
        browser = desk(login)
        assert [(r.number, r.staff.username) for r in browser.get(LIST).context["page"].rows] == [
            (90_001, "agent"), (90_002, "officer"), (90_001, "officer"),
        ]  # fmt: skip
        for query, expected in (("q=90001", 2), ("q=officer", 2), ("q=nobody", 0), ("relation=relative", 1),
                                ("standing=ended", 0)):  # fmt: skip
            assert len(browser.get(f"{LIST}?{query}").context["page"].rows) == expected, query


def test_a_supervisor_ends_anothers_declaration_with_a_reason_and_his_own_never(desk, officer, supervisor):
    declare(officer, [90_001], "own", actor=officer)
    declare(supervisor, [90_002], "own", actor=supervisor)
    theirs, own = DeclaredNumber.objects.order_by("pk")
    browser = desk("supervisor")
    page = browser.get(f"{LIST}{theirs.pk}/")
    assert end_url(theirs) in page.content.decode()
    assert end_url(theirs) not in desk("auditor").get(f"{LIST}{theirs.pk}/").content.decode()
    assert "at least 6 characters" in text(preview(browser, end_url(theirs), {"reason": "no", "ticket": ""}))
    said = {"reason": "the number was given away", "ticket": "T-2"}
    shown = preview(browser, end_url(theirs), said)
    done = confirm(browser, end_url(theirs), said, shown.context["token"])
    assert told(browser.get(done["Location"])) == ["The declaration has ended."]
    theirs.refresh_from_db()
    assert theirs.ended_by == supervisor and end_url(theirs) not in browser.get(f"{LIST}{theirs.pk}/").content.decode()
    assert "has ended already" in text(confirm(browser, end_url(theirs), said, shown.context["token"]))
    # His own: no button, a page that says why, and an attempt that is on the record.
    assert end_url(own) not in browser.get(f"{LIST}{own.pk}/").content.decode()
    form = browser.get(end_url(own))
    assert form.status_code == 403 and "another person must end the declaration" in text(form)
    assert 'value="preview"' not in form.content.decode()
    before = len(verbs())
    assert preview(browser, end_url(own), said).status_code == 403
    assert verbs()[before:] == ["audit.refused"]
    assert Event.objects.latest("seq").subject_label == "90002"
    assert browser.get(end_url(own).replace(str(own.pk), "999999")).status_code == 404


def test_a_number_of_ones_own_has_no_buttons_and_its_form_says_why(desk, number, officer):
    n, other = number(), number()
    declare(officer, [n.pk], "own", actor=officer)
    browser = desk("officer")
    page = browser.get(number_url(n.pk))
    assert "declared by you" in text(page) and "/admin/act/" not in page.content.decode()
    assert act_url("freeze", n.pk) in desk("officer2").get(number_url(n.pk)).content.decode()
    rows = browser.get("/admin/accounts/number/").content.decode()
    assert act_url("freeze", n.pk) not in rows and act_url("freeze", other.pk) in rows
    before = len(verbs())
    form = browser.get(act_url("freeze", n.pk, other.pk))
    assert form.status_code == 403 and OWN in text(form)
    assert "<textarea" not in form.content.decode() and "Back to: " in text(form)  # a sentence and the way back
    assert len(verbs()) == before
    refused = preview(browser, act_url("freeze", n.pk, other.pk), FREEZE)
    assert refused.status_code == 403 and text(refused).count(OWN) == 1
    assert verbs()[before:] == ["audit.refused"]
    event = Event.objects.latest("seq")
    assert (event.actor, event.source, event.facts["params"], event.facts["targets"]) == (officer, "web", {"own": 1}, 2)
    found = desk("auditor").get("/admin/audit/event/", {"staff": officer.username})
    assert "was refused: Among these numbers" in text(found)


def test_what_is_declared_between_preview_and_confirm_is_refused(desk, number, officer):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    token = preview(browser, url, FREEZE).context["token"]
    declare(officer, [n.pk], "own", actor=officer)
    before = len(verbs())
    refused = confirm(browser, url, FREEZE, token)
    assert refused.status_code == 403 and OWN in text(refused) and verbs()[before:] == ["audit.refused"]
    assert not Decision.objects.exists() and Number.objects.get(pk=n.pk).revision == 0


def test_a_supervisor_neither_finds_nor_rules_on_a_decision_on_his_own(desk, number, officer, supervisor):
    decision = decide(Kind.FREEZE, number(), officer, duration=30 * DAY).decision
    declare(supervisor, list(decision.targets.values_list("number_id", flat=True)), "relative", actor=supervisor)
    browser, other = desk("supervisor"), desk("supervisor2")
    assert ruling_url(decision) in other.get("/admin/inbox/").content.decode()
    assert ruling_url(decision) not in browser.get("/admin/inbox/").content.decode()
    assert "1 waiting" in text(other.get("/admin/")) and "1 waiting" not in text(browser.get("/admin/"))
    assert ruling_url(decision) not in browser.get(decision_url(decision)).content.decode()
    page = browser.get(ruling_url(decision))
    assert OWN in text(page) and 'name="agree"' not in page.content.decode()
    for answer in ("agree", "refuse"):
        before = len(verbs())
        assert rule(browser, decision, answer).status_code == 403
        assert verbs()[before:] == ["audit.refused"]
    assert rule(other, decision).status_code == 302
