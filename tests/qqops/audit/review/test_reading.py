"""What readers find: an auditor's timeline and histories, one's own tokens, one's own language."""

import pytest
from django.test import Client

from accounts.declarations.services import declare
from accounts.models import Number
from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.core.errors import Refused
from qqops.staff.models import CommandToken
from qqops.staff.tokens.services import bearer
from tests.enforcement.acts import decide
from tests.pages import FREEZE, act, decision_url, number_url, rule, text, told, verbs


def test_an_auditor_reads_who_when_by_which_clause_why_and_before_and_after(desk, number, rulebook):
    n, auditor = number(), desk("auditor")
    decision = act(desk("officer"), "freeze", n.pk, said=FREEZE | {"term": "30"})
    rule(desk("supervisor"), decision, reason="the facts are proven")
    response = auditor.get(number_url(n.pk))
    lines = {e.title.split(" · ")[0].split(";")[0].split(":")[0]: e for e in response.context["timeline"]}
    assert list(lines) == [
        "confirmed the provisional measures",
        "agreed to the decision",
        "applied the decision",
        "filed the decision",
        "built 1 demo numbers",
    ]
    filed, applied = lines["filed the decision"], lines["applied the decision"]
    agreed, confirmed = lines["agreed to the decision"], lines["confirmed the provisional measures"]
    assert (filed.who, filed.text, agreed.who, agreed.text) == (
        "officer", FREEZE["reason"], "supervisor", "the facts are proven")  # fmt: skip
    assert [str(note) for note in filed.notes] == [f"ground: 10.1 ({rulebook.version})", "ticket: T-17"]
    events = {e.verb: e for e in Event.objects.filter(decision_id=decision.pk)}
    assert (filed.request_id, filed.at) == (
        str(events["decision.proposed"].request_id), events["decision.proposed"].at)  # fmt: skip
    history = list(n.history.order_by("history_id"))
    assert [(str(c.before), str(c.after)) for c in applied.changes][0] == ("in use", "frozen")
    assert len(confirmed.changes) == 1 and len(history) == 3  # the end moved; the state stayed
    page = text(response)
    for part in ("in use", "frozen", "10.1 (", "T-17", filed.request_id, "the facts are proven", "before:", "after:"):
        assert part in page, part
    assert f'href="{decision_url(decision)}"' in response.content.decode()
    assert 'href="/admin/act/' not in response.content.decode()  # an auditor acts on nothing
    assert "agreed to the decision" in text(auditor.get(decision_url(decision)))


def test_the_history_of_a_number_shows_each_change_and_cannot_be_saved(desk, number, cast):
    n = number()
    act(desk("officer"), "freeze", n.pk, said=FREEZE)
    url = f"{number_url(n.pk)}history/"
    response = desk("auditor").get(url)
    assert [e.who for e in response.context["entries"]] == ["officer", "system-setup"]
    main = response.content.decode().partition("<main")[2].partition("</main>")[0]
    assert "frozen until" in main and "<form" not in main
    before = (n.history.count(), verbs())
    for login in cast:
        if login != "outsider":
            for sent in (desk(login).post(url, {"lifecycle": "terminated"}), desk(login).put(url)):
                assert sent.status_code == 405, login
    assert (n.history.count(), verbs(), Number.objects.get(pk=n.pk).lifecycle) == (*before, "in_use")
    for odd in ("²", "9" * 30, "-1", "x"):
        assert desk("auditor").get(url, {"before": odd}).status_code == 200, odd


@pytest.mark.parametrize("odd", ["9" * 5000, "²", "#" + "9" * 5000, "#²", "\0", "%00", "' OR 1=1 --", "１２３４５"])
def test_odd_searches_get_a_page_and_never_an_error(desk, number, odd):
    number(id=12345)
    supervisor = desk("supervisor")
    for url in ("/admin/accounts/number/", "/admin/enforcement/decision/", "/admin/audit/event/"):
        assert supervisor.get(url, {"q": odd}).status_code in (200, 302), url
        assert supervisor.get(url, {"after": odd, "before": odd, "state": odd}).status_code in (200, 302), url
    assert supervisor.post("/admin/jump/", {"q": odd}).status_code in (200, 302)


def test_a_token_is_shown_once_works_and_is_revoked(desk, cast):
    browser, officer = desk("officer"), cast["officer"]
    assert "You have none." in text(browser.get("/admin/tokens/"))
    issued = browser.post("/admin/tokens/", {"issue": "1"})
    secret = issued.context["secret"]
    assert "no-store" in issued["Cache-Control"] and issued.content.decode().count(f">{secret}</code>") == 1
    assert bearer(secret, "officer") == officer and CommandToken.objects.get().digest != secret
    later = browser.get("/admin/tokens/")
    assert secret not in later.content.decode() and "expires" in text(later)
    assert secret not in desk("auditor").get("/admin/").content.decode()
    gone = browser.post("/admin/tokens/", {"revoke": "1"})
    assert told(browser.get(gone["Location"])) == ["Your command tokens are revoked."]
    assert not CommandToken.objects.get().is_live
    assert verbs()[-2:] == ["staff.token_issued", "staff.token_revoked"]


def test_chinese_is_the_default_whatever_the_browser_prefers_until_the_switch_is_used(cast, rulebook, number):
    browser = Client(HTTP_ACCEPT_LANGUAGE="en-GB,en;q=0.9")
    browser.force_login(cast["officer"])
    url = number_url(number().pk)
    page = browser.get(url)
    assert '<html lang="zh-hans">' in page.content.decode() and page["Content-Language"] == "zh-hans"
    assert "使用中" in page.content.decode() or "冻结" in page.content.decode()
    sent = browser.post("/admin/language/", {"language": "en", "next": url})
    assert sent["Location"] == url and '<html lang="en">' in browser.get(url).content.decode()
    browser.post("/admin/language/", {"language": "fr", "next": url})
    assert '<html lang="zh-hans">' in browser.get(url).content.decode()  # not a language of this house


def test_events_are_read_by_actor_and_decision_and_a_request_as_a_whole(desk, number):
    decision = act(desk("officer"), "freeze", number().pk, said=FREEZE)
    supervisor = desk("supervisor")
    by_decision = supervisor.get("/admin/audit/event/", {"decision": f"#{decision.pk}"})
    assert [e.verb for e in by_decision.context["page"].rows] == ["decision.applied", "decision.proposed"]
    assert len(supervisor.get("/admin/audit/event/", {"staff": "officer"}).context["page"].rows) == 2
    first = Event.objects.get(verb="decision.proposed")
    page = supervisor.get(f"/admin/audit/event/{first.pk}/")
    assert f"../{Event.objects.get(verb='decision.applied').pk}/" in page.content.decode()
    assert bytes(first.hash).hex() in page.content.decode() and str(first.request_id) in page.content.decode()


def test_the_jump_box_finds_a_number_and_a_decision(desk, number):
    n, officer = number(), desk("officer")
    decision = act(officer, "freeze", n.pk, said=FREEZE)
    assert officer.post("/admin/jump/", {"q": f" {n.pk} "})["Location"] == number_url(n.pk)
    assert officer.post("/admin/jump/", {"q": f"#{decision.pk}"})["Location"] == decision_url(decision)
    assert officer.post("/admin/jump/", {"q": "888"})["Location"] == "/admin/accounts/number/?q=888"
    rows = officer.get("/admin/accounts/number/?q=888").context["page"].rows
    assert [row.pk for row in rows] == [n.pk] and Decision.objects.count() == 1
    sysadmin = desk("sysadmin").post("/admin/jump/", {"q": str(n.pk)})
    assert sysadmin["Location"] == "/admin/"  # he may not look at numbers, and learns nothing


def test_an_event_tells_its_facts_in_words_and_what_it_is_about(desk, cast, number, supervisor):
    n = number()
    act(desk("officer"), "freeze", n.pk, said=FREEZE)
    auditor = desk("auditor")

    def page(event: Event) -> str:
        return text(auditor.get(f"/admin/audit/event/{event.pk}/"))

    filed = page(Event.objects.get(verb="decision.proposed"))
    assert "act: freeze; " in filed and "rule: alone" not in filed and "Subject decision #" in filed
    declare(cast["officer"], [n.pk], "own", actor=cast["officer"])
    with pytest.raises(Refused):
        decide(Kind.FREEZE, [n.pk], cast["officer"])
    refused = page(Event.objects.latest("seq"))
    assert refused.count("Among these numbers") == 3  # the sentence; in the whole request, and among its neighbours
    for part in (f"numbers: {n.pk}", "declared as own: 1", f"Subject {n.pk}"):
        assert part in refused, part
    assert "params" not in refused
    with recorder.act("alert.seen", actor=supervisor, reason="", facts={"code": None, "who": "?"}, subject=Alert(pk=7)):
        pass
    seen = page(Event.objects.latest("seq"))
    assert "Subject alert #7" in seen and "who: unknown login; code: –" in seen and "span" not in seen
    assert "Audit review Event " in seen and "Audit events" not in seen
