"""What an event wrote, on its page: every row of it, by keys; and none that its reader may not see elsewhere."""

import re

import pytest
from django.urls import reverse

from accounts.declarations.services import declare
from enforcement.policy import Kind
from qqops.audit.models import Event
from tests.accounts.rights.steps import answer, ask, do
from tests.appeals.heard import objection, ruled
from tests.enforcement.acts import decide
from tests.pages import text

pytestmark = pytest.mark.usefixtures("rulebook")


@pytest.fixture
def applied(cast, numbers):
    ids = numbers(23)
    decide(Kind.FREEZE, ids, cast["officer"])
    return ids, Event.objects.get(verb="decision.applied")


def url(event):
    return reverse("admin:audit_event_change", args=[event.pk])


def entries(page):
    (found,) = (panel for panel in page.context["left"] if panel.template == "audit/written.html")
    return [str(entry.title) for entry in found.context["entries"]], found.context["more"]


def rest_of(browser, event, more):
    """What stands behind each “more”, until there is none."""
    found = []
    for target in re.findall(r'href="([^"]*)"', " ".join(more).replace("&amp;", "&")):
        if target != "?":
            titles, further = entries(browser.get(url(event) + target))
            found += titles + rest_of(browser, event, further)
    return found


def test_every_row_is_shown_twenty_of_each_table_at_a_time(desk, applied):
    ids, event = applied
    auditor = desk("auditor")
    page = auditor.get(url(event))
    first, more = entries(page)
    assert len(first) == 60 and len(more) == 3
    for word in ("More: Number", "More: Measure", "More: Outcome"):
        assert word in text(page)
    rest = rest_of(auditor, event, more)
    assert len(rest) == 9
    outcomes = [title for title in first + rest if title.startswith("Outcome")]
    assert [int(title.rpartition(".")[2]) for title in outcomes] == ids
    assert sorted(t for t in first + rest if t.startswith("Number")) == sorted(f"Number {n}" for n in ids)


def test_a_key_that_is_none_shows_the_first_rows_and_a_table_that_is_none_nothing(desk, applied):
    _ids, event = applied
    auditor = desk("auditor")
    for key in ("", "x", "1", "1.x", "1.2.3"):
        titles, more = entries(auditor.get(f"{url(event)}?table=enforcement_outcome&after={key}"))
        assert len(titles) == 20 and len(more) == 2
    for table in ("auth_user", "enforcement_target", "x'"):
        page = auditor.get(f"{url(event)}?table={table}&after=1")
        assert page.status_code == 200 and "What it changed" not in text(page)


def test_what_is_about_a_number_of_his_own_is_kept_from_him_with_all_that_belongs_to_it(desk, cast, identity):
    one = identity()
    done = do(answer(ask(one, cast["agent"], "copy"), cast["privacy"]), cast["supervisor"])
    declare(cast["supervisor2"], [one.tenure.number_id], "own", actor=cast["supervisor2"])
    event = Event.objects.get(verb="data_request.carried_out")
    assert event.rows.keys() >= {"accounts_release", "accounts_historicaldatarequest"}
    seen = {}
    for who in ("supervisor", "supervisor2"):
        page = desk(who).get(url(event))
        seen[who] = entries(page)[0] if "What it changed" in text(page) else []
    assert {f"Data request {done.pk}", f"Release {done.release.pk}"} <= set(seen["supervisor"])
    assert seen["supervisor2"] == []


def test_a_ruling_on_an_appeal_about_his_own_number_is_kept_from_him_as_the_appeal_is(desk, cast, number):
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, cast["officer"]), cast["agent"])
    ruling = ruled(appeal, "rejected", cast["reviewer"])
    declare(cast["supervisor2"], [one.pk], "own", actor=cast["supervisor2"])
    page = url(Event.objects.get(verb="appeal.ruled"))
    assert f"Ruling {ruling.pk}" in entries(desk("supervisor").get(page))[0]
    assert "What it changed" not in text(desk("supervisor2").get(page))
