"""Staff pages cost the same number of statements with one person and with thirty more."""

from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass
from qqops.staff.models import Staff
from qqops.staff.people import services as people_services
from tests.pages import queries, text
from tests.qqops.staff.people.acting import WHY, agree, at


def test_no_staff_page_costs_more_with_thirty_more_people(desk, cast, setup_actor, sysadmin, supervisor, officer):
    def grow(people: int) -> None:
        for _person in range(people):
            n = Staff.objects.count()
            staff = people_services.join(f"person{n}", "officer", password="", actor=setup_actor, reason="test")
            agree(request_role(staff, "agent", actor=sysadmin, reason=WHY), supervisor)
            request_role(staff, "privacy", actor=sysadmin, reason=WHY)
            break_glass("supervisor", actor=Staff.objects.get(pk=staff.pk), reason=WHY)

    pages = [
        ("supervisor", "/admin/"),
        ("supervisor", at("staff_staff_changelist")),
        ("supervisor", at("staff_staff_change", officer.pk)),
        ("supervisor", at("staff_accessrequest_changelist")),
        ("supervisor", at("emergency_list")),
        ("auditor", at("access_report")),
        ("sysadmin", at("staff_grant", officer.pk)),
        ("supervisor", at("staff_revoke", officer.pk)),
        ("officer", at("me")),
    ]
    grow(1)
    browsers = {login: desk(login) for login in ("supervisor", "auditor", "sysadmin", "officer")}
    costs = []
    for _round in range(2):
        found = {}
        for login, url in pages:
            with queries() as statements:
                page = browsers[login].get(url)
            assert page.status_code == 200, text(page)
            found[url] = len(statements)
        costs.append(found)
        grow(30)
    assert costs[0] == costs[1]
    assert max(costs[0].values()) <= 15, costs[0]
