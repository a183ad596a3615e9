"""When a checker is away: others of the role see the same queue and rule on it; cover ends by itself."""

import datetime

import time_machine
from django.utils import timezone

from enforcement.models import Decision
from enforcement.policy import Kind
from qqops.staff.access.services import request_role
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from tests.enforcement.acts import broken, decide
from tests.pages import rule, ruling_url, text
from tests.qqops.staff.people.acting import WHY, agree, at

DAY = datetime.timedelta(days=1)


def test_another_supervisor_sees_what_waits_and_rules_on_it_when_the_first_is_away_or_gone(
    desk, numbers, officer, supervisor
):
    one, two = (decide(Kind.TERMINATE, [n], officer).decision for n in numbers(2))
    queues = [desk(login).get("/admin/inbox/").content.decode() for login in ("supervisor", "supervisor2")]
    for decision in (one, two):
        assert [ruling_url(decision) in queue for queue in queues] == [True, True]
    # Away: nothing has to be handed over.
    assert rule(desk("supervisor2"), one).status_code == 302
    # Gone: deactivated by the other, whose queue stays as it was.
    people.deactivate(supervisor, actor=Staff.objects.get(username="supervisor2"), reason=WHY)
    browser = desk("supervisor2")
    assert ruling_url(two) in browser.get("/admin/inbox/").content.decode()
    assert rule(browser, two).status_code == 302
    assert list(Decision.objects.order_by("pk").values_list("state", flat=True)) == ["applied", "applied"]
    assert broken() == []


def test_who_covers_for_a_time_has_the_queue_until_then_and_not_a_moment_longer(
    desk, cast, numbers, officer, sysadmin, supervisor
):
    asked = request_role(cast["outsider"], "supervisor", actor=sysadmin, reason=WHY, until=timezone.now() + DAY)
    agree(asked, supervisor)
    one, two = (decide(Kind.TERMINATE, [n], officer).decision for n in numbers(2))
    browser = desk("outsider")
    assert "supervisor" in text(browser.get(at("me")))
    assert rule(browser, one).status_code == 302
    with time_machine.travel(timezone.now() + DAY + datetime.timedelta(seconds=1), tick=True):
        # Nothing ran in between: the end is judged when it is read.
        late = desk("outsider")
        assert rule(late, two)["Location"].startswith("/admin/login/")
        person = Staff.objects.get(username="outsider")
        assert (person.roles, person.may_enter) == (frozenset(), False)
    assert Decision.objects.get(pk=two.pk).state == "proposed"


def test_who_covers_and_has_a_role_of_his_own_keeps_it(desk, cast, numbers, officer2, sysadmin, supervisor):
    asked = request_role(officer2, "supervisor", actor=sysadmin, reason=WHY, until=timezone.now() + DAY)
    agree(asked, supervisor)
    decision = decide(Kind.TERMINATE, numbers(1), cast["officer"]).decision
    assert desk("officer2").get("/admin/inbox/").status_code == 200
    with time_machine.travel(timezone.now() + DAY + datetime.timedelta(seconds=1), tick=True):
        browser = desk("officer2")
        assert browser.get("/admin/inbox/").status_code == rule(browser, decision).status_code == 403
        assert browser.get("/admin/accounts/number/").status_code == 200
