"""The reports of the record, and what a person did and saw, on the web: for a period, as a page and as a file."""

import csv
import io

import pytest
from django.utils import timezone, translation

from enforcement.policy import Kind
from qqops.audit import event_catalogue, recorder
from qqops.audit.models import Event
from qqops.audit.reports import catalogue
from qqops.audit.review import lookups
from tests.enforcement.acts import decide, head
from tests.pages import queries, text, told
from tests.qqops.staff.people.acting import at, forget_proof, record

TODAY = "?from={0}&to={0}"


def today(name, *args):
    return at(name, *args) + TODAY.format(timezone.localdate())


def test_each_report_says_its_period_what_it_counts_and_what_not(desk, number, officer):
    decide(Kind.FREEZE, number(), officer)
    browser = desk("auditor")
    shown = browser.get(at("audit_reports")).content.decode()
    for one in catalogue.all_reports():
        page = browser.get(today("audit_report", one.name))
        assert page.status_code == 200 and page.context["report"] is one
        said = text(page)
        assert f"Period: {timezone.localdate()} – {timezone.localdate()}" in said
        assert "Not" in said or "no event" in said or "Never" in said
        assert page.context["report"].name in shown and str(page.context["title"])
    assert "Nothing to look at in this period." in text(browser.get(today("audit_report", "approvals")))
    chinese = desk("auditor", "zh-hans").get(today("audit_report", "activity"))
    assert chinese.status_code == 200 and str(officer.username) in text(chinese)


def test_a_report_that_leads_into_people_is_for_who_may_see_these_too(desk, cast):
    assert at("audit_report", "reveals") in desk("auditor").get(at("audit_reports")).content.decode()
    for login in ("officer", "privacy", "sysadmin", "agent"):
        for url in (at("audit_reports"), at("audit_report", "activity"), at("staff_activity", cast["agent"].pk)):
            assert desk(login).get(url).status_code == 403, (login, url)
    assert desk("privacy").get(at("audit_report", "reveals")).status_code == 403  # sees reveals, reviews no record
    assert desk("auditor").get(at("audit_report", "nothing")).status_code == 404
    assert desk("agent").get(at("audit_report", "nothing")).status_code == 403


@pytest.mark.parametrize(
    "query",
    [
        "from=x&to=y",
        "from=2026-11-02&to=2026-11-01",
        "from=2020-01-01&to=2026-11-01",
        "from=2999-01-01&to=2999-01-02",
        "to=",
    ],
)
def test_a_period_that_is_none_is_told_and_the_usual_one_is_shown(desk, query):
    page = desk("auditor").get(f"{at('audit_report', 'gaps')}?{query}")
    assert page.status_code == 200 and page.context["problem"] and "Shown are the last seven days." in text(page)
    assert len(page.context["period"].days()) == 7


def test_the_first_and_the_last_days_of_the_calendar_are_days_too(desk):
    browser = desk("auditor")
    assert browser.get(f"{at('audit_report', 'activity')}?from=0001-01-01&to=0001-01-02").status_code == 200
    assert browser.get(f"{at('audit_report', 'activity')}?from=9999-12-31&to=9999-12-31").context["problem"]


def test_the_file_is_an_export_proven_counted_and_on_the_record(desk, number, officer):
    decide(Kind.FREEZE, number(), officer)
    browser, before = desk("auditor"), head()
    days = {"from": str(timezone.localdate()), "to": str(timezone.localdate())}
    url = at("audit_report_csv", "activity")
    assert browser.get(url).status_code == 405
    forget_proof(browser)
    asked = browser.post(url, days)
    assert asked.status_code == 302 and asked["Location"].startswith("/account/proof/") and record(before) == []
    browser = desk("auditor")
    answer = browser.post(url, days)
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][0] == "Login" and "officer" in [row[0] for row in rows]
    assert f'filename="activity-{days["from"]}-{days["to"]}.csv"' in answer["Content-Disposition"]
    assert [verb for verb, _rows in record(before)] == ["audit.reported"]
    assert Event.objects.latest("seq").facts["since"] == days["from"]
    wrong = browser.post(url, {"from": "x", "to": "y"}, follow=True)
    assert "Give two days" in " ".join(told(wrong)) and len(record(before)) == 1


def test_what_a_person_did_and_saw_is_shown_by_day_and_act_and_leads_into_the_review(
    desk, number, officer, setup_actor
):
    decide(Kind.FREEZE, number(), officer)
    for _n in range(2):
        with recorder.act("evidence.opened", actor=officer, reason=""):
            pass
    page = desk("auditor").get(at("staff_activity", officer.pk))
    shown, day = page.content.decode(), f"{timezone.localdate()}"
    assert len(page.context["rows"]) == 1 and str(page.context["title"]) == f"What {officer} did and saw"
    span = page.context["period"]
    for wanted in (
        lookups.review_url(staff="officer", from_=day, to=day),
        lookups.review_url(staff="officer", from_=day, to=day, kind="reads"),
        lookups.review_url(staff="officer", verb="evidence.opened", from_=span.first, to=span.last),
    ):
        assert wanted.replace("&", "&amp;") in shown, wanted
    assert "opened an evidence file" in text(page) and "filed the decision; targets: …" in text(page)
    with translation.override("en"):  # several in a row are left out as one
        assert event_catalogue.name("staff.access_requested") == "asked for access of …: …"
    assert (
        at("staff_activity", officer.pk) in desk("auditor").get(at("staff_staff_change", officer.pk)).content.decode()
    )
    assert (
        at("staff_activity", officer.pk)
        not in desk("sysadmin").get(at("staff_staff_change", officer.pk)).content.decode()
    )
    assert "Nothing in this period." in text(
        desk("auditor").get(at("staff_activity", setup_actor.pk) + "?from=2020-01-01&to=2020-01-02")
    )
    assert desk("auditor").get(at("staff_activity", 99_999_999)).status_code == 404


def test_the_page_of_a_person_costs_the_same_with_many_events_and_writes_none(desk, officer):
    browser, costs = desk("auditor"), []
    for _round in range(2):
        before = head()
        with queries() as statements:
            assert browser.get(at("staff_activity", officer.pk)).status_code == 200
        costs.append(len(statements))
        assert record(before) == []
        for verb in ("evidence.opened", "appeal.read", "case.closed") * 10:
            with recorder.act(verb, actor=officer, reason=""):
                pass
    assert costs[0] == costs[1] <= 8, costs
