"""The access review: who has what, by whose word, when last used; what it points at; the file that leaves the house."""

import csv
import datetime
import io
import re

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.utils import timezone

from accounts.declarations.services import declare
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.core.errors import Refused
from qqops.core.spreadsheets import disarmed
from qqops.staff.access.report_services import export_report
from qqops.staff.access.services import request_role
from qqops.staff.emergency.services import break_glass, review_glass
from qqops.staff.models import Staff
from qqops.staff.people import services as people
from qqops.staff.queries import _people, access_report, clashing
from qqops.staff.signin import services as signin
from qqops.staff.signin.throttle import LIMITS
from qqops.staff.tokens.services import issue_token
from tests.pages import text, told
from tests.qqops.audit.superuser import made_anew
from tests.qqops.staff.people.acting import REFUSED, WHY, agree, at, forget_proof, head, record

MAY = ("supervisor", "auditor", "sysadmin")
DAY = datetime.timedelta(days=1)


def flags_of(login: str) -> list[tuple[str, ...]]:
    return [line.flags for line in access_report() if line.staff.username == login]


def test_each_person_and_role_is_a_line_with_its_story(desk, cast, sysadmin, supervisor):
    agree(request_role(cast["officer"], "agent", actor=sysadmin, reason=WHY), supervisor)
    Authenticator.objects.create(user=cast["officer"], type=Authenticator.Type.TOTP, data={})
    page = desk("auditor").get(at("access_report"))
    shown = text(page)
    for part in ("sysadmin, approved by supervisor", "set-up", "enforcement officer", "system administrator"):
        assert part in shown, part
    lines = {(line.staff.username, line.holding and line.holding.role): line for line in access_report()}
    assert lines[("officer", "agent")].has_factor and not lines[("officer2", "officer")].has_factor
    assert lines[("officer", "agent")].last_act is None and lines[("sysadmin", "sysadmin")].last_act is not None
    assert lines[("outsider", None)].flags == ("roleless",)
    assert not any(login.startswith("system-") for login, _role in lines)


def test_it_points_at_what_is_unused_excluded_left_over_or_not_reviewed(desk, cast, officer, supervisor, settings):
    assert {flag for line in access_report() for flag in line.flags} == {"roleless"}  # the outsider
    holding = break_glass("supervisor", actor=officer, reason=WHY, minutes=1)
    with time_machine.travel(timezone.now() + 89 * DAY, tick=True):
        assert flags_of("agent") == [()]
    with time_machine.travel(timezone.now() + 91 * DAY, tick=True):
        assert flags_of("agent") == [("unused",)]
        assert flags_of("officer") == [("unused",), ("unreviewed",)]
        review_glass(holding, actor=supervisor, justified=True, remarks=WHY)
        assert flags_of("officer") == [("unused",)]
    settings.QQOPS_SECOND_FACTOR = True
    assert flags_of("agent") == [("no_factor",)]
    Authenticator.objects.create(user=cast["agent"], type=Authenticator.Type.TOTP, data={})
    assert flags_of("agent") == [()]
    settings.QQOPS_SECOND_FACTOR = False
    people.deactivate(cast["reviewer"], actor=supervisor, reason=WHY)
    assert flags_of("reviewer") == []  # nothing left, nothing to review
    Authenticator.objects.create(user=cast["reviewer"], type=Authenticator.Type.TOTP, data={})
    assert flags_of("reviewer") == [("leftover",)]
    only = desk("auditor").get(f"{at('access_report')}?only=flagged")
    assert "deactivated, something is left" in text(only) and len(only.context["rows"]) == 2  # and the outsider


def test_coming_in_going_and_being_refused_is_no_act(desk, cast, agent):
    def last():
        (line,) = [line for line in access_report() if line.staff == agent]
        return line.last_sign_in, line.last_act

    signin.signed_in(agent, ["password"])
    signin.proved(agent, "code")
    signin.factor_changed(agent, "staff.codes_made", "recovery_codes")
    issue_token(agent)
    with pytest.raises(Refused):
        export_report(actor=agent, reason=WHY)
    signin.signed_out(agent)
    entered = Event.objects.get(actor=agent, verb="staff.signed_in").at
    assert Event.objects.filter(actor=agent).count() == 6 and last() == (entered, None)
    with time_machine.travel(entered + 90 * DAY, tick=False):  # by which the sign-in would still do
        assert flags_of("agent") == [("unused",)]
        declare(agent, [77_777], "own", actor=agent)
        assert flags_of("agent") == [()] and last()[1] == Event.objects.latest("seq").at
    assert "leaves out signing in" in text(desk("auditor").get(at("access_report")))


@pytest.mark.django_db(transaction=True)  # VACUUM is the owner's
def test_last_acts_are_looked_up_and_not_searched_for(cast):
    """By each person's index, newest first: the trail is never read as a whole."""
    made_anew()  # where tests before this one left only what they took back, any index would do
    with transaction.atomic(), connection.cursor() as cursor:
        # The trail of a test is too short to be worth an index.
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        sql, params = _people(timezone.now()).query.sql_with_params()
        cursor.execute(f"EXPLAIN {sql}", params)
        plan = [line for (line,) in cursor]
    found = [line for line in plan if "audit_event" in line]
    assert found and all("Index" in line and re.search("_(actor_id|verb)_seq_idx", line) for line in found), plan
    assert "_actor_id_seq_idx" in found[0] and not [line for line in plan if "Sort  (" in line], plan


def test_what_cannot_be_held_together_is_known_before_the_database_says_so():
    assert clashing("officer", ["reviewer", "agent"]) == ["reviewer"]
    assert clashing("auditor", ["agent"]) == ["agent"]
    assert clashing("agent", ["agent", "officer"]) == ["agent"]  # nobody holds one role twice
    assert clashing("supervisor", ["officer", "agent"]) == clashing("", ["agent"]) == []


def test_the_file_is_for_a_spreadsheet_and_on_the_record(desk, cast, supervisor):
    Staff.objects.filter(pk=cast["agent"].pk).update(name='=HYPERLINK("http://example.com")')
    before, browser = head(), desk("auditor")
    answered = browser.post(at("access_report_csv"))
    assert answered.status_code == 200
    assert answered["Content-Type"] == "text/csv; charset=utf-8"
    assert answered["Content-Disposition"].startswith('attachment; filename="access-')
    assert answered["X-Content-Type-Options"] == "nosniff" and "no-store" in answered["Cache-Control"]
    assert answered.content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(answered.content.decode("utf-8-sig"))))
    assert rows[0][0] == "Login" and len(rows) == len(access_report()) + 1
    (agent,) = [row for row in rows if row[0] == "agent"]
    assert agent[1] == '\'=HYPERLINK("http://example.com")'
    assert record(before) == [("staff.report_exported", {})]
    event = Event.objects.latest("seq")
    assert (event.actor, event.facts) == (cast["auditor"], {"rows": len(rows) - 1})


@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\tx", " =1", "\u00a0=1", "\n=1", "\u3000=1", "\u200b=1",
     "\ufeff=1", "＝1+1", "＋1", "－1", "＠SUM(A1)", " ＝1", "﹣1"],
)  # fmt: skip
def test_a_cell_that_would_run_is_disarmed(cell):
    assert disarmed(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["wang", "王 = 5", " w", "2026-11-24 12:00", ""])
def test_a_cell_that_is_only_text_stays_as_it_is(cell):
    assert disarmed(cell) == cell and disarmed(None) == ""


@pytest.mark.parametrize("login", ["agent", "reviewer", "officer", "resources", "privacy"])
def test_whoever_may_not_see_it_gets_neither_page_nor_file(desk, login):
    before, browser = head(), desk(login)
    assert browser.get(at("access_report")).status_code == 403
    assert browser.post(at("access_report_csv")).status_code == 403
    assert record(before) == [REFUSED]


@pytest.mark.parametrize("login", MAY)
def test_the_file_needs_a_fresh_proof_which_leads_back_to_the_page(desk, login):
    browser = desk(login)
    forget_proof(browser)
    before = head()
    assert browser.get(at("access_report")).status_code == 200
    asked = browser.post(at("access_report_csv"))
    assert asked["Location"] == "/account/proof/?next=%2Fadmin%2Faccess-report%2F"
    assert "Nothing was done" in told(browser.get(at("access_report")))[0]
    assert browser.get(at("access_report_csv")).status_code == 405 and record(before) == []


def test_too_many_files_are_refused_and_told(desk, cast):
    browser = desk("auditor")
    for _time in range(LIMITS["export"].hits):
        assert browser.post(at("access_report_csv")).status_code == 200
    before = head()
    refused = browser.post(at("access_report_csv"))
    assert refused["Location"] == at("access_report")
    assert "limit" in told(browser.get(at("access_report")))[0]
    assert record(before) == [("staff.limit_reached", {"alert": 1})]
    alert = Alert.objects.get(code="quota")
    assert (alert.subject_id, alert.facts["what"]) == (str(cast["auditor"].pk), "exports")
    assert desk("supervisor").post(at("access_report_csv")).status_code == 200  # each has his own
