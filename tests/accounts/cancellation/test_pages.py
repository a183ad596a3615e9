"""Cancellation at the web door: recorded by an agent, with what stands against it on the page; and the checklist."""

import pytest

from accounts.declarations.services import declare
from accounts.models import Hold, Number
from accounts.quarantine.policy import Confirmation
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.accounts.logins.files import HOUR, logins
from tests.accounts.quarantine.steps import cancelled, cleared, hold, later, quarantined
from tests.enforcement.acts import approve, decide
from tests.enforcement.reclaiming import adopt, reclaimed
from tests.pages import confirm, number_url, preview, text, told, verbs

LIST = "/admin/accounts/number/"
SAID = {"confirmed": list(Confirmation.values), "reason": "the holder asked at the counter", "ticket": "T-9"}
WITHDRAWN = {"reason": "the holder called back", "ticket": ""}


def url(*numbers):
    return "/admin/cancel/?" + "&".join(f"number={n}" for n in numbers)


def back(number):
    return f"/admin/cancel/withdraw/?number={number}"


def test_an_agent_records_it_the_page_says_when_it_ends_and_it_is_withdrawn(desk, number, agent):
    n, browser = number(), desk("agent")
    assert url(n.pk) in browser.get(number_url(n.pk)).content.decode()
    shown = preview(browser, url(n.pk), SAID)
    assert shown.context["preview"].button == "Begin the cancellation" and "wallet closed" in text(shown)
    assert shown.context["preview"].danger and "purged at once, and cannot be restored" in text(shown)
    done = confirm(browser, url(n.pk), SAID, shown.context["token"])
    assert done["Location"] == number_url(n.pk)
    page = browser.get(number_url(n.pk))
    assert told(page) == ["Cancellations begun: 1. They end in 15 days unless they are withdrawn."]
    assert "Cancellation by the holder" in text(page) and "Ends on" in text(page)
    assert url(n.pk) not in page.content.decode() and back(n.pk) in page.content.decode()
    event = Event.objects.latest("seq")
    assert (event.verb, event.actor, event.ticket) == ("number.cancellation_begun", agent, "T-9")
    shown = preview(browser, back(n.pk), WITHDRAWN)
    assert confirm(browser, back(n.pk), WITHDRAWN, shown.context["token"])["Location"] == number_url(n.pk)
    assert Number.objects.get(pk=n.pk).lifecycle == "in_use"
    assert verbs()[-1] == "number.cancellation_withdrawn"


def test_what_stands_against_it_is_listed_on_the_page_and_refuses_the_act(desk, numbers, officer):
    (one, held), browser = numbers(2), desk("agent")
    hold(held, Hold.Kind.APPEAL, "A-7", actor=officer)
    page = browser.get(url(one, held))
    assert "What stands against it" in text(page) and "an open appeal" in text(page)
    assert 'value="preview"' not in page.content.decode()
    before = len(verbs())
    refused = preview(browser, url(one, held), SAID)
    assert refused.status_code == 403 and f"{held}: an open appeal" in text(refused)
    assert verbs()[before:] == ["audit.refused"] and Number.objects.get(pk=one).lifecycle == "in_use"


def test_every_confirmation_is_needed_and_what_is_missing_is_named(desk, number):
    n, browser = number(), desk("agent")
    settled = browser.get(url(n.pk)).content.decode().split("<legend>")[1].split("</legend>")[0]
    assert settled == "Settled"  # and not: optional
    before = len(verbs())
    for said, missing in (
        ([], "no balance, no items left, wallet closed, authorisations of partners removed, groups handed over,"
             " subscriptions ended"),
        (["balance", "groups"], "wallet closed, authorisations of partners removed, subscriptions ended"),
    ):  # fmt: skip
        shown = preview(browser, url(n.pk), SAID | {"confirmed": said})
        assert f"Not confirmed yet: {missing}. Nothing was done." in text(shown) and "token" not in shown.context
    assert (verbs()[before:], Number.objects.get(pk=n.pk).lifecycle) == ([], "in_use")


def test_a_hold_placed_after_the_preview_refuses_the_last_step(desk, number, officer):
    n, browser = number(), desk("agent")
    shown = preview(browser, url(n.pk), SAID)
    hold(n.pk, Hold.Kind.REQUEST, "R-7", actor=officer)
    done = confirm(browser, url(n.pk), SAID, shown.context["token"])
    assert done.status_code == 403 and Number.objects.get(pk=n.pk).lifecycle == "in_use"


def test_others_may_not_and_nobody_does_it_for_a_number_of_his_own(desk, number, agent):
    n = number()
    assert desk("officer").get(url(n.pk)).status_code == 403
    assert url(n.pk) not in desk("officer").get(number_url(n.pk)).content.decode()
    declare(agent, [n.pk], "own", actor=agent)
    assert desk("agent").get(url(n.pk)).status_code == 403
    assert url(n.pk) not in desk("agent").get(number_url(n.pk)).content.decode()


def test_what_cannot_be_withdrawn_any_longer_is_said(desk, number, agent):
    n, browser = number(), desk("agent")
    assert browser.get(back(n.pk)).status_code == 403
    cancelled([n.pk], agent)
    assert browser.get(back(n.pk)).status_code == 200
    assert 'formaction="/admin/cancel/"' in browser.get(LIST).content.decode()
    for address in ("/admin/cancel/", "/admin/cancel/?number=abc", url(*range(20_000, 20_201))):
        assert browser.get(address).status_code == 404


def test_a_number_in_quarantine_shows_its_checklist(desk, number, supply, tmp_path):
    supply(284_970_000, 284_979_999)
    n = number(id=284_970_532)
    quarantined([n.pk])
    with later(days=32):
        cleared(tmp_path, [n.pk], ("mail",))
    page = text(desk("resources").get(number_url(n.pk)))
    assert "Re-release checklist" in page
    for part in ("Cleared: mail done", "Cleared: friends waits", "There is a purge certificate done",
                 "It lies in a range done"):  # fmt: skip
        assert part in page, part


@pytest.mark.usefixtures("feed")
def test_a_number_that_was_used_before_it_was_reclaimed_says_so_until_it_is_restored(
    desk, cast, numbers, terminal, tmp_path
):
    (used, silent), browser = numbers(2), desk("supervisor")
    reclaimed(adopt(cast, "dormant-90", "dormant", threshold_days=90), cast)
    at = Number.objects.get(pk=used).terminated_at
    assert at is not None
    said = "Reclaimed though it was used"
    assert said not in text(browser.get(number_url(used)))
    terminal(None, "import_logins", logins(tmp_path, [(used, at - HOUR, "qq")]), "--apply")
    page = text(browser.get(number_url(used)))
    assert said in page and "whoever may restore numbers restores it (10.1)" in page
    assert said not in text(browser.get(number_url(silent)))
    approve(decide(Kind.RESTORE, [used], cast["officer"]), cast["supervisor"])
    assert said not in text(browser.get(number_url(used)))
