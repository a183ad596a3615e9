"""Data requests, holds and certificates at the web door: each step by its own person, and nothing personal on view."""

import datetime
import json

import pytest
import time_machine
from django.urls import reverse

from accounts.declarations.services import declare
from accounts.models import DataRequest, Erasure, Hold, Identity
from accounts.retention.holds import place
from accounts.rights.services import read
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import last_year, register
from tests.accounts.rights.steps import answer, ask, do, end, through
from tests.identities import ADULT
from tests.pages import confirm, number_url, preview, queries, text, told, verbs
from tests.qqops.staff.people.acting import at, forget_proof, press

LIST, HOLDS, ERASURES = "/admin/accounts/datarequest/", "/admin/accounts/hold/", "/admin/accounts/erasure/"
STATEMENT = "Chen Xiaojin, reached by 13700001111, wants it gone"
ASKS = {"kind": "deletion", "asked_by": "person", "papers": ["identity"], "statement": STATEMENT, "ticket": "T-9"}
CORRECTS = ASKS | {"kind": "correction", "field": "mobile", "value": "137 0000 2222"}
CASE = {"reference": "(2026)粤0305民初1号", "reason": "the court asks for it", "until": "", "ticket": ""}


def given_up(identity):
    return end(identity, Staff.objects.system("system-retention"))


def page_of(request):
    return reverse("admin:accounts_datarequest_change", args=[request.pk])


def rule(client, url, button="agree", reason="as the papers show"):
    form = client.get(url).context["form"]
    return client.post(url, {"content_hash": form.initial["content_hash"], "reason": reason, button: "1"})


def test_an_agent_registers_and_neither_he_nor_a_page_shows_what_was_said(desk, identity, agent):
    one, browser = identity(), desk("agent")
    url = at("data_request", one.pk)
    assert url in browser.get(f"/admin/accounts/identity/{one.pk}/").content.decode()
    form = browser.get(url)
    assert "PIPL 47" in text(form) and "proof of guardianship" in text(form)
    lacking = preview(browser, url, ASKS | {"asked_by": "relative"})
    assert "Papers not seen: death certificate, proof of kinship." in text(lacking)
    wrong = preview(browser, url, CORRECTS | {"value": "137"})
    assert wrong.status_code == 200 and not DataRequest.objects.exists()
    shown = preview(browser, url, CORRECTS)
    assert "51 characters" in text(shown) and STATEMENT not in text(shown)
    assert "137 0000 2222" not in text(shown)  # masked to who typed it: it may be read over his shoulder
    done = confirm(browser, url, CORRECTS, shown.context["token"])
    request = DataRequest.objects.get()
    assert done["Location"] == page_of(request)
    assert confirm(browser, url, CORRECTS, shown.context["token"])["Location"] == page_of(request)
    page = browser.get(page_of(request))
    assert told(page) == [f"Registered. Receipt number: {request.receipt}"]
    for hidden in (STATEMENT, "13700002222", ADULT["mobile"], at("data_request_decide", request.pk)):
        assert hidden not in page.content.decode()
    assert "It is being dealt with." in text(page) and "个人信息权利请求答复" in text(page)
    event = Event.objects.get(verb="data_request.registered")
    assert (event.ticket, event.reason, event.actor) == ("T-9", "", agent)
    assert browser.get(at("data_request_statement", request.pk)).status_code == 403
    assert "waits" in text(preview(browser, url, CORRECTS))


def test_the_steps_are_offered_to_who_may_take_them_and_counted(desk, identity, agent, privacy, supervisor):
    request = ask(given_up(identity()), agent)
    decide, carry = at("data_request_decide", request.pk), at("data_request_carry_out", request.pk)
    officers, supervisors = desk("privacy"), desk("supervisor")
    assert "Data requests 1" in text(officers.get("/admin/")) and "Data requests 1" not in text(
        supervisors.get("/admin/")
    )
    assert decide in officers.get(page_of(request)).content.decode()
    assert carry not in supervisors.get(page_of(request)).content.decode()
    case = officers.get(decide)
    assert "the key is destroyed" in text(case).lower() and "may be deleted" in text(case)
    done = rule(officers, decide)
    assert told(officers.get(done["Location"])) == ["Decided: a supervisor comes next."]
    assert officers.get(decide).status_code == 200 and "is decided already" in text(officers.get(decide))
    assert "Data requests 1" in text(supervisors.get("/admin/"))
    before = len(verbs())
    done = rule(supervisors, carry)
    assert told(supervisors.get(done["Location"])) == ["Carried out. Send the letter."]
    assert verbs()[before:] == ["data_request.carried_out", "identity.erased"]
    page = text(officers.get(page_of(request)))
    assert "It was granted, and carried out on" in page and "该请求已获同意" in page


def test_a_supervisor_sends_back_and_the_privacy_officer_refuses_in_writing(desk, identity, agent, privacy):
    request = answer(ask(given_up(identity()), agent), privacy)
    supervisors, officers = desk("supervisor"), desk("privacy")
    done = rule(supervisors, at("data_request_carry_out", request.pk), "refuse", "the guardian is another person")
    assert told(supervisors.get(done["Location"])) == ["Sent back: it is to be decided anew."]
    done = rule(officers, at("data_request_decide", request.pk), "refuse", "the proof of guardianship is not valid")
    page = text(officers.get(done["Location"]))
    assert page.count("the proof of guardianship is not valid") == 3  # among the details, and in both letters
    assert "It was refused on" in page and "于" in page
    forget_proof(officers)
    stale = officers.post(at("data_request_decide", request.pk), {"content_hash": "x", "reason": "seen it all"})
    assert stale.status_code == 403


def test_reading_and_taking_out_are_by_a_button_and_on_the_record(desk, identity, cast, agent):
    correction = ask(identity(), agent, "correction", statement=STATEMENT, field="mobile", value="13700002222")
    browser, url = desk("privacy"), at("data_request_statement", correction.pk)
    before = len(verbs())
    assert STATEMENT not in text(browser.get(url)) and verbs()[before:] == []
    shown = browser.post(url)
    assert STATEMENT in text(shown) and "+8613700002222" in text(shown) and "no-store" in shown["Cache-Control"]
    assert verbs()[before:] == ["data_request.read"]
    copy = through(identity(), cast, "copy")
    url = at("data_request_copy", copy.pk)
    assert url in browser.get(page_of(copy)).content.decode() and "SHA-256" in text(browser.get(page_of(copy)))
    assert desk("agent").post(url).status_code == 403
    file = browser.post(url)
    assert file["Content-Disposition"] == f'attachment; filename="{copy.receipt}.json"'
    assert json.loads(file.content)["numbers"][0]["information"]["identity"]["items"]["name"] == ADULT["name"]
    assert verbs()[-1] == "data_request.downloaded"
    assert "Nothing was handed out" in text(browser.get(at("data_request_copy", correction.pk)))


def test_the_list_has_the_overdue_first_and_finds_by_receipt(desk, identity, cast):
    closed = through(given_up(identity()), cast)
    later, sooner = (ask(identity(), cast["agent"]) for _n in range(2))
    browser = desk("auditor")
    rows = browser.get(LIST).context["page"].rows
    assert [r.pk for r in rows] == [later.pk, sooner.pk] and rows[0].due_at <= rows[1].due_at
    assert [r.pk for r in browser.get(f"{LIST}?state=done").context["page"].rows] == [closed.pk]
    assert browser.get(f"{LIST}?state=overdue").context["page"].rows == []
    with time_machine.travel(later.due_at + datetime.timedelta(hours=1)):
        client = desk("auditor")
        assert len(client.get(f"{LIST}?state=overdue").context["page"].rows) == 2
        assert "overdue" in text(client.get(page_of(later)))
    assert browser.get(f"{LIST}?q={closed.receipt.lower()}")["Location"] == page_of(closed)
    wrong = browser.get(f"{LIST}?q=13812345678")
    assert wrong["Location"] == LIST and "No list is searched by" in told(browser.get(LIST))[0]
    with queries() as statements:
        browser.get(LIST)
    assert len(statements) <= 9


def test_a_legal_hold_is_placed_on_the_number_page_and_lifted_by_another(desk, number):
    one = number()
    officers, supervisors = desk("officer"), desk("supervisor")
    url = f"{at('place_hold')}?number={one.pk}"
    assert url in officers.get(number_url(one.pk)).content.decode()
    assert "Give a reason" in text(preview(officers, url, CASE | {"reason": "no"}))
    assert "lies in the past" in text(preview(officers, url, CASE | {"until": "2020-01-01"}))
    done = press(officers, url, CASE)
    page = officers.get(done["Location"])
    assert told(page) == ["Legal holds placed: 1."] and CASE["reference"] in text(page)
    hold = Hold.objects.get()
    one.refresh_from_db()
    assert one.legal_hold and hold.until is None
    assert [r.pk for r in supervisors.get(f"{HOLDS}?standing=open").context["page"].rows] == [hold.pk]
    lift = at("lift_hold", hold.pk)
    assert lift not in officers.get(f"{HOLDS}{hold.pk}/").content.decode()
    assert officers.get(lift).status_code == 403
    done = press(supervisors, lift, {"reason": "the case is closed", "ticket": ""})
    assert told(supervisors.get(done["Location"])) == ["The hold is lifted."]
    one.refresh_from_db()
    assert not one.legal_hold
    assert supervisors.get(f"{HOLDS}{hold.pk}/history/").status_code == 200
    none = number("available")
    assert "Nobody holds these numbers" in text(officers.get(f"{at('place_hold')}?number={none.pk}"))


def test_an_officer_sees_legal_holds_only(desk, identity, agent, officer):
    """The others name requests, some of which he must not know of."""
    one = identity()
    place([one.pk], "legal", "a case", actor=officer, reason="the court asks for it")
    request = ask(one, agent)
    pending = Hold.objects.get(kind="request")
    officers = desk("officer")
    assert [r.kind for r in officers.get(HOLDS).context["page"].rows] == ["legal"]
    assert officers.get(f"{HOLDS}{pending.pk}/").status_code == 404
    assert request.receipt not in text(officers.get(f"/admin/accounts/identity/{one.pk}/"))
    assert request.receipt in text(desk("privacy").get(f"/admin/accounts/identity/{one.pk}/"))
    assert "pending request" not in text(desk("agent").get(page_of(request)))
    lift = at("lift_hold", pending.pk)
    assert "ends with the request" in text(desk("supervisor").get(lift))


def test_the_certificate_reads_in_both_languages_and_hangs_on_the_identity(desk, identity, cast):
    one = given_up(identity())
    through(one, cast)
    found, browser = Erasure.objects.get(), desk("privacy")
    url = f"{ERASURES}{found.pk}/"
    assert url in browser.get(f"/admin/accounts/identity/{one.pk}/").content.decode()
    page = text(browser.get(url))
    for part in ("销毁证明", "Certificate of erasure", "the record: who did what", str(one.tenure.number_id)):
        assert part in page, part
    assert [r.pk for r in browser.get(f"{ERASURES}?q={one.tenure.number_id}").context["page"].rows] == [found.pk]
    assert desk("agent").get(url).status_code == 403
    for value in ADULT.values():
        assert value not in browser.get(url).content.decode()
        assert value not in browser.get(f"/admin/accounts/identity/{one.pk}/").content.decode()


@pytest.mark.parametrize("login", ["officer", "reviewer", "resources", "sysadmin"])
def test_who_has_no_part_in_it_finds_nothing(desk, identity, agent, login):
    request, browser = ask(identity(), agent), desk(login)
    for url in (LIST, page_of(request), at("data_request_decide", request.pk), at("data_request_copy", request.pk)):
        assert browser.get(url).status_code == 403
    before = len(verbs())
    for name in ("data_request_decide", "data_request_carry_out", "data_request_statement", "data_request_copy"):
        assert browser.post(at(name, request.pk)).status_code == 403
    assert verbs()[before:] == ["audit.refused"] * 4
    assert Identity.objects.get().locked_at is None


def test_a_request_about_ones_own_number_does_not_exist_for_whom_it_is(desk, identity, agent, privacy):
    request, other = ask(identity(), agent), ask(identity(), agent)
    browser, mine = desk("privacy"), f"/admin/accounts/identity/{request.tenure_id}/"
    assert request.receipt in text(browser.get(mine)) and "Data requests 2" in text(browser.get("/admin/"))
    declare(privacy, [request.tenure.number_id], "relative", actor=privacy)
    assert "Data requests 1" in text(browser.get("/admin/"))
    assert [r.pk for r in browser.get(LIST).context["page"].rows] == [other.pk]
    assert browser.get(f"{LIST}?q={request.receipt}").context["page"].rows == []
    urls = [at(f"data_request_{step}", request.pk) for step in ("decide", "statement", "copy")]
    for url in (page_of(request), f"{page_of(request)}history/", *urls):
        assert browser.get(url).status_code == 404, url
        assert browser.get(url.replace(str(request.pk), str(other.pk))).status_code == 200, url
    assert browser.post(urls[1]).status_code == 404
    assert request.receipt not in text(browser.get(mine)) and request.receipt not in text(browser.get(HOLDS))


def test_one_that_waits_for_a_secret_says_so_to_who_decides_and_to_nobody_else(desk, identity, agent):
    one, other = given_up(identity()), given_up(identity())
    secret = register(agent, one.tenure.number_id, secret=True, period=last_year())
    request, plain = ask(one, agent), ask(other, agent)
    officers, agents = desk("privacy"), desk("agent")
    url = at("data_request_decide", request.pk)
    assert "tell nobody why" in text(officers.get(url))
    assert "tell nobody why" not in text(officers.get(at("data_request_decide", plain.pk)))
    done = rule(officers, url)
    assert done.status_code == 409 and "tell nobody why" in text(done)
    page = text(agents.get(page_of(request)))
    assert "waiting for review" in page and "It is being dealt with." in page and secret.receipt not in page
    assert page.replace(request.receipt, plain.receipt).replace(
        str(one.tenure.number_id), str(other.tenure.number_id)
    ) == text(agents.get(page_of(plain)))
    assert "processing stopped" not in text(agents.get(f"/admin/accounts/identity/{one.pk}/")).lower()


def test_what_has_changed_since_it_was_read_is_not_answered(desk, identity, agent, officer, cast):
    request, browser = ask(identity(), agent), desk("privacy")
    url = at("data_request_decide", request.pk)
    seen = browser.get(url).context["form"].initial["content_hash"]
    place([request.tenure_id], "legal", "a case", actor=officer, reason="the court asks for it")
    stale = browser.post(url, {"content_hash": seen, "reason": "as the papers show", "agree": "1"})
    assert stale.status_code == 409 and "has changed since you read it" in text(stale)
    assert "it is locked and not deleted" in text(browser.get(url))
    rule(browser, url)
    assert do(DataRequest.objects.get(), cast["supervisor"]).outcome == "locked"
    assert read(DataRequest.objects.get(), actor=cast["privacy"]).value == ""


def test_of_a_number_in_use_the_refusal_is_written_already_and_no_yes_is_taken(desk, identity, agent):
    request, browser = ask(identity(), agent), desk("privacy")
    url = at("data_request_decide", request.pk)
    page = browser.get(url)
    assert "the number is in use, and the law wants its holder known" in text(page)
    assert page.context["form"].initial["reason"].startswith("The number is in use")
    assert rule(browser, url).status_code == 409
    done = rule(browser, url, "refuse", page.context["form"].initial["reason"])
    assert "It may be cancelled first" in text(browser.get(done["Location"]))
    assert DataRequest.objects.get().outcome == "refused"
