"""Revealing at the web door: the form, the ten minutes, the log, and what a minor's item needs first."""

import datetime
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Identity, Reveal, RevealRequest
from accounts.reveals.minors import approve, ask
from enforcement.policy import Kind
from qqops.audit import recorder
from tests.accounts.reveals.test_reveal import WHY, frozen, grant, wanted
from tests.enforcement.acts import decide
from tests.identities import ADULT, MINOR, tell
from tests.pages import number_url, queries, text, told, verbs
from tests.qqops.staff.people.acting import forget_proof

pytestmark = pytest.mark.usefixtures("rulebook")
Make = Callable[..., Identity]
LOG, REQUESTS = "/admin/accounts/reveal/", "/admin/accounts/revealrequest/"
MINE = "/admin/reveals/mine/"


def form_url(identity: Identity, field: str = "mobile", whose: str = "holder") -> str:
    return reverse("admin:reveal", args=[identity.pk, whose, field])


def identity_url(identity: Identity) -> str:
    return reverse("admin:accounts_identity_change", args=[identity.pk])


def filled(browser: Client, url: str, case: Any, **more: str) -> dict[str, str]:
    """What the form sends, with the token it came with."""
    token = browser.get(url).context["form"].initial["token"]
    said = {"purpose": "decision", "case_kind": "decision", "case_ref": str(case), "reason": WHY, "token": token}
    return said | more


def press(browser: Client, url: str, case: Any, **more: str) -> Any:
    return browser.post(url, filled(browser, url, case, **more))


def test_an_officer_reveals_for_his_decision_and_the_page_shows_it_for_ten_minutes(desk, identity, officer):
    one, browser = identity(), desk("officer")
    decision = frozen(one, officer)
    assert form_url(one) in browser.get(identity_url(one)).content.decode()
    page = browser.get(form_url(one))
    assert "138****5678" in text(page) and "0 of 60" in text(page) and ADULT["mobile"] not in text(page)
    before = len(verbs())
    done = press(browser, form_url(one), decision)
    granted = Reveal.objects.get()
    assert (done.status_code, done["Location"]) == (302, f"/admin/reveals/{granted.pk}/")
    for _again in range(2):
        shown = browser.get(done["Location"])
        assert ADULT["mobile"] in text(shown) and "no-store" in shown["Cache-Control"]
    assert f'data-copy="{ADULT["mobile"]}"' in shown.content.decode()
    assert "张**" in text(shown) and ADULT["name"] not in text(shown) and ADULT["document"] not in text(shown)
    assert f"/admin/enforcement/decision/{decision.pk}/" in shown.content.decode()
    assert ADULT["mobile"] not in shown.context["title"] and verbs()[before:] == ["identity.revealed"]
    mine = browser.get(MINE)
    assert done["Location"] in mine.content.decode() and ADULT["mobile"] not in text(mine)
    with time_machine.travel(granted.until):
        over = browser.get(done["Location"])
        assert over.status_code == 403 and "ten minutes are over" in text(over) and ADULT["mobile"] not in text(over)
        assert form_url(one) in over.content.decode()
        assert done["Location"] not in browser.get(MINE).content.decode()
    assert verbs()[-1] == "audit.refused"


def test_a_grant_is_for_one_person_and_no_post_and_needs_a_fresh_proof(desk, identity, officer):
    one, browser = identity(), desk("officer")
    done = press(browser, form_url(one), frozen(one, officer))["Location"]
    before = len(verbs())
    for login in ("supervisor", "officer2", "privacy"):
        page = desk(login).get(done)
        assert page.status_code == 403 and "another person" in text(page) and ADULT["mobile"] not in text(page)
    assert verbs()[before:] == ["audit.refused"] * 3
    for login in ("agent", "auditor", "sysadmin", "resources"):
        assert desk(login).get(done).status_code == 403
    assert browser.post(done).status_code == 405
    assert browser.get("/admin/reveals/999999/").status_code == 404
    forget_proof(browser)
    for url in (done, form_url(one)):
        assert browser.get(url)["Location"].startswith("/account/proof/?next=")
    said = {"purpose": "decision", "case_kind": "decision", "case_ref": "7", "reason": WHY, "token": "x"}
    page = browser.post(form_url(one), said)
    assert page.status_code == 403 and "Give it again in a new tab" in text(page) and WHY in page.content.decode()
    assert Reveal.objects.count() == 1


def test_a_replayed_form_leads_to_its_first_grant_and_fits_no_other_item_or_person(desk, identity, officer, officer2):
    one, browser = identity(), desk("officer")
    decision = frozen(one, officer)
    said = filled(browser, form_url(one), decision)
    first = browser.post(form_url(one), said)
    before = len(verbs())
    assert browser.post(form_url(one), said)["Location"] == first["Location"]
    assert (
        browser.post(form_url(one), said | {"purpose": "decision", "reason": "another reason"})["Location"]
        == (first["Location"])
    )
    for url in (form_url(one, "name"), form_url(one, whose="registrant")):
        page = browser.post(url, said)
        assert page.status_code == 409 and "no longer valid" in text(page) and WHY in page.content.decode()
        assert page.context["form"]["token"].value() != said["token"]  # and goes through when sent once more
    assert desk("supervisor").post(form_url(one), said).status_code == 409
    with time_machine.travel(timezone.now() + datetime.timedelta(hours=1, seconds=1)):
        browser.force_login(officer)
        assert browser.post(form_url(one), said).status_code == 409
    assert verbs()[before:] == [] and Reveal.objects.count() == 1


def test_what_is_refused_says_why_with_the_form_and_is_on_the_record(desk, identity, officer):
    one, other, browser = identity(), identity(), desk("officer")
    elsewhere, decision = frozen(other, officer), frozen(one, officer)
    before = len(verbs())
    for said, status, sentence in (
        ({"case_ref": "abc"}, 200, "no reference of such a case"),
        ({"reason": "no"}, 200, "at least 6 characters"),
        ({"reason": f"call {ADULT['mobile']}"}, 200, "Leave personal data out"),
        ({"case_kind": "disclosure"}, 200, "valid choice"),
        ({"purpose": "law"}, 200, "valid choice"),
        ({"case_ref": str(elsewhere)}, 403, "covers this number"),
    ):
        page = press(browser, form_url(one), decision, **said)
        assert page.status_code == status and sentence in text(page), said
        assert "/admin/reveals/" not in page.get("Location", "")
    assert verbs()[before:] == ["audit.refused"] and not Reveal.objects.exists()
    for url in ("/admin/identity/999999/reveal/holder/name/", form_url(one).replace("holder", "nobody"),
                form_url(one).replace("mobile", "password")):  # fmt: skip
        assert browser.get(url).status_code == 404
    page = browser.get(form_url(one, "born"))
    assert "was not given" in text(page) and "<textarea" not in page.content.decode()
    assert form_url(one, "born") not in browser.get(identity_url(one)).content.decode()


def test_only_who_may_reveal_is_offered_it(desk, identity):
    one = identity()
    for login, offered in (("agent", False), ("auditor", False), ("reviewer", True), ("privacy", True)):
        browser = desk(login)
        assert (form_url(one) in browser.get(identity_url(one)).content.decode()) == offered, login
        assert browser.get(form_url(one)).status_code == (200 if offered else 403)
        assert (MINE in browser.get("/admin/").content.decode()) == offered
    before = len(verbs())
    assert desk("agent").post(form_url(one), {"purpose": "caller"}).status_code == 403
    assert verbs()[before:] == ["audit.refused"]


def test_stopped_and_erased_have_no_button_and_a_sentence(desk, identity, privacy):
    one, browser = identity(), desk("officer")
    for values, sentence in (
        ({"locked_at": timezone.now()}, "Processing of this identity information is stopped"),
        ({"erased_at": timezone.now()}, "was erased"),
    ):
        with recorder.act("identity.recorded", actor=privacy, reason="at his request", facts={"identities": 1}) as act:
            Identity.objects.filter(pk=one.pk).update(**values)
            act.history(Identity, [one.pk])
        shown = browser.get(identity_url(one))
        assert "/reveal/" not in shown.content.decode()
        assert ("not verified" in text(shown)) == ("locked_at" in values)  # of what is gone nothing is missing
        page = browser.get(form_url(one))
        assert page.status_code == 403 and sentence in text(page) and "<textarea" not in page.content.decode()


def test_a_minors_item_is_asked_for_agreed_to_and_then_seen_once(desk, identity, officer, privacy):
    one, browser, other = identity(**MINOR), desk("officer"), desk("privacy")
    decision, url = frozen(one, officer), form_url(one)
    page = browser.get(url)
    assert "another person must agree first" in text(page) and 'name="ask"' in page.content.decode()
    assert press(browser, url, decision).status_code == 403  # without the word
    asked = press(browser, url, decision, ask="1")
    assert asked["Location"] == url
    page = browser.get(url)
    request = RevealRequest.objects.get()
    assert told(page) == [f"Request #{request.pk} waits for approval."]
    assert f"Your request #{request.pk}" in text(page) and "waiting for approval" in text(page)
    assert told(browser.get(press(browser, url, decision, ask="1")["Location"])) == [
        f"You have asked for this already: see request #{request.pk}."
    ]
    ruling = reverse("admin:reveal_ruling", args=[request.pk])
    assert browser.get(ruling).status_code == 403 and browser.get(REQUESTS).status_code == 403
    listed = other.get(REQUESTS)
    assert ruling in listed.content.decode() and ruling not in desk("auditor").get(REQUESTS).content.decode()
    assert ruling in other.get(f"{REQUESTS}{request.pk}/").content.decode()
    case = other.get(ruling)
    for part in (WHY, "officer", "mobile · current information", f"decision #{decision.pk}", "once, for this case"):
        assert part in text(case), part
    assert MINOR["mobile"] not in text(case)
    said = {"content_hash": request.content_hash, "reason": "the guardian must be reached", "agree": "1"}
    supervisors = desk("supervisor").post(ruling, said)
    assert supervisors.status_code == 403 and "may not rule" in text(supervisors)
    done = other.post(ruling, said)
    assert told(other.get(done["Location"])) == [f"Request #{request.pk} is approved."]
    page = browser.get(url)
    (agreed,) = (one for one in page.context["requests"] if one[3])
    kept = {name: getattr(agreed[0], name) for name in ("purpose", "case_kind", "case_ref", "reason")}
    shown = browser.get(browser.post(url, kept | {"token": page.context["form"].initial["token"]})["Location"])
    assert MINOR["mobile"] in text(shown)
    request.refresh_from_db()
    assert request.state == "applied" and "agreed and used" in text(other.get(REQUESTS))
    again = browser.get(url)
    assert not again.context["requests"] and other.post(ruling, said).status_code == 409


def test_a_refused_or_changed_request_says_so(desk, identity, officer, setup_actor):
    one, browser = identity(**MINOR), desk("privacy")
    decision = frozen(one, officer)
    refused, changed = (ask(wanted(one, decision, field), actor=officer) for field in ("name", "mobile"))
    assert "Reveal requests 2" in text(browser.get("/admin/"))
    said = {"content_hash": refused.content_hash, "reason": "no need for the name", "refuse": "1"}
    done = browser.post(reverse("admin:reveal_ruling", args=[refused.pk]), said)
    assert told(browser.get(done["Location"])) == [f"Request #{refused.pk} was refused."]
    tell(one.tenure, setup_actor, mobile="+8613700000000")
    ruling = reverse("admin:reveal_ruling", args=[changed.pk])
    assert "becomes void" in text(browser.get(ruling))
    said = {"content_hash": changed.content_hash, "reason": "it is needed", "agree": "1"}
    page = browser.get(browser.post(ruling, said)["Location"])
    assert told(page) == [f"Request #{changed.pk} is void: the item has changed since it was asked for."]
    for state, count in (("waiting", 0), ("refused", 1), ("agreed", 0), ("lapsed", 0)):
        assert len(browser.get(f"{REQUESTS}?state={state}").context["page"].rows) == count, state
    history = browser.get(f"{REQUESTS}{changed.pk}/history/")
    assert history.status_code == 200 and MINOR["mobile"] not in text(history)


def test_the_log_shows_who_looked_at_what_and_why_the_unusual_first(desk, number, setup_actor, officer, supervisor):
    plain = tell(number(), setup_actor)
    rare = tell(number(tier=3), setup_actor, name="王芳")
    case = frozen(plain, officer)
    noon = timezone.localtime().replace(year=2031, month=3, day=5, hour=12)
    with time_machine.travel(noon):
        usual = grant(
            plain, decide(Kind.FREEZE, [rare.tenure.number_id, plain.tenure.number_id], officer).decision, officer
        )
        odd = grant(plain, usual.case_ref, supervisor)
        third = grant(rare, usual.case_ref, officer, "name")
    assert [r.flags for r in (usual, odd, third)] == [[], ["not_own_case"], ["premium"]]
    for login in ("supervisor", "privacy", "auditor"):
        browser = desk(login)
        page = browser.get(LOG)
        assert [r.pk for r in page.context["page"].rows] == [odd.pk, third.pk, usual.pk]
        assert "Sorted unusual first newest first" in text(page)
        for part in (
            "supervisor",
            "mobile · current information",
            f"decision {usual.case_ref}",
            "else&#x27;s case",
        ):
            assert part in text(page), part
        assert ADULT["mobile"] not in text(page) and "138****" not in text(page)
        for query, found in (
            ("order=newest", [third, odd, usual]),
            ("flag=premium", [third]),
            ("flag=night", []),
            ("purpose=decision&order=newest", [third, odd, usual]),
            ("q=officer", [third, usual]),
            (f"q={plain.tenure.number_id}", [odd, usual]),
            ("q=nobody", []),
        ):
            assert [r.pk for r in browser.get(f"{LOG}?{query}").context["page"].rows] == [r.pk for r in found], query
        one = browser.get(f"{LOG}{odd.pk}/")
        for part in (WHY, "supervisor", usual.case_ref, "else&#x27;s case"):
            assert part in text(one), part
        assert ADULT["mobile"] not in text(one)
    for login in ("agent", "reviewer", "officer", "resources", "sysadmin"):
        assert desk(login).get(LOG).status_code == 403 and desk(login).get(f"{LOG}{odd.pk}/").status_code == 403
    assert [r.pk for r in desk("officer").get(MINE).context["page"].rows] == [third.pk, usual.pk]
    assert case.pk


def test_the_log_turns_its_pages_in_either_order(desk, identity, officer, monkeypatch):
    from accounts.reveals.pages.log import RevealLog

    monkeypatch.setattr(RevealLog, "page_size", 2)
    one, browser = identity(), desk("auditor")
    decision = frozen(one, officer)
    made = [grant(one, decision, officer).pk for _n in range(5)]
    for query in ("", "?order=newest"):
        url, seen = f"{LOG}{query}", []
        while url:
            page = browser.get(url).context["page"]
            seen += [r.pk for r in page.rows]
            url = page.next
        assert sorted(seen) == made


def test_the_pages_cost_few_statements(desk, identity, officer):
    one, browser = identity(), desk("officer")
    child = identity(**MINOR)
    decision, childs = frozen(one, officer), frozen(child, officer)
    for _n in range(3):
        granted = grant(one, decision, officer)
    for url, most in (
        (form_url(one), 12),
        (identity_url(one), 10),
        (reverse("admin:reveal_shown", args=[granted.pk]), 12),
        (MINE, 9),
        (number_url(one.tenure.number_id), 11),
    ):
        with queries() as statements:
            assert browser.get(url).status_code == 200
        assert len(statements) <= most, (url, len(statements))
    ask(wanted(child, childs), actor=officer)
    with queries() as statements:
        browser.get(form_url(child))
    assert len(statements) <= 12


def test_the_log_and_the_requests_cost_the_same_with_many_rows(desk, identity, officer, privacy):
    child, browser = identity(**MINOR), desk("supervisor")
    decision = frozen(child, officer)

    def seen_once() -> None:
        request = ask(wanted(child, decision), actor=officer)
        approve(request, actor=privacy, reason="it is needed", content_hash=request.content_hash)
        grant(child, decision, officer)

    def cost(url: str) -> int:
        with queries() as statements:
            assert browser.get(url).status_code == 200
        return len(statements)

    seen_once()
    few = {url: cost(url) for url in (LOG, REQUESTS)}
    for _n in range(4):
        seen_once()
    assert {url: cost(url) for url in few} == few and max(few.values()) <= 9


def test_a_token_of_somebody_elses_making_is_none(desk, identity, officer):
    one, browser = identity(), desk("officer")
    for token in ("", "x", uuid.uuid4().hex):
        page = browser.post(form_url(one), filled(browser, form_url(one), 7, token=token))
        assert page.status_code in (200, 409)
    assert not Reveal.objects.exists()
