"""Alerts on the staff web: the overview, the list, one alert, and a supervisor's word that it was seen to."""

from typing import Any

import pytest
from django.utils import translation

from qqops.alerts import services
from qqops.alerts.models import Alert, AlertSeen
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.signin import throttle
from qqops.web.overview import SHOWN
from tests.enforcement.acts import broken, head
from tests.pages import queries, text, told
from tests.qqops.alerts.raising import everything_came, raised

NOTE = "called the agent, nothing wrong"
LIST = "/admin/alerts/alert/"


def page_of(alert: Alert) -> str:
    return f"{LIST}{alert.pk}/"


def seen_url(alert: Alert) -> str:
    return f"/admin/alerts/{alert.pk}/seen/"


@pytest.fixture(autouse=True)
def _nothing_is_late(cast: dict[str, Staff]) -> None:
    everything_came()


def test_a_supervisor_finds_an_alert_reads_it_and_marks_it_as_seen(desk: Any, supervisor: Staff, agent: Staff) -> None:
    alert, browser = raised("quota", agent, who="agent", what="40 reveals"), desk("supervisor")
    overview = browser.get("/admin/")
    assert "agent reached the limit of 40 reveals." in text(overview) and "Alerts 1 waiting" in text(overview)
    assert f'href="{page_of(alert)}"' in overview.content.decode()
    assert f'href="{page_of(alert)}"' in overview.content.decode()
    page = browser.get(page_of(alert))
    event = Event.objects.get(pk=alert.event_id)
    assert f'href="/admin/audit/event/{event.pk}/"' in page.content.decode()
    assert f"Alert {alert.pk}: limit reached" in text(page) and "unseen" in text(page)
    assert f'href="{seen_url(alert)}"' in page.content.decode()
    assert "agent reached the limit of 40 reveals." in text(browser.get(seen_url(alert)))
    before = head()
    answer = browser.post(seen_url(alert), {"note": NOTE})
    assert answer["Location"] == page_of(alert)
    after = browser.get(answer["Location"])
    assert told(after) == [f"Alert {alert.pk} is marked as seen."]
    assert f"Alert {alert.pk}: limit reached needs a look seen" in text(after)
    assert NOTE in text(after) and "Seen by supervisor" in text(after) and seen_url(alert) not in after.content.decode()
    row = AlertSeen.objects.values().get()
    event = Event.objects.get(seq=before + 1)
    del row["id"], row["at"]
    assert row == {"event_id": event.pk, "alert_id": alert.pk, "staff_id": supervisor.pk, "note": NOTE}
    assert head() == before + 1
    assert (event.verb, event.actor, event.reason, event.subject_type, event.subject_id, event.rows) == (
        "alert.seen", supervisor, NOTE, "alerts.alert", str(alert.pk), {"alerts_alertseen": 1},
    )  # fmt: skip
    assert "limit of 40" not in text(browser.get("/admin/")) and "Alerts 1" not in text(browser.get("/admin/"))
    assert broken() == []


def test_an_auditor_reads_alerts_and_marks_none(desk: Any, auditor: Staff) -> None:
    alert, browser = raised(), desk("auditor")
    assert "Alerts nobody has seen to 1" in text(browser.get("/admin/"))
    assert "agent reached the limit" in text(browser.get(LIST))
    page = browser.get(page_of(alert))
    assert page.status_code == 200 and seen_url(alert) not in page.content.decode()
    before = head()
    assert browser.get(seen_url(alert)).status_code == 403 and head() == before
    assert browser.post(seen_url(alert), {"note": NOTE}).status_code == 403
    event = Event.objects.get(seq=before + 1)
    assert (event.verb, event.actor, event.facts["page"]) == ("audit.refused", auditor, seen_url(alert))
    with translation.override("en"), pytest.raises(Refused, match="does not mark"):
        services.mark_seen(alert, actor=auditor, note=NOTE)
    assert Event.objects.latest("seq").facts["act"] == "alert.seen"
    assert AlertSeen.objects.count() == 0


def test_others_see_no_alert_anywhere(desk: Any) -> None:
    alert = raised()
    for login in ("agent", "reviewer", "officer", "resources", "sysadmin"):
        browser = desk(login)
        assert "limit of 40" not in text(browser.get("/admin/")) and LIST not in browser.get("/admin/").content.decode()
        assert [browser.get(url).status_code for url in (LIST, page_of(alert), seen_url(alert))] == [403] * 3


def test_whose_own_act_raised_it_does_not_mark_it(desk: Any, supervisor: Staff) -> None:
    alert, browser = raised(actor=supervisor), desk("supervisor")
    assert seen_url(alert) not in browser.get(page_of(alert)).content.decode()
    page = browser.get(seen_url(alert))
    assert "Your own act raised this alert" in text(page) and 'name="note"' not in page.content.decode()
    before = head()
    raw = browser.post(seen_url(alert), {"note": NOTE})
    assert raw.status_code == 403 and "Your own act raised this alert" in text(raw)
    event = Event.objects.get(seq=before + 1)
    assert head() == before + 1
    assert (event.verb, event.actor, event.subject_id) == ("audit.refused", supervisor, str(alert.pk))
    assert AlertSeen.objects.count() == 0
    assert desk("supervisor2").post(seen_url(alert), {"note": NOTE}).status_code == 302


def test_whom_it_is_about_does_not_mark_it(desk: Any, supervisor: Staff) -> None:
    """He would silence what is told about himself."""
    alert, browser = raised("break_glass_overdue", supervisor, who="supervisor", role="privacy"), desk("supervisor")
    assert seen_url(alert) not in browser.get(page_of(alert)).content.decode()
    before = head()
    answer = browser.post(seen_url(alert), {"note": NOTE})
    assert answer.status_code == 403 and "This alert is about you" in text(answer)
    event = Event.objects.get(seq=before + 1)
    assert (head(), AlertSeen.objects.count()) == (before + 1, 0)
    assert (event.verb, event.actor, event.facts["act"]) == ("audit.refused", supervisor, "alert.seen")
    assert desk("supervisor2").post(seen_url(alert), {"note": NOTE}).status_code == 302


def test_it_is_marked_once_with_a_note_and_without_personal_data(desk: Any, supervisor: Staff) -> None:
    alert, browser = raised(), desk("supervisor")
    before = head()
    assert "This field is required." in text(browser.post(seen_url(alert), {"note": "  "}))
    with translation.override("en"), pytest.raises(Invalid, match="Say what you did"):
        services.mark_seen(alert, actor=supervisor, note="  ")
    told_too_much = browser.post(seen_url(alert), {"note": "called 13812345678"})
    assert told_too_much.status_code == 409 and "Leave personal data out" in text(told_too_much)
    assert (AlertSeen.objects.count(), head()) == (0, before)
    assert browser.post(seen_url(alert), {"note": NOTE}).status_code == 302
    again = desk("supervisor2").post(seen_url(alert), {"note": NOTE})
    assert again.status_code == 409 and "supervisor has seen to this alert already." in text(again)
    assert (AlertSeen.objects.count(), head()) == (1, before + 1)


def test_the_list_is_newest_first_and_filtered_by_kind_and_by_seen(desk: Any, supervisor: Staff) -> None:
    one, two, three = raised(), raised("locked_out", login="agent"), raised()
    services.mark_seen(one, actor=supervisor, note=NOTE)
    browser = desk("auditor")

    def shown(query: str) -> list[int]:
        return [row["key"] for row in browser.get(LIST + query).context["table"]]

    assert shown("") == [three.pk, two.pk, one.pk]
    assert shown("?seen=no") == [three.pk, two.pk] and shown("?seen=yes") == [one.pk]
    assert shown("?kind=quota") == [three.pk, one.pk] and shown("?kind=quota&seen=no") == [three.pk]
    assert shown("?kind=unknown") == [three.pk, two.pk, one.pk]


def test_list_alert_and_overview_cost_the_same_with_one_and_with_thirty(desk: Any, supervisor: Staff) -> None:
    first, browser = raised(), desk("supervisor")

    def cost(url: str) -> int:
        with queries() as statements:
            assert browser.get(url).status_code == 200
        return len(statements)

    urls = (LIST, page_of(first), "/admin/")
    few = [cost(url) for url in urls]
    for _n in range(29):
        services.mark_seen(raised(), actor=supervisor, note=NOTE)
        raised()
    assert [cost(url) for url in urls] == few and max(few) <= 12
    assert text(browser.get("/admin/")).count("agent reached the limit") == SHOWN


def test_who_only_reads_alerts_has_no_count_of_them(desk: Any) -> None:
    raised()
    assert "Alerts 1 waiting" in text(desk("supervisor").get("/admin/"))
    auditor = desk("auditor").get("/admin/")
    assert "Alerts 1 waiting" not in text(auditor) and "agent reached the limit" not in text(auditor)
    assert "Alerts nobody has seen to 1" in text(auditor)


def test_a_lock_out_leads_to_the_person_and_to_the_unlocking_while_it_lasts(desk: Any, officer: Staff) -> None:
    alert = raised("locked_out", officer, login="officer")
    person, unlock = f"/admin/staff/staff/{officer.pk}/", f"/admin/people/{officer.pk}/unlock/"
    over = desk("supervisor").get(page_of(alert)).content.decode()
    assert f'href="{person}"' in over and unlock not in over
    for _try in range(throttle.LIMITS["sign-in"].hits):
        throttle.hit("sign-in", "officer", "strangers")
    assert unlock in desk("supervisor").get(page_of(alert)).content.decode()
    assert unlock not in desk("auditor").get(page_of(alert)).content.decode()


def test_the_facts_of_an_alert_are_words_and_local_times(desk: Any, officer: Staff) -> None:
    facts = {"who": "officer", "role": "privacy", "until": "2026-01-01T01:30:00+00:00"}
    page = text(desk("auditor").get(page_of(raised("break_glass", officer, **facts))))
    assert "who: officer; role: privacy officer; until: 2026-01-01 09:30" in page and "+00:00" not in page
    nobody = text(desk("auditor").get(page_of(raised("locked_out", login="?"))))
    assert "unknown login is locked out" in nobody and "login: unknown login" in nobody
