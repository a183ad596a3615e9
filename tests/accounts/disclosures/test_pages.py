"""The disclosure register at the web door: what each of the three sees, and what nobody else does."""

import json

from django.urls import reverse

from accounts.declarations.services import declare
from accounts.disclosures.queries import waiting_for
from accounts.models import Disclosure, DisclosureScan, Release
from qqops.audit.models import Event
from qqops.staff.signin.recent_auth import PROVED
from qqops.templatetags.ops import minute
from tests.accounts.disclosures.steps import (
    KINDS,
    LIST,
    SECRETS,
    both_steps,
    of,
    page_of,
    register,
    release,
    review,
    rulings,
    said,
    scan,
)
from tests.identities import tell
from tests.pages import confirm, preview, queries, text, told, verbs

HOLDS = "/admin/accounts/hold/"


def test_an_agent_finds_who_may_ask_and_the_papers_each_needs(desk):
    browser = desk("agent")
    page = text(browser.get(KINDS))
    for part in ("police", "evidence-retrieval notice", "death certificate", "nothing: always refused", "PIPL 49"):
        assert part in page, part
    assert browser.get(f"{KINDS}employer/").status_code == 404
    form = text(browser.get(f"{KINDS}police/"))
    assert "evidence-retrieval notice: stamped" in form and "credentials of two officers: seen" in form
    assert "proof of kinship: seen" in text(browser.get(f"{KINDS}relative/"))
    assert 'name="numbers"' not in browser.get(f"{KINDS}foreign/").content.decode()


def test_registering_shows_the_tenures_reached_and_leads_to_the_request(desk, number):
    one, browser = number(), desk("agent")
    filled = said(one.pk, 987654321)
    shown = preview(browser, f"{KINDS}police/", filled)
    assert "nobody held it then" in text(shown) and str(one.pk) in text(shown)
    token = shown.context["token"]
    done = confirm(browser, f"{KINDS}police/", filled, token)
    made = Disclosure.objects.get()
    assert done["Location"] == page_of(made)
    page = browser.get(done["Location"])
    assert told(page) == [f"Registered. Receipt number: {made.receipt}"]
    for part in (
        made.receipt,
        "某市公安局",
        "京公调证字〔2026〕118号",
        str(one.pk),
        "waiting for review",
        "draft",
    ):
        assert part in text(page), part
    assert not [name for name in SECRETS if name in text(page)]
    again = confirm(browser, f"{KINDS}police/", filled, token)  # a second press of the same button
    assert (again.status_code, again["Location"]) == (302, page_of(made))
    assert Disclosure.objects.count() == 1


def test_without_stamp_or_number_nothing_is_registered_and_the_page_says_what_is_missing(desk, number):
    one, browser = number(), desk("agent")
    before = len(verbs())
    for field in ("retrieval_notice-stamped", "retrieval_notice-seen"):
        refused = preview(browser, f"{KINDS}police/", said(one.pk, **{field: None}))
        assert refused.status_code == 403 and "Missing: evidence-retrieval notice." in text(refused)
    assert verbs()[before:] == ["audit.refused", "audit.refused"]
    blank = preview(browser, f"{KINDS}police/", said(one.pk, **{"retrieval_notice-number": ""}))
    assert "Still to be filled in: number of the evidence-retrieval notice." in text(blank)
    assert len(verbs()) == before + 2 and not Disclosure.objects.exists()
    seen = text(desk("auditor").get("/admin/audit/event/"))
    assert "Without its papers, stamped where they must be" in seen


def test_the_three_steps_each_wait_for_the_right_person(desk, number, agent, privacy, supervisor, supervisor2):
    made = register(desk("agent"), (one := number()).pk)
    assert [list(waiting_for(person)) for person in (agent, privacy, supervisor)] == [[], [made], []]
    for login, waits in (("agent", []), ("privacy", [of("review", made)]), ("supervisor", [])):
        page = desk(login).get(page_of(made)).content.decode()
        assert [url for url in (of("review", made), of("release", made)) if url in page] == waits, login
    officer = desk("privacy")
    form = text(officer.get(of("review", made)))
    assert "evidence-retrieval notice stamped" in form and "SHA-256" not in form  # no room beside a form
    assert "messages and chats" in form and "京公调证字〔2026〕118号" in form
    assert not [name for name in SECRETS if name in form]
    assert minute(one.tenure.started_at) in form
    assert 'value="grant"' not in officer.get(of("review", made)).content.decode().split("messages-ruling")[1]
    review(officer, made)
    assert [list(waiting_for(person)) for person in (agent, privacy, supervisor)] == [[], [], [made]]
    declare(supervisor, list(made.targets.values_list("number", flat=True)), "own", actor=supervisor)
    assert list(waiting_for(supervisor)) == []
    chief, supervisor = desk("supervisor2"), supervisor2
    assert of("release", made) in chief.get(page_of(made)).content.decode()
    shown = text(chief.get(of("release", made)))
    assert "not held here, and over-broad" in shown and "What is given: registration information" in shown
    done = release(chief, made)
    assert (done.status_code, done["Location"]) == (302, page_of(made))
    made.refresh_from_db()
    assert (made.maker, made.reviewer, made.closer, made.state) == (agent, privacy, supervisor, "done")
    page = text(chief.get(page_of(made)))
    assert Release.objects.get().sha256 in page and "signature: " in page
    for event in (
        "registered a disclosure request (police)",
        "reviewed a disclosure request; granted:",
        "released what was granted",
    ):
        assert event in page, event


def test_who_registered_it_meets_a_refusal_on_the_pages_of_the_other_steps(desk, number):
    made = register(desk("agent"), number().pk)
    for login, url in (("agent", of("review", made)), ("officer", page_of(made)), ("privacy", of("release", made))):
        assert desk(login).get(url).status_code == 403, (login, url)
    assert desk("supervisor").post(of("review", made), rulings()).status_code == 403
    assert desk("auditor").get(of("open", made, "statement")).status_code == 403


def test_what_changed_since_the_preview_is_shown_again(desk, number):
    made, browser = register(desk("agent"), number().pk), desk("privacy")
    url = of("review", made)
    token = preview(browser, url, rulings()).context["token"]
    assert desk("agent").post(of("scan", made, "retrieval_notice"), {"scan": scan()}).status_code == 302
    again = confirm(browser, url, rulings(), token)
    assert again.status_code == 409 and Disclosure.objects.get().state == "registered"
    review(browser, made)
    stale = desk("supervisor").post(of("release", made), {"content_hash": "0" * 64, "reason": "seen", "agree": "1"})
    assert stale.status_code == 409 and not Release.objects.exists()


def test_a_scan_goes_in_by_one_page_and_comes_out_by_a_button_on_the_record(desk, number):
    made, browser = register(desk("agent"), number().pk), desk("agent")
    url = of("scan", made, "retrieval_notice")
    assert url in browser.get(page_of(made)).content.decode()
    for wrong, sentence in ((scan(b"<html>"), "A scan is a PDF, PNG or JPEG file."), (scan(b""), "empty")):
        assert sentence in text(browser.post(url, {"scan": wrong}))
    huge = browser.post(url, {"scan": scan(b"%PDF-" + bytes(6 * 1024 * 1024))})
    assert huge.status_code == 200 and not DisclosureScan.objects.exists()
    done = browser.post(url, {"scan": scan()})
    assert done["Location"] == page_of(made)
    page = browser.get(done["Location"])
    assert DisclosureScan.objects.get().sha256 in text(page) and url not in page.content.decode()
    assert "has its scan already" in text(browser.get(url))
    assert browser.get(of("scan", made, "death")).status_code == 404
    opened, reader = of("open", made, "retrieval_notice"), desk("privacy")
    before = len(verbs())
    assert b"the paper" not in reader.get(opened).content and len(verbs()) == before
    answer = reader.post(opened)
    assert answer.content == b"%PDF-1.7 the paper" and verbs()[before:] == ["disclosure.opened"]
    assert answer["Content-Disposition"] == f'attachment; filename="{made.receipt}-retrieval_notice.pdf"'
    assert answer["Content-Type"] == "application/pdf" and "no-store" in answer["Cache-Control"]


def test_the_statement_is_read_by_a_button_and_stands_on_no_other_page(desk, number):
    made, reader = register(desk("agent"), number().pk), desk("privacy")
    url = of("open", made, "statement")
    assert not [name for name in SECRETS if name in text(reader.get(url))]
    page = text(reader.post(url))
    assert all(name in page for name in SECRETS)
    event = Event.objects.latest("seq")
    assert (event.verb, event.subject_label, event.facts) == ("disclosure.opened", made.receipt, {"what": "statement"})
    assert reader.get(of("open", made, "everything")).status_code == 404
    assert reader.post(of("open", made, "two_officers")).status_code == 403


def test_file_and_proof_are_downloaded_as_attachments(desk, number, setup_actor):
    one = number()
    tell(one, setup_actor)
    made = register(desk("agent"), one.pk)
    review(desk("privacy"), made)
    browser = desk("supervisor")
    release(browser, made)
    file, proof = (browser.post(of("open", made, what)) for what in ("file", "proof"))
    assert file["Content-Type"] == "application/json" and file["Content-Disposition"].endswith(f'{made.receipt}.json"')
    assert list(json.loads(file.content)["numbers"][0]["information"]) == ["registrant", "logins"]
    assert proof["Content-Type"].startswith("text/plain") and "no-store" in proof["Cache-Control"]
    event = Event.objects.filter(verb="disclosure.downloaded").latest("seq")
    assert event.facts["sha256"] == Release.objects.get().sha256
    assert desk("agent").post(of("open", made, "file")).status_code == 403
    page = browser.get(page_of(made)).content.decode()
    assert of("open", made, "file") in page and ">Written answer<" in page


def test_a_secret_request_does_not_exist_for_agents_its_maker_included(desk, number):
    browser = desk("agent")
    made, other = register(browser, number().pk), register(browser, number().pk)
    review(desk("privacy"), made, secret="on")
    urls = [page_of(made), f"{page_of(made)}history/", of("scan", made, "retrieval_notice")]
    for url in urls:
        assert browser.get(url).status_code == 404, url
        assert desk("privacy").get(url).status_code == 200, url
    assert [row.pk for row in browser.get(LIST).context["page"].rows] == [other.pk]
    assert [row.pk for row in desk("auditor").get(LIST).context["page"].rows] == [other.pk, made.pk]
    assert browser.get(f"{LIST}?q={made.receipt}").context["page"].rows == []
    assert desk("auditor").get(f"{LIST}?q={made.receipt}")["Location"] == page_of(made)
    # Also when the paper asks for it at once: then the agent is led to the list.
    done = both_steps(browser, f"{KINDS}police/", said(number().pk, secret="on"))
    assert done["Location"] == LIST
    assert "Receipt number: R" in told(browser.get(LIST))[0]  # to be told to who asks, this once
    hidden = Disclosure.objects.latest("pk")
    assert hidden.secret and browser.get(page_of(hidden)).status_code == 404
    assert hidden.receipt not in text(browser.get(reverse("admin:accounts_number_changelist")))


def test_the_history_shows_who_did_what_and_nothing_sealed(desk, number):
    made = register(desk("agent"), number().pk)
    review(desk("privacy"), made)
    page = text(desk("auditor").get(f"{page_of(made)}history/"))
    assert "waiting for a supervisor" in page and "registered a disclosure request" in page
    assert not [name for name in SECRETS if name in page] and "memory" not in page and "b'" not in page


def test_a_request_about_ones_own_number_does_not_exist_for_whom_it_is(desk, number, cast):
    one = number()
    browser = desk("agent")
    secret, plain, other = (
        register(browser, one.pk, secret="on"),
        register(browser, one.pk),
        register(browser, number().pk),
    )
    steps: dict[str, list[tuple[str, ...]]] = {
        "agent": [("scan", "retrieval_notice")],
        "privacy": [("review",), ("scan", "retrieval_notice"), ("open", "statement")],
        "supervisor": [("open", "statement")],
        "auditor": [],
    }
    for login, acts in steps.items():
        browser, known = desk(login), [plain] if login == "agent" else [plain, secret]
        urls = [url for made in known for url in (page_of(made), f"{page_of(made)}history/")]
        urls += [of(act, made, *more) for made in known for act, *more in acts]
        assert {browser.get(url).status_code for url in urls} == {200}, login
        declare(cast[login], [one.pk], "own", actor=cast[login])
        for url in urls:
            assert browser.get(url).status_code == 404, (login, url)
        for made in known:
            assert [row.pk for row in browser.get(f"{LIST}?q={made.receipt}").context["page"].rows] == []
            assert browser.post("/admin/jump/", {"q": made.receipt}).get("Location", "") != page_of(made)
        assert [row.pk for row in browser.get(LIST).context["page"].rows] == [other.pk], login
        assert [made.receipt for made in known if made.receipt in text(browser.get(HOLDS))] == [], login
    assert "Disclosure register 1" in text(desk("privacy").get("/admin/"))
    assert [row.pk for row in desk("supervisor2").get(LIST).context["page"].rows] == [other.pk, plain.pk, secret.pk]


def test_the_steps_ask_for_the_second_factor_again(desk, number):
    made = register(desk("agent"), number().pk)
    for login, url in (
        ("agent", f"{KINDS}police/"),
        ("agent", of("scan", made, "retrieval_notice")),
        ("privacy", of("review", made)),
        ("supervisor", of("release", made)),
        ("privacy", of("open", made, "statement")),
    ):
        browser = desk(login)
        session = browser.session
        session[PROVED] -= 16 * 60
        session.save()
        assert browser.get(url)["Location"].startswith("/account/proof/?next="), url


def test_filters_and_search_find_a_request_and_a_slip_is_told(desk, number):
    browser = desk("agent")
    made = register(browser, number().pk)
    for query, n in (("state=registered", 1), ("state=done", 0), ("state=overdue", 0), ("asked_by=police", 1)):
        assert len(browser.get(f"{LIST}?{query}").context["page"].rows) == n, query
    assert browser.get(f"{LIST}?q={made.receipt.lower()}")["Location"] == page_of(made)
    assert "check character" in text(browser.get(f"{LIST}?q=R2026"))


def test_the_list_and_the_page_ask_the_database_a_fixed_number_of_times(desk, number):
    browser, reader = desk("agent"), desk("privacy")
    for _n in range(3):
        made = register(browser, number().pk, number().pk)
    reader.get(LIST)
    with queries() as few:
        reader.get(LIST)
    for _n in range(3):
        register(browser, number().pk)
    with queries() as more:
        reader.get(LIST)
    assert len(more) == len(few) <= 7
    with queries() as page:
        reader.get(page_of(made))
    assert len(page) <= 30
