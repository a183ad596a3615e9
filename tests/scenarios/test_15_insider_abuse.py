"""Scenario 15: somebody inside looks at people without need. The quota stops him, others are told, he is shut out."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Breach, Number, Reveal
from enforcement.models import Decision
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.desk import desk
from tests.identities import tell_many
from tests.pages import FREEZE, act, text, told
from tests.qqops.staff.people.acting import at, press

__all__ = ["desk"]
pytestmark = pytest.mark.usefixtures("rulebook")
QUOTA, PEOPLE = 24, 30
WHY = "contested recovery, compare with the papers"
CONTESTED = FREEZE | {"clauses": ["6.2"], "freeze_kind": "security", "term": "3"}
LOG = "/admin/accounts/reveal/"


def look(browser: Client, tenure: int, case: Decision) -> Any:
    url = at("reveal", tenure, "holder", "document")
    said = {"purpose": "caller", "case_kind": "decision", "case_ref": str(case.pk), "reason": WHY}
    return browser.post(url, said | {"token": browser.get(url).context["form"].initial["token"]})


@pytest.fixture
def looked(
    desk: Callable[[str], Client], numbers: Any, setup_actor: Staff, settings: Any
) -> tuple[Client, list[int], Decision]:
    """A reviewer who has frozen thirty numbers as contested, and gone through their holders' documents to his quota."""
    settings.QQOPS_DAILY_REVEALS = QUOTA
    ids, browser = numbers(PEOPLE), desk("reviewer")
    tenures = list(Number.objects.filter(pk__in=ids).order_by("pk").values_list("tenure", flat=True))
    tell_many(tenures, setup_actor)
    case = act(browser, "freeze", *ids, said=CONTESTED)
    for tenure in tenures[:QUOTA]:
        done = look(browser, tenure, case)
        assert done.status_code == 302, text(done)
        assert browser.get(done["Location"]).status_code == 200
    return browser, tenures, case


def test_the_quota_stops_him_the_watchers_are_told_and_he_is_shut_out(
    looked: tuple[Client, list[int], Decision], desk: Callable[[str], Client], reviewer: Staff
) -> None:
    browser, tenures, case = looked
    for tenure in tenures[QUOTA + 1 :]:  # the 25th has given no document
        refused = look(browser, tenure, case)
        assert refused.status_code == 403, text(refused)
        assert f"revealed {QUOTA} items today" in text(refused)
    assert Reveal.objects.count() == Event.objects.filter(verb="identity.revealed").count() == QUOTA
    alert = Alert.objects.get()
    assert (alert.code, alert.level, alert.subject_label) == ("reveal_quota", "critical", "reviewer")
    assert Event.objects.filter(verb="identity.reveals_stopped").count() == 1
    for login in ("auditor", "privacy", "supervisor"):
        page = text(desk(login).get("/admin/alerts/alert/"))
        assert f"reviewer revealed as many items as one may in a day ({QUOTA})" in page, login
    # The log: all of it is there, and what stands out stands first.
    log = desk("privacy")
    rows = log.get(f"{LOG}?q=reviewer").context["page"].rows
    assert sorted(r.pk for r in rows) == sorted(Reveal.objects.values_list("pk", flat=True))
    assert [r.unusual for r in rows] == sorted((r.unusual for r in rows), reverse=True)
    assert {"many_today", "many_people"} <= set(rows[0].flags) and "many_people" not in rows[-1].flags
    assert len(log.get(f"{LOG}?flag=many_people").context["page"].rows) == QUOTA - 19
    one = text(log.get(f"{LOG}{rows[0].pk}/"))
    assert WHY in one and "many people within an hour" in one
    # The account is suspended, and with it every grant that still lasts.
    last = Reveal.objects.latest("pk")
    supervisor = desk("supervisor")
    done = press(supervisor, at("staff_deactivate", reviewer.pk), {"reason": "looks at people without need"})
    assert told(supervisor.get(done["Location"])) == ["reviewer is deactivated."]
    assert browser.get(at("reveal_shown", last.pk))["Location"].startswith("/admin/login/")
    assert whole()


def test_the_breach_names_exactly_those_he_saw_and_is_reported_and_told_in_time(
    looked: tuple[Client, list[int], Decision], desk: Callable[[str], Client]
) -> None:
    _browser, tenures, _case = looked
    now, privacy = timezone.localtime(), desk("privacy")
    moments = [(now + n * datetime.timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M") for n in (-60, 0, 1)]
    why = {"reason": "the reveal log shows people without a case", "ticket": "INC-15"}
    said = why | {"level": "larger", "what": "one reviewer looked many people up", "found_at": moments[1],
                  "login": "reviewer", "viewed_from": moments[0], "viewed_to": moments[2]}  # fmt: skip
    done = press(privacy, at("breach_register"), said)
    breach = Breach.objects.get()
    assert list(breach.people.order_by("tenure").values_list("tenure", "fields")) == [
        (tenure, ["holder:document"]) for tenure in tenures[:QUOTA]
    ]
    assert breach.report_due_at == breach.found_at + datetime.timedelta(hours=4)
    page = text(privacy.get(done["Location"]))
    assert "to be reported" in page and f"{QUOTA} tenures are concerned." in page
    assessed = {"level": "larger", "cause": "no case behind most of it", "harm": "fraud by telephone",
                "remedy": "the account was shut; do not tell codes to anybody", "contact": "privacy desk"}  # fmt: skip
    press(privacy, at("breach_assess", breach.pk), why | assessed)
    press(privacy, at("breach_report", breach.pk), why | {"to": "provincial CAC", "at": moments[1]})
    press(privacy, at("breach_tell", breach.pk), why | {"at": moments[1]})
    press(privacy, at("breach_close", breach.pk), why | {"not_told_because": ""})
    page = text(desk("auditor").get(done["Location"]))
    assert "reported in time" in page and "fraud by telephone" in page and "closed breach" in page
    assert whole()
