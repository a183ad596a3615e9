"""Reports of the record: what they count, what they leave out, and that taking one out is itself on the trail."""

import ast
import csv
import datetime
import io
import re
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import time_machine
from django.db import connection
from django.utils import timezone, translation

import qqops
from accounts.declarations.services import declare
from accounts.models import Identity
from accounts.reveals.services import Wanted, reveal
from enforcement.policy import Kind
from qqops.audit import event_catalogue, origin, recorder, triggers
from qqops.audit.models import Event
from qqops.audit.reports import activity, catalogue, period
from qqops.audit.reports.period import Period
from qqops.audit.reports.services import in_text, take_out
from qqops.audit.review import lookups
from qqops.core import errors
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.access.services import request_role
from qqops.staff.models import Staff
from qqops.staff.signin import services as signin
from tests.enforcement.acts import approve, broken, decide, head, refuse
from tests.enforcement.acts import verbs as verbs_since
from tests.pages import queries
from tests.qqops.audit.superuser import superuser

WHY = "the yearly look at the record"


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def lines(name):
    return [[str(cell) for cell in line.cells] for line in catalogue.named(name).lines(period.usual())]


def counted(login):
    (row,) = [row for row in activity.by_person(period.usual()) if row["actor__username"] == login]
    return {code: row[code] for code in activity.COUNTED if row[code] and code != "night"}


def test_what_a_person_did_is_counted_by_kind_and_what_the_system_did_is_nobodys(
    number, officer, supervisor, setup_actor
):
    signin.signed_in(officer, ["password"])
    waits = decide(Kind.TERMINATE, number(), officer, ticket="T-1")
    decide(Kind.FREEZE, number(), officer)
    with pytest.raises(Refused):
        approve(waits, officer)
    approve(waits, supervisor)
    assert counted("officer") == {"acts": 3, "refusals": 1, "sign_ins": 1, "ticketless": 2}
    assert counted("supervisor")["approvals"] == 1
    assert {row[0] for row in lines("activity")} == {"officer", "supervisor"}
    with (
        recorder.act("evidence.opened", actor=supervisor, reason=""),
        recorder.act("identity.searched", actor=supervisor, reason="", facts={"field": "x", "found": "x"}),
    ):
        pass
    assert {code: counted("supervisor")[code] for code in ("reads", "searches")} == {"reads": 1, "searches": 1}


def test_a_person_s_days_are_those_of_the_house_s_clock_and_the_night_is_counted_before_a_desk_only(
    officer, setup_actor
):
    with recorder.act("evidence.opened", actor=officer, reason=""):
        pass
    with origin.origin(origin.WORKER), recorder.act("evidence.opened", actor=officer, reason=""):
        pass
    day = timezone.localdate()
    found = activity.by_day(officer, period.usual())
    assert list(found) == [day] and found[day]["reads"] == 2
    with connection.cursor() as cursor:
        for hour, night in (("21:59", 0), ("22:00", 1), ("05:59", 1), ("06:00", 0)):
            cursor.execute(
                "SELECT count(*) FILTER (WHERE " + triggers.AT_NIGHT + ") FROM (SELECT %s::timestamptz AS at,"
                " unnest(ARRAY['web', 'worker']) AS source) audit_event", [f"2026-11-02 {hour}+08"],
            )  # fmt: skip
            assert cursor.fetchone() == (night,), hour
    assert activity.by_verb(officer, period.usual()) == [("evidence.opened", 2)]
    assert activity.by_day(officer, Period(day - datetime.timedelta(days=9), day - datetime.timedelta(days=1))) == {}


def test_every_declared_verb_that_lets_one_see_or_take_something_is_counted_as_that(db):
    telling = re.compile(
        r"\.(read|opened|downloaded|revealed|searched|\w*exported|\w*reported|file_opened|holder_asked)$"
    )
    is_act = {"case.opened", "range.opened", "campaign.opened", "breach.reported"}
    assert {verb for verb in event_catalogue.declared() if telling.search(verb)} - is_act <= {*lookups.NO_ACT}
    known = {*event_catalogue.declared(), "audit.exported"}
    assert {*lookups.NO_ACT, *lookups.APPROVALS} <= known


def test_an_agreement_given_at_once_is_listed_and_one_after_a_while_is_not(
    number, officer, supervisor, supervisor2, monkeypatch
):
    monkeypatch.setattr(catalogue, "READING", datetime.timedelta(seconds=1))
    first, second, third, fourth = (decide(Kind.TERMINATE, number(), officer) for _n in range(4))
    time.sleep(1.1)
    approve(first, supervisor)  # had time, and nothing else was done
    with origin.origin(origin.WEB):
        approve(second, supervisor)  # right after the one before
    signin.proved(supervisor2, "code")
    with origin.origin(origin.WEB):
        approve(third, supervisor2)  # the second factor was given on the way
    time.sleep(1.1)
    with origin.origin(origin.WEB):
        with recorder.act("appeal.ruling_agreed", actor=supervisor2, reason="", facts={"outcome": "x"}):
            pass
        approve(fourth, supervisor2)  # what the same click has written
    time.sleep(1.1)
    fresh = decide(Kind.TERMINATE, number(), officer)
    with origin.origin(origin.WEB):
        approve(fresh, supervisor2)  # before it can have been opened
    found = [(row[1], row[3]) for row in lines("approvals")]
    assert found == [(str(supervisor), f"#{second.decision.pk}"), (str(supervisor2), f"#{fresh.decision.pk}")]


def test_a_refusal_at_once_is_no_agreement_and_access_is_listed_as_decisions_are(
    number, cast, officer, supervisor, sysadmin
):
    refuse(decide(Kind.TERMINATE, number(), officer), supervisor)
    assert lines("approvals") == []
    asked = request_role(cast["agent"], "resources", actor=sysadmin, reason=WHY)
    access.approve(asked, actor=supervisor, reason=WHY, content_hash=asked.content_hash)
    ((_at, who, what, number_, maker, filed, _previous),) = lines("approvals")
    assert (who, what, number_, maker) == (str(supervisor), "access request", f"#{asked.pk}", str(sysadmin))
    assert int(filed) < 30


def test_whoever_tries_something_in_his_own_affair_is_listed_and_other_refusals_are_not(
    number, officer, agent, supervisor
):
    mine, other = number(), number()
    declare(officer, [mine.pk], "own", actor=officer)
    waits = decide(Kind.TERMINATE, other, officer)
    for attempt in (
        lambda: decide(Kind.FREEZE, mine, officer),
        lambda: approve(waits, officer),
        lambda: approve(waits, agent),  # not his role
    ):
        with pytest.raises(Refused):
            attempt()
    found = lines("conflicts")
    assert [row[1] for row in found] == [str(officer)] * 2
    assert "declared as your own" in found[0][2] and "You made this decision" in found[1][2]


OUTSIDE = {
    # The refusal is for what the maker may do no more, or for what one does to oneself.
    "It acts already, and its holder may know: another person ends it, by refusing the proposal.",
    "You cannot deactivate yourself: another person must do it.",
    "This command token belongs to another person.",
    "This was revealed to another person. Reveal it for a case of your own.",
    "This form is another person's.",
    "This is a minor's information: another person must agree first.",
}


def marked(tree: ast.AST) -> Iterator[str]:
    """What is marked for translation where it stands, but for the help of a command, which refuses nothing."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "help":
            continue
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "gettext_noop":
            yield str(getattr(node.args[0], "value", ""))
        yield from marked(node)


def test_every_refusal_that_wants_another_person_is_named_as_a_conflict():
    root, found = Path(qqops.__file__).parents[1], set()
    for file in (one for app in ("qqops", "accounts", "enforcement", "appeals") for one in (root / app).rglob("*.py")):
        found |= {text for text in marked(ast.parse(file.read_text())) if re.search(r"(another|third) person", text)}
    assert len(found) > 25 and found - OUTSIDE <= errors.CONFLICTS
    assert all("You" in one or "you" in one or "themselves" in one for one in errors.CONFLICTS)


def test_unusual_reveals_come_the_most_unusual_first_and_never_what_was_seen(identity, officer, cast, rulebook):
    one: Identity = identity()
    case = decide(Kind.FREEZE, [one.tenure.number_id], officer).decision
    for field in ("mobile", "email"):
        said = {"whose": "holder", "purpose": "decision", "case_kind": "decision", "case_ref": str(case), "reason": WHY}
        reveal(Wanted(tenure=one.tenure, field=field, **said), actor=officer, nonce=uuid.uuid4())
    found = lines("reveals")
    weights = [int(row[-1]) for row in found]
    assert weights == sorted(weights, reverse=True) and all(weights)
    assert {row[1] for row in found} <= {str(officer)}
    assert not any(value in " ".join(row) for row in found for value in ("13812345678", "zhang.wm"))


def test_days_without_a_verified_checkpoint_and_what_was_late_or_broken_are_gaps(setup_actor, supervisor):
    today = timezone.localdate()

    def days(told: list[list[str]]) -> list[str]:
        return [row[1] for row in told if row[0] == "a day without a verified checkpoint"]

    with recorder.act("alert.late", actor=setup_actor, reason="", facts={"name": "audit.verify"}):
        pass
    with recorder.act("audit.broken", actor=setup_actor, reason="", facts={"rows": 3}):
        pass
    began = timezone.localdate(Event.objects.earliest("seq").at)
    before = [str(began)] if began < today else []  # where these tests went on over midnight
    assert days(lines("gaps")) == before  # the day is not over, and there was no record before it
    told = [row[::2] for row in lines("gaps")]
    assert ["something did not come in time", "the verification of the record"] in told
    assert ["the record was found broken", "found the record broken; rows: 3"] in told
    with time_machine.travel(timezone.now() + datetime.timedelta(days=2), tick=False):
        both = [f"{today + datetime.timedelta(days=n):%Y-%m-%d}" for n in range(2)]
        assert days(lines("gaps")) == before + both
    for record, left in (("unverified", both), ("whole", both[1:])):
        with recorder.act("audit.checkpoint", actor=setup_actor, reason="", facts={"record": record, "seq": 1}):
            pass
        with time_machine.travel(timezone.now() + datetime.timedelta(days=2), tick=False):
            assert days(lines("gaps")) == before + left


@pytest.mark.django_db(transaction=True)
def test_a_number_missing_in_the_sequence_is_a_gap(cast):
    for _n in range(4):
        with recorder.act("evidence.opened", actor=cast["officer"], reason=""):
            pass
    seqs = list(Event.objects.order_by("-seq").values_list("seq", flat=True)[:3])
    assert not any(row[0] == "events are missing from the trail" for row in lines("gaps"))
    with superuser() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE seq = %s", [seqs[1]])
    assert [row[2] for row in lines("gaps") if row[0] == "events are missing from the trail"] == [str(seqs[1])]
    with superuser() as cursor:
        cursor.execute("DELETE FROM audit_event WHERE seq < %s", [seqs[1]])
    assert [row[2] for row in lines("gaps") if row[0] == "events are missing from the trail"] == [f"1 – {seqs[1]}"]


@pytest.mark.parametrize(
    "first, last, message",
    [
        ("2026-11-03", "2026-11-02", "before the first"),
        ("2025-01-01", "2026-11-02", "at most 366 days"),
        ("2999-01-01", "2999-01-02", "not begun"),
    ],
)
def test_a_period_is_days_that_have_begun_and_not_the_whole_trail(first, last, message):
    with pytest.raises(Invalid, match=message):
        Period(datetime.date.fromisoformat(first), datetime.date.fromisoformat(last))
    usual = period.usual()
    assert len(usual.days()) == 7 and usual.last == timezone.localdate()
    assert timezone.localtime(usual.start).hour == 0 and usual.end - usual.start == datetime.timedelta(days=7)


def test_a_report_costs_the_same_whatever_the_period_holds(number, officer, supervisor):
    costs = []
    for _round in range(2):
        for _n in range(3):
            approve(decide(Kind.TERMINATE, number(), officer), supervisor)
        found = {}
        for report in catalogue.all_reports():
            with queries() as statements:
                list(report.lines(period.usual()))
            found[report.name] = len(statements)
        costs.append(found)
    assert costs[0] == costs[1] and max(costs[0].values()) <= 8, costs


# At the terminal, and as a file


def test_a_report_at_the_terminal_is_counted_and_on_the_record(terminal, number, officer):
    decide(Kind.FREEZE, number(), officer)
    before = head()
    said = terminal("auditor", "audit_report", "activity", "--reason", WHY, "--ticket", "A-1")
    assert said.code == 0 and "Not counted:" in said.out and "officer" in said.out
    assert verbs_since(before) == ["staff.token_issued", "audit.reported"]
    event = Event.objects.latest("seq")
    today = timezone.localdate()
    assert event.facts == {
        "report": "activity",
        "since": str(today - datetime.timedelta(days=6)),
        "until": str(today),
        "rows": 1 + Staff.objects.filter(username="auditor").count(),  # the auditor's own token
    }
    assert (event.reason, event.ticket) == (WHY, "A-1") and "Activity per person" in str(event.sentence)
    assert broken() == []


def test_as_json_and_as_a_table_it_says_the_same(terminal, number, officer):
    decide(Kind.FREEZE, number(), officer)
    words = ("audit_report", "activity", "--reason", WHY, "--from", str(timezone.localdate()))
    told = terminal("supervisor", *words, "--json").json
    table = list(csv.reader(io.StringIO(terminal("supervisor", *words, "--csv").out)))
    assert told["from"] == told["to"] == str(timezone.localdate())
    assert table[0] == told["head"]
    mine = [row for row in told["lines"] if row[0] == "officer"]
    assert mine == [row for row in table if row[0] == "officer"] and len(mine) == 1


def test_who_may_not_is_refused_on_the_record_and_nothing_is_read(terminal, officer, privacy):
    before = head()
    assert terminal("officer", "audit_report", "activity", "--reason", WHY).code == 5
    assert verbs_since(before) == ["staff.token_issued", "audit.refused"]
    assert terminal("auditor", "audit_report", "nothing", "--reason", WHY).code != 0
    assert terminal("auditor", "audit_report", "gaps", "--reason", WHY, "--from", "2999-01-01").code == 2
    assert terminal("auditor", "audit_report", "gaps", "--reason", "").code == 2
    with pytest.raises(Refused):
        take_out(catalogue.named("reveals"), period.usual(), actor=privacy, reason=WHY)


def test_cells_are_written_out_by_the_house_s_clock():
    at = datetime.datetime(2026, 11, 2, 16, 30, tzinfo=datetime.UTC)
    assert list(in_text([catalogue.Line([at, None, ["a", "b"], 7])])) == [["2026-11-03 00:30", "", "a, b", "7"]]
