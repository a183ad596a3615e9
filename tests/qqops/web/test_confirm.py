"""The token between preview and click: it binds the person, the form and what would happen. Else nothing is done."""

import datetime
import re
import time

import pytest
import time_machine
from django.core import signing
from django.utils import timezone

from enforcement.models import Decision, Measure
from enforcement.policy import Kind
from tests.enforcement.acts import decide
from tests.pages import FREEZE, RESTRICT, SAID, act_url, confirm, decision_url, preview, text, told, verbs


def test_a_number_that_changed_since_the_preview_is_not_acted_on_until_seen_again(desk, number, officer2):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    token = preview(browser, url, FREEZE).context["token"]
    decide(Kind.RESTRICT, n, officer2)
    before = verbs()
    stale = confirm(browser, url, FREEZE, token)
    assert stale.status_code == 409 and "has changed meanwhile. Nothing was done" in text(stale)
    assert "now restricted 1" in text(stale) and verbs() == before
    assert confirm(browser, url, FREEZE, stale.context["token"]).status_code == 302
    assert list(Measure.objects.order_by("pk").values_list("kind", flat=True)) == ["restrict", "freeze"]


@pytest.mark.parametrize("token", ["", "forged", "a:b:c"])
def test_a_forged_token_does_nothing(desk, number, token):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    before = verbs()
    answer = confirm(browser, url, FREEZE, token)
    assert answer.status_code == 409 and "This confirmation is not valid. Nothing was done" in text(answer)
    assert (Decision.objects.count(), verbs()) == (0, before)
    assert confirm(browser, url, FREEZE, answer.context["token"]).status_code == 302


def test_a_token_of_another_page_another_person_or_another_form_does_nothing(desk, numbers):
    one, other = numbers(2)
    browser = desk("officer")
    url = act_url("freeze", one)
    token = preview(browser, url, FREEZE).context["token"]
    before = verbs()
    sentence = "The form was changed after the preview. Nothing was done"
    tries = (
        (desk("officer2"), url, FREEZE),  # another person
        (browser, url, FREEZE | {"term": "3"}),  # another form
        (browser, url, FREEZE | {"clauses": ["8.1"]}),
        (browser, act_url("freeze", other), FREEZE),  # another number
        (browser, act_url("restrict", one), RESTRICT),  # another act
    )
    for who, where, said in tries:
        answer = confirm(who, where, said, token)
        assert answer.status_code == 409 and sentence in text(answer), where
    signed = signing.dumps({"by": 1, "content": "", "set": "", "nonce": ""}, salt="elsewhere")
    assert confirm(browser, url, FREEZE, signed).status_code == 409
    assert (Decision.objects.count(), verbs()) == (0, before)
    assert confirm(browser, url, FREEZE, token).status_code == 302


def test_a_page_left_open_for_too_long_is_read_again(desk, number):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    token = preview(browser, url, FREEZE).context["token"]
    # At work in another tab, or the session would have ended long before; and the second factor given again there.
    for minutes in (25, 50, 75):
        with time_machine.travel(timezone.now() + datetime.timedelta(minutes=minutes)):
            assert browser.get("/admin/").status_code == 200
            session = browser.session
            session["proved_at"] = time.time()
            session.save()
            if minutes < 75:
                continue
            late = confirm(browser, url, FREEZE, token)
            assert late.status_code == 409 and "open for too long. Nothing was done" in text(late)
            assert Decision.objects.count() == 0
            assert confirm(browser, url, FREEZE, late.context["token"]).status_code == 302


def test_an_act_that_waited_longer_than_the_proof_keeps_what_was_typed_and_asks_first(desk, number):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    token = preview(browser, url, FREEZE).context["token"]
    session = browser.session
    session["proved_at"] = time.time() - 15 * 60 - 1
    session.save()
    before = verbs()
    asked = browser.get(url)
    assert (asked.status_code, asked["Location"].partition("?")[0]) == (302, "/account/proof/")
    for answer in (preview(browser, url, FREEZE), confirm(browser, url, FREEZE, token)):
        assert answer.status_code == 403 and FREEZE["facts"] in answer.content.decode()
        assert "/account/proof/?next=" in answer.content.decode()
    assert (Decision.objects.count(), verbs()) == (0, before)
    session = browser.session
    session["proved_at"] = time.time() - 15 * 60 + 5
    session.save()
    assert confirm(browser, url, FREEZE, token).status_code == 302


@pytest.mark.parametrize("kind", ["freeze", "restrict", "terminate", "lift"])
def test_a_second_click_on_the_same_button_is_told_so_and_decides_nothing(desk, number, officer2, kind):
    n, browser = number(), desk("officer")
    said = {"freeze": FREEZE, "restrict": RESTRICT, "terminate": SAID, "lift": SAID | {"clauses": ["11"]}}[kind]
    if kind == "lift":
        decide(Kind.FREEZE, n, officer2)
        said |= {"measures": [str(Measure.objects.get().pk)]}
    url = act_url(kind, n.pk)
    token = preview(browser, url, said).context["token"]
    assert confirm(browser, url, said, token).status_code == 302
    decision, before = Decision.objects.latest("pk"), (Decision.objects.count(), verbs())
    second = confirm(browser, url, said, token)
    assert second["Location"] == decision_url(decision)
    assert told(browser.get(second["Location"]))[-1] == (f"This form was already submitted as decision #{decision.pk}.")
    assert (Decision.objects.count(), verbs()) == before
    # “Back” and a new preview is a new form: it is judged anew, and shows that there is nothing left to do.
    if kind == "freeze":
        assert preview(browser, url, said).context["preview"].blocked


def test_going_back_to_the_form_keeps_what_was_typed(desk, number):
    n, browser = number(), desk("officer")
    url = act_url("freeze", n.pk)
    back = browser.post(url, FREEZE | {"step": "edit", "token": "x"})
    page = back.content.decode()
    assert back.status_code == 200 and not back.context["frozen"]
    assert FREEZE["facts"] in page and re.search(r'value="7"[^>]* checked', page)
