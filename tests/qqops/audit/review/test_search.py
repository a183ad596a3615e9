"""The audit review: narrowed down by what an auditor knows of an act, read on from each row, taken out as a file."""

import csv
import datetime
import io
import json
import zipfile

import pytest
import time_machine
from django.utils import timezone

from accounts.declarations.services import declare, withdraw
from accounts.models import DeclaredNumber, Number
from appeals.hearing import reading
from enforcement.evidence.services import open_file
from enforcement.policy import Kind
from qqops.audit import event_catalogue, origin, recorder, triggers
from qqops.audit.models import Event
from qqops.audit.review import lookups
from qqops.core.errors import Refused
from qqops.staff import limits
from qqops.staff.models import Holding
from tests.accounts.disclosures import asking as disclosures
from tests.appeals.heard import objection
from tests.enforcement.acts import DAY, broken, decide, head
from tests.enforcement.evidence.files import take_in
from tests.pages import queries, text
from tests.qqops.audit.review.searching import URL, found, seen


def test_each_thing_that_an_auditor_knows_of_an_act_finds_it(desk, number, officer, agent, supervisor, rulebook):
    one, other = number(), number()
    with origin.origin(origin.WEB, address="10.1.2.3") as here:
        frozen = decide(Kind.FREEZE, one, officer, ticket="T-1")
    decide(Kind.FREEZE, other, supervisor, clauses=("6.2",), freeze_kind="security")
    appeal = objection(one, frozen, agent)
    auditor, freeze = desk("auditor"), ["decision.proposed", "decision.applied"]
    assert found(auditor, staff="officer") == freeze
    assert found(auditor, decision=f"#{frozen.decision.pk}") == [*freeze, "appeal.filed"]
    assert found(auditor, number=one.pk) == ["demo.built", *freeze, "appeal.filed"]
    assert found(auditor, tenure=f"{one.pk}/1")[-3:] == [*freeze, "appeal.filed"]
    assert found(auditor, appeal=appeal.receipt) == ["appeal.filed"]
    assert found(auditor, clause="6.2") == freeze
    assert found(auditor, ticket="T-1") == freeze
    assert found(auditor, request=here.request_id) == freeze
    assert found(auditor, address="10.1.2.3") == freeze
    assert found(auditor, verb="decision.applied") == ["decision.applied"] * 2
    assert found(auditor, staff="officer", verb="decision.applied") == ["decision.applied"]
    assert found(auditor, role="officer") == freeze
    assert set(found(auditor, role="auditor")) <= {"staff.signed_in"}


@pytest.mark.parametrize(
    ("name", "typed", "told"),
    [
        ("staff", "nobody", "nobody with this login"),
        ("verb", "decision.eaten", "no such act"),
        ("request", "17", "no request id"),
        ("address", "10.0.0.777", "no address"),
        ("from", "yesterday", "Write a day"),
        ("to", "2026-13-41", "Write a day"),
        ("number", "12", "no number here"),
        ("tenure", "10001", "which of its holders"),
        ("decision", "seventeen", "number of the decision"),
        ("appeal", "R20261128A2345678", "one of its characters is wrong"),
        ("clause", "99.9", "no clause 99.9"),
    ],
)
def test_what_cannot_be_read_is_said_beside_it_and_finds_nothing(desk, number, name, typed, told):
    number()
    auditor = desk("auditor")
    for beside in ({}, {"role": "officer"}, {"clause": "6.2"}):
        page = auditor.get(URL, beside | {name: typed})
        assert told in text(page) and page.context["page"].rows == []
        assert f'value="{typed}"' in page.content.decode()  # to be mended where it stands


def test_a_persons_own_data_is_neither_searched_for_nor_repeated(desk):
    for name in ("ticket", "staff", "verb"):
        sent = desk("auditor").get(URL, {name: "someone@example.com"})
        assert (sent.status_code, sent["Location"]) == (302, URL)


def test_a_time_is_a_range_of_the_trail(desk, number, officer):
    seqs = []
    for day in (3, 2, 1):
        with time_machine.travel(datetime.datetime.now(datetime.UTC) - day * DAY, tick=False):
            at = datetime.datetime.now(datetime.UTC)
            with (
                origin.origin(origin.COMMAND),
                recorder.act("number.declared", actor=officer, reason="", facts={"declared": 1}),
            ):
                pass
        seqs.append((Event.objects.latest("seq").seq, at))
    auditor = desk("auditor")
    at = Event.objects.get(seq=seqs[1][0]).at.astimezone(datetime.timezone(8 * datetime.timedelta(hours=1)))
    # The trail is dated by the database: the three lie within one moment, and a range holds all or none.
    three = {seq for seq, _at in seqs}
    assert three <= seen(auditor, **{"from": f"{at:%Y-%m-%d}", "to": f"{at:%Y-%m-%d}"})
    assert not three & seen(auditor, to=f"{at - DAY:%Y-%m-%d}")
    assert seen(auditor, **{"from": f"{at + DAY:%Y-%m-%d}"}) == set()
    minute = f"{at:%Y-%m-%d %H:%M}"
    assert three <= seen(auditor, **{"from": minute})


def test_what_is_to_be_looked_at_is_one_click_away(desk, cast, number, officer, supervisor):
    own, other = number(), number()
    declare(officer, [own.pk], "own", actor=officer)
    before = head()
    with pytest.raises(Refused):
        decide(Kind.FREEZE, own, officer)
    ticketed = decide(Kind.FREEZE, other, officer, ticket="T-2")
    decide(Kind.RESTRICT, other, officer)
    auditor = desk("auditor")
    assert found(auditor, look="own") == ["audit.refused"]
    assert seen(auditor, kind="refusals") == seen(auditor, look="own")
    loose = seen(auditor, look="ticketless")
    assert loose and not loose & seen(auditor, decision=ticketed.decision.pk)
    assert found(auditor, look="quota") == [] and found(auditor, look="batch") == []
    night = {event.seq for event in Event.objects.all() if event.source in ("web", "command") and _is_night(event)}
    assert seen(auditor, look="night") == set(sorted(night)[-60:])
    assert before < max(loose)


def test_an_act_is_on_an_own_number_whatever_of_it_the_act_is_about(
    desk, number, cast, officer, officer2, agent, supervisor
):
    own, other = number(), number()
    frozen = decide(Kind.FREEZE, own, officer2)
    appeal = objection(own, frozen, agent)
    paper = disclosures.register(agent, own.pk)

    def touch(actor, number, subject, *, rows=()):
        with recorder.act("demo.built", actor=actor, reason="", subject=subject, facts={"numbers": 1}) as act:
            if rows:
                act.history(Number, rows)
        return Event.objects.latest("seq").seq

    about = [own, own.tenure, frozen.decision, appeal, paper]
    for subject in about:
        touch(officer, own, subject)  # it was not yet his
    declare(officer, [own.pk], "relative", actor=officer)
    acts = {touch(officer, own, subject) for subject in about} | {touch(officer, own, None, rows=[own.pk])}
    for actor, one in ((officer2, own), (officer, other)):
        for rows in ((), [one.pk]):
            touch(actor, one, one.tenure, rows=rows)
    withdraw(DeclaredNumber.objects.get(), actor=supervisor, reason="他已不再使用该号码")
    touch(officer, own, own.tenure, rows=[own.pk])  # no longer his
    assert seen(desk("auditor"), look="own") == acts


def test_what_named_a_number_is_found_though_nobody_ever_held_it(desk, cast, agent, officer):
    free = 77_777_777
    declare(officer, [free], "own", actor=officer)
    disclosures.register(agent, free)
    assert found(desk("auditor"), number=free) == ["number.declared", "disclosure.registered"]


def test_who_looked_at_what_is_kept_of_a_number_is_found_by_it_and_by_its_tenure(
    desk, number, cast, officer, agent, reviewer, privacy, supervisor
):
    one, other, paper = number(), number(), take_in(officer)
    frozen = decide(Kind.FREEZE, one, officer, files=(paper.pk,)).decision
    open_file(paper, actor=officer)
    appeal = objection(one, frozen, agent)
    reading.read(appeal, actor=reviewer)
    request = disclosures.register(agent, one.pk)
    elsewhere = objection(other, decide(Kind.FREEZE, other, supervisor), agent)
    reading.read(elsewhere, actor=reviewer)
    with recorder.act("disclosure.opened", actor=privacy, reason="", subject=request, facts={"what": "statement"}):
        pass
    auditor, looks = desk("auditor"), ["evidence.opened", "appeal.read", "disclosure.opened"]
    for asked in ({"number": one.pk}, {"tenure": f"{one.pk}/1"}):
        assert [verb for verb in found(auditor, **asked) if verb in looks] == looks, asked
    assert found(auditor, decision=frozen.pk, kind="reads") == ["evidence.opened"]
    assert found(auditor, tenure=f"{one.pk}/2") == []


def test_a_time_is_counted_to_the_end_of_the_minute_or_the_second_that_is_written(desk, officer):
    with recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 0}):
        pass
    event, auditor = Event.objects.latest("seq"), desk("auditor")
    local = timezone.localtime(event.at)
    written = f"{local:%Y-%m-%d %H:%M}", event.at.isoformat()  # by the list, by a file of JSON lines
    for moment in written:
        assert event.seq in seen(auditor, **{"from": moment, "to": moment}), moment
    assert event.seq not in seen(auditor, to=f"{local - datetime.timedelta(minutes=1):%Y-%m-%d %H:%M}")


def test_what_one_reached_is_to_be_looked_at_as_above_quota(desk, officer):
    with pytest.raises(Refused):
        limits.spend("export", officer, many=10_000)
    assert found(desk("auditor"), look="quota") == ["staff.limit_reached"]


def test_a_page_back_shows_what_the_page_before_it_did(desk, cast, officer):
    """Also where events are looked for in another order than the trail's."""
    for _n in range(130):
        with recorder.act("demo.built", actor=officer, reason="", facts={"numbers": 0}):
            pass
    auditor = desk("auditor")
    for asked in ({"staff": "officer"}, {"role": "officer"}):
        pages, page = [], auditor.get(URL, asked).context["page"]
        while page.next:
            pages.append([event.seq for event in page.rows])
            page = auditor.get(page.next).context["page"]
        assert len(page.rows) == 10 and sum(pages, []) == sorted(sum(pages, []), reverse=True)
        for before in reversed(pages):
            page = auditor.get(page.previous).context["page"]
            assert [event.seq for event in page.rows] == before
        assert page.previous == ""


def test_a_role_is_looked_for_as_it_was_held(desk, cast, officer, supervisor):
    """Twice, for a moment: neither what its holder did before, between and after, nor what others did meanwhile."""

    def act(actor):
        with recorder.act("demo.built", actor=actor, reason="", facts={"numbers": 0}):
            pass
        return Event.objects.latest("seq")

    done = [(act(officer), act(supervisor)) for _n in range(5)]
    Holding.objects.bulk_create(
        Holding(staff=officer, role="privacy", since=done[n][0].at, until=done[n + 1][0].at) for n in (1, 3)
    )
    assert seen(desk("auditor"), role="privacy") == {done[1][0].seq, done[3][0].seq}


def test_the_index_of_acts_without_ticket_leaves_out_only_what_the_review_leaves_out():
    assert set(triggers.NO_ACT) <= set(lookups.NO_ACT)


def _is_night(event: Event) -> bool:
    hour = event.at.astimezone(datetime.timezone(datetime.timedelta(hours=8))).hour
    return hour < 6 or hour >= 22


def test_every_verb_is_of_a_kind_or_an_act_and_every_kind_names_verbs_that_are_declared():
    known = set(event_catalogue.declared())
    for code, (_label, named) in lookups.KINDS.items():
        assert set(named) <= known, code
        assert len(set(named)) == len(named), code


def test_an_event_shows_what_it_changed_who_stood_beside_and_leads_on(desk, number, officer, supervisor):
    one = number()
    decide(Kind.FREEZE, one, officer)
    applied = Event.objects.get(verb="decision.applied")
    page = desk("supervisor").get(f"{URL}{applied.pk}/")
    told = text(page)
    assert "What it changed" in told and f"Number {one.pk}" in told and "Measure" in told
    assert "frozen until after: 2" in told and "before: nothing" not in told
    body = page.content.decode()
    for link in ("?staff=officer", "?verb=decision.applied", f"?decision={applied.decision_id}", "?request="):
        assert f"{URL}{link}" in body, link
    assert "Just before and after" in told and "The whole request" in told


def test_an_agent_reads_no_trail_and_takes_none_out(desk, number):
    agent, supervisor = desk("agent"), desk("supervisor")
    before = head()
    assert agent.get(URL).status_code == 403
    for browser in (agent, supervisor):
        assert browser.post("/admin/audit/export/csv/").status_code == 403
    assert [e.verb for e in Event.objects.filter(seq__gt=before)] == ["audit.refused"] * 2


def test_what_matches_is_taken_out_as_a_file_and_that_is_on_the_trail(desk, number, officer):
    one = number()
    decide(Kind.FREEZE, one, officer, reason="=HYPERLINK(1) 按规则处置该号码")
    auditor, before = desk("auditor"), head()
    files = {
        form: b"".join(auditor.post(f"/admin/audit/export/{form}/?staff=officer").streaming_content)
        for form in ("csv", "xlsx", "jsonl")
    }
    taken = Event.objects.filter(seq__gt=before, verb="audit.exported").order_by("seq")
    assert [e.facts for e in taken] == [
        {"what": form, "query": {"staff": "officer"}, "rows": 2} for form in ("csv", "xlsx", "jsonl")
    ]
    rows = list(csv.reader(io.StringIO(files["csv"].decode("utf-8-sig"))))
    assert [row[4] for row in rows] == ["Code of the act", "decision.applied", "decision.proposed"]
    assert rows[2][7].startswith("'=HYPERLINK")  # no formula runs
    with zipfile.ZipFile(io.BytesIO(files["xlsx"])) as book:
        assert b"decision.applied" in book.read("xl/worksheets/sheet1.xml")
    lines = [json.loads(line) for line in files["jsonl"].splitlines()]
    assert [line["verb"] for line in lines] == ["decision.applied", "decision.proposed"]
    assert auditor.post("/admin/audit/export/exe/").status_code == 404
    assert broken() == []


def test_a_page_of_sixty_costs_five_statements_at_most_whatever_is_asked(desk, number, officer, settings):
    settings.QQOPS_DAILY_TARGETS = 10_000
    auditor, one = desk("auditor"), number()
    decide(Kind.FREEZE, one, officer)
    for _n in range(70):
        with (
            origin.origin(origin.COMMAND),
            recorder.act("number.declared", actor=officer, reason="", facts={"declared": 1}),
        ):
            pass
    asked = [
        {},
        {"staff": "officer"},
        {"number": one.pk},
        {"from": "2026-01-01"},
        {"look": "night"},
        {"clause": "10.1"},
    ]
    auditor.get(URL)
    costs = []
    for query in asked:
        with queries() as statements:
            page = auditor.get(URL, query)
        costs.append(len(statements))
        if not query:
            assert len(page.context["page"].rows) == 60
    own = asked.index({"number": one.pk})  # and whether it is a number of his own
    assert max(costs[:own] + costs[own + 1 :]) <= 5 and costs[own] <= 6, costs


@pytest.mark.parametrize("typed", ["9999-12-31", "0001-01-01", "2026-11-28T99:00"])
def test_a_day_beyond_the_calendar_is_said_to_be_none(desk, typed):
    assert "Write a day" in text(desk("auditor").get(URL, {"from": typed}))


def test_a_time_of_another_zone_is_the_same_moment():
    assert lookups.read_moment("2026-11-28T01:30:00+00:00") == lookups.read_moment("2026-11-28 09:30")
    assert lookups.read_moment("2026-11-28T01:30:00+00:00") == "2026-11-28T09:30:00"


def test_what_is_a_persons_reaches_neither_an_exports_event_nor_a_saved_filter(desk):
    auditor, before = desk("auditor"), head()
    assert auditor.post("/admin/audit/export/csv/?ticket=someone@example.com").status_code == 302
    auditor.post("/admin/filters/events/?staff=someone@example.com", {"name": "theirs", "who": "shared"})
    assert not Event.objects.filter(seq__gt=before, facts__icontains="example.com").exists()


def test_what_is_saved_of_an_address_is_what_the_list_reads_of_it(desk):
    auditor = desk("auditor")
    saved = auditor.post("/admin/filters/events/?clause=10.1%00+", {"name": "sold", "who": "own"})
    assert saved["Location"].startswith(f"{URL}?clause=10.1&")
