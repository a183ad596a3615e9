"""One item, one case, ten minutes: who may reveal what, how often, and what is left of it on the record."""

import datetime
import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone, translation

from accounts.declarations.services import declare
from accounts.models import Breach, BreachPerson, Identity, IdentityKey, Number, Reveal
from accounts.reveals.services import OverQuota, Wanted, check, reveal, shown, understood
from accounts.reveals.unusual import Flag, weigh
from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import register, review
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import answer, ask
from tests.enforcement.acts import decide, head, refuse, verbs
from tests.enforcement.runs.test_races import together
from tests.identities import ADULT, tell
from tests.qqops.staff.acts import grant as give
from tests.qqops.staff.acts import now_of

Make = Callable[..., Identity]
WHY = "the caller says the freeze is a mistake"
NOON = datetime.datetime(2031, 3, 5, 12, 0, tzinfo=datetime.timezone(datetime.timedelta(hours=8)))  # a Wednesday


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def wanted(identity: Identity, case: Any, field: str = "mobile", **more: str) -> Wanted:
    said = {"whose": "holder", "purpose": "decision", "case_kind": "decision", "case_ref": str(case), "reason": WHY}
    return Wanted(tenure=identity.tenure, field=field, **(said | more))


def grant(identity: Identity, case: Any, actor: Staff, field: str = "mobile", **more: str) -> Reveal:
    return reveal(wanted(identity, case, field, **more), actor=actor, nonce=uuid.uuid4())


def frozen(identity: Identity, actor: Staff) -> Any:
    return decide(Kind.FREEZE, [identity.tenure.number_id], actor).decision


def restricted(identity: Identity, actor: Staff) -> Any:
    return decide(Kind.RESTRICT, [identity.tenure.number_id], actor).decision


def flags(granted: Reveal) -> list[str]:
    """But for those that say when this test runs."""
    return [flag for flag in granted.flags if flag not in ("night", "weekend")]


def anew(identity: Identity) -> Identity:
    return Identity.objects.select_related("tenure__number").get(pk=identity.pk)


def test_an_officer_reveals_one_item_for_his_decision_and_only_he_sees_it_until_it_ends(
    identity: Make, rulebook: Any, officer: Staff, officer2: Staff
) -> None:
    one = identity()
    decision, before = frozen(one, officer), head()
    granted = grant(one, f" {decision.pk}", officer)
    assert (granted.case_ref, granted.until - granted.at) == (f"#{decision.pk}", datetime.timedelta(minutes=10))
    assert shown(granted, actor=officer) == ADULT["mobile"]
    assert shown(granted, actor=officer, now=granted.until - datetime.timedelta(seconds=1)) == ADULT["mobile"]
    assert verbs(before) == ["identity.revealed"]  # looking again is no event of its own
    event = Event.objects.latest("seq")
    assert (event.actor, event.subject_label, event.reason) == (officer, str(one.tenure), WHY)
    assert event.rows == {"accounts_reveal": 1}
    assert event.facts == {
        "field": "mobile", "whose": "holder", "purpose": "decision", "case_kind": "decision",
        "case_ref": f"#{decision.pk}", "until": granted.until.isoformat(),
    }  # fmt: skip
    for actor, moment, why in (
        (officer2, granted.at, "another person"),
        (officer, granted.until, "ten minutes are over"),
    ):
        before = head()
        with pytest.raises(Refused, match=why):
            shown(granted, actor=actor, now=moment)
        assert verbs(before) == ["audit.refused"]
        refused = Event.objects.latest("seq")
        assert (refused.actor, refused.facts["reveal"]) == (actor, granted.pk)
    assert whole()


def test_what_was_seen_stands_nowhere(identity: Make, rulebook: Any, officer: Staff) -> None:
    one = identity()
    decision = frozen(one, officer)
    seen = [shown(grant(one, decision, officer, field), actor=officer) for field in ADULT]
    assert seen == list(ADULT.values())
    with connection.cursor() as cursor:
        for table in ("audit_event", "accounts_reveal", "accounts_historicalidentity", "alerts_alert"):
            cursor.execute(f"SELECT coalesce(json_agg(t)::text, '') FROM {table} t")
            rows = json.dumps(json.loads(cursor.fetchone()[0] or "[]"), ensure_ascii=False)
            assert not [value for value in (*seen, ADULT["mobile"][3:]) if value in rows], table


def test_a_case_that_only_the_one_who_reveals_has_touched_is_flagged(
    identity: Make, rulebook: Any, cast: dict[str, Staff]
) -> None:
    one, agent = identity(), cast["agent"]
    for person, role in ((cast["privacy"], "agent"), (cast["reviewer"], "privacy")):
        give(person, role, cast["sysadmin"], cast["supervisor"])
    privacy, colleague = now_of(cast["privacy"]), now_of(cast["reviewer"])
    number = one.tenure.number_id
    mine, anothers = ask(one, privacy, "copy"), ask(one, agent, "lock")
    police, seen_by_two = register(privacy, number), register(privacy, number)
    review(seen_by_two, colleague, "registrant")
    for kind, case, expected in (
        ("data_request", mine, ["own_word"]),
        ("data_request", anothers, []),
        ("disclosure", police, ["own_word"]),
        ("disclosure", seen_by_two, []),
    ):
        purpose = "law" if kind == "disclosure" else "rights"
        assert flags(grant(one, case.receipt, privacy, case_kind=kind, purpose=purpose)) == expected, case
    assert weigh([Flag.OWN_WORD]) == weigh([Flag.NOT_OWN_CASE])


def test_the_same_form_sent_again_is_the_same_grant_and_nobody_elses(
    identity: Make, rulebook: Any, officer: Staff, supervisor: Staff
) -> None:
    one = identity()
    decision, nonce = frozen(one, officer), uuid.uuid4()
    first = reveal(wanted(one, decision), actor=officer, nonce=nonce)
    before = head()
    assert reveal(wanted(one, decision, "name"), actor=officer, nonce=nonce) == first
    assert verbs(before) == [] and Reveal.objects.count() == 1
    with pytest.raises(Refused, match="another person's"):
        reveal(wanted(one, decision), actor=supervisor, nonce=nonce)
    assert Reveal.objects.count() == 1


def test_a_case_must_cover_the_number_be_open_and_be_ones_own(
    identity: Make, rulebook: Any, officer: Staff, officer2: Staff, supervisor: Staff
) -> None:
    one, other = identity(), identity(name="王芳")
    decision, elsewhere = frozen(one, officer), frozen(other, officer)
    before, ref = head(), f"#{elsewhere.pk}"
    for actor, case in ((officer, ref), (officer2, decision), (officer, "#999999"), (supervisor, ref)):
        with pytest.raises(Refused, match="covers this number"):
            grant(one, case, actor)
    assert verbs(before) == ["audit.refused"] * 4
    told = Event.objects.filter(seq__gt=before).earliest("seq")
    assert (told.facts["case_ref"], told.facts["field"], told.subject_label) == (ref, "mobile", str(one.tenure))
    assert flags(grant(one, decision, supervisor)) == ["not_own_case"]  # his work is everybody's, and it shows
    with time_machine.travel(timezone.now() + datetime.timedelta(days=31)), pytest.raises(Refused, match="is closed"):
        grant(one, decision, officer)
    waiting = decide(Kind.TERMINATE, [other.tenure.number_id], officer)
    assert flags(grant(other, waiting.decision, supervisor, "name")) == []  # he is to rule on it
    refuse(waiting, supervisor)
    with pytest.raises(Refused, match="is closed"):
        grant(other, waiting.decision, officer, "name")
    assert whole()


def test_each_role_has_its_purposes_and_some_roles_none(
    identity: Make, rulebook: Any, cast: dict[str, Staff], officer: Staff
) -> None:
    one = identity()
    decision = frozen(one, officer)
    for login, purpose, sentence in (
        ("officer", "appeal", "for this purpose"),
        ("officer", "caller", "for this purpose"),
        ("privacy", "appeal", "for this purpose"),
        ("agent", "caller", "may not reveal"),
        ("auditor", "decision", "may not reveal"),
        ("resources", "decision", "may not reveal"),
        ("sysadmin", "decision", "may not reveal"),
        ("outsider", "decision", "may not reveal"),
    ):
        with pytest.raises(Refused, match=sentence):
            grant(one, decision, cast[login], purpose=purpose)
    assert grant(one, decision, cast["privacy"]).purpose == "decision"
    assert grant(one, decision, cast["supervisor"], purpose="caller").purpose == "caller"


def test_what_makes_no_sense_is_told_and_leaves_no_trace(identity: Make, rulebook: Any, officer: Staff) -> None:
    one = identity(mobile=ADULT["mobile"])
    decision, before = frozen(one, officer), head()
    for said in (
        {"purpose": "curiosity"},
        {"whose": "neighbour"},
        {"case_kind": "rumour"},
        {"case_kind": "disclosure", "case_ref": "R20261119J000000X"},
        {"case_ref": "１２"},
        {"case_ref": "-1"},
        {"case_ref": "9" * 19},
        {"case_ref": ""},
        {"reason": "no"},
        {"reason": "he is 110105 19491231 002X"},
        {"purpose": "law"},  # a decision is no lawful request
        {"whose": "registrant", "field": "email"},
    ):
        field = said.pop("field", "mobile")
        with pytest.raises(Invalid):
            grant(one, decision, officer, field, **said)
    assert verbs(before) == [] and not Reveal.objects.exists()
    with pytest.raises(Invalid):
        check(understood(wanted(one, decision, "born")), actor=officer)


def test_erased_stopped_and_own_are_refused(
    identity: Make, rulebook: Any, officer: Staff, privacy: Staff, supervisor: Staff
) -> None:
    one, own = identity(), identity(name="王芳")
    decision, mine = frozen(one, officer), frozen(own, officer)
    granted, before_own = grant(one, decision, officer), grant(own, mine, officer, "name")
    _set(one, privacy, locked_at=timezone.now())
    for refused in (lambda: grant(anew(one), decision, officer), lambda: shown(_again(granted), actor=officer)):
        with pytest.raises(Refused, match="stopped"):
            refused()
    assert shown(grant(anew(one), decision, privacy), actor=privacy) == ADULT["mobile"]
    with pytest.raises(Refused, match="stopped"):
        grant(anew(one), decision, officer, whose="registrant")
    _set(one, privacy, locked_at=None, erased_at=timezone.now(), mobile=None)
    IdentityKey.objects.filter(pk=one.pk).delete()
    for refused in (lambda: grant(anew(one), decision, privacy), lambda: shown(_again(granted), actor=officer)):
        with pytest.raises(Refused, match="erased"):
            refused()
    declare(officer, [own.tenure.number_id], "relative", actor=officer)
    for refused in (lambda: grant(own, mine, officer), lambda: shown(_again(before_own), actor=officer)):
        with pytest.raises(Refused, match="declared"):
            refused()
    assert whole()


def _set(identity: Identity, actor: Staff, **values: Any) -> None:
    """As the acts on a person's rights do."""
    with recorder.act(
        "identity.recorded", actor=actor, reason="at the person's request", facts={"identities": 1}
    ) as act:
        Identity.objects.filter(pk=identity.pk).update(**values)
        act.history(Identity, [identity.pk])


def _again(granted: Reveal) -> Reveal:
    return Reveal.objects.get(pk=granted.pk)


def test_the_registrant_as_he_was_is_revealed_apart_from_the_holder(
    identity: Make, rulebook: Any, officer: Staff, setup_actor: Staff
) -> None:
    one = identity()
    decision = frozen(one, officer)
    one = tell(one.tenure, setup_actor, mobile="+8613700000000")
    assert shown(grant(one, decision, officer), actor=officer) == "+8613700000000"
    assert shown(grant(one, decision, officer, whose="registrant"), actor=officer) == ADULT["mobile"]


def test_above_the_daily_quota_it_stops_and_tells_once_and_the_next_day_it_goes_on(
    identity: Make, rulebook: Any, officer: Staff, officer2: Staff, settings: Any
) -> None:
    settings.QQOPS_DAILY_REVEALS = 3
    with time_machine.travel(NOON, tick=False) as clock:
        one = identity()
        decision, nonce = frozen(one, officer), uuid.uuid4()
        first = reveal(wanted(one, decision), actor=officer, nonce=nonce)
        for _n in range(2):
            grant(one, decision, officer)
        before = head()
        for _n in range(3):
            with pytest.raises(OverQuota, match="revealed 3 items today"):
                grant(one, decision, officer)
        assert verbs(before) == ["identity.reveals_stopped"]
        alert = Alert.objects.get()
        assert (alert.code, alert.level, alert.facts) == ("reveal_quota", "critical", {"who": "officer", "n": 3})
        assert alert.subject_label == "officer" and Event.objects.latest("seq").rows == {"alerts_alert": 1}
        assert reveal(wanted(one, decision), actor=officer, nonce=nonce) == first  # granted before it was too much
        grant(one, restricted(one, officer2), officer2)  # everybody has his own
        clock.move_to(NOON + datetime.timedelta(hours=12, seconds=1))  # past midnight here, not at Greenwich
        for _n in range(3):
            grant(one, decision, officer)
        with pytest.raises(OverQuota):
            grant(one, decision, officer)
        assert Alert.objects.count() == 2
    assert Reveal.objects.filter(staff=officer).count() == 6 and whole()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_at_the_edge_of_the_quota_are_exactly_the_quota(
    number: Callable[..., Number], setup_actor: Staff, rulebook: Any, officer: Staff, settings: Any
) -> None:
    settings.QQOPS_DAILY_REVEALS = 2
    one = tell(number(), setup_actor)
    decision = frozen(one, officer)
    grant(one, decision, officer)
    found = together(*[lambda: grant(one, decision, officer)] * 3)
    assert sorted(type(f).__name__ for f in found) == ["OverQuota", "OverQuota", "Reveal"]
    assert (Reveal.objects.count(), Alert.objects.count()) == (2, 1)
    assert Event.objects.filter(verb="identity.reveals_stopped").count() == 1
    form = uuid.uuid4()
    settings.QQOPS_DAILY_REVEALS = 9
    same = together(*[lambda: reveal(wanted(one, decision), actor=officer, nonce=form)] * 3)
    assert len(set(same)) == 1 and Reveal.objects.count() == 3
    assert list(verify()) == []


def test_what_is_unusual_is_flagged_and_weighed(
    number: Callable[..., Number], setup_actor: Staff, rulebook: Any, officer: Staff, supervisor: Staff, settings: Any
) -> None:
    settings.QQOPS_DAILY_REVEALS = 100
    with time_machine.travel(NOON, tick=False) as clock:
        plain, rare = tell(number(), setup_actor), tell(number(tier=2, protection="vip"), setup_actor, name="王芳")
        case = frozen(plain, officer)
        rare_case = decide(Kind.FREEZE, [rare.tenure.number_id], officer).decision
        assert (grant(plain, case, officer).flags, Reveal.objects.get().unusual) == ([], 0)
        for _n in range(3):
            assert grant(plain, case, officer).flags == []
        assert grant(plain, case, officer).flags == ["again"]  # the fifth within a day
        assert grant(rare, rare_case, officer, "name").flags == ["premium", "protected"]
        clock.move_to(NOON + datetime.timedelta(hours=10))
        assert grant(rare, rare_case, officer, "name").flags == ["night", "premium", "protected"]
        clock.move_to(NOON + datetime.timedelta(days=2, hours=23))  # Saturday
        found = grant(rare, rare_case, supervisor, "name")
        assert found.flags == ["weekend", "premium", "protected"]
        settings.QQOPS_DAILY_REVEALS = 3
        assert "many_today" in grant(rare, rare_case, supervisor, "name").flags  # the second of three
        assert found.unusual == 1 + 1 + 2


def test_twenty_people_within_an_hour_are_many(
    numbers: Callable[..., list[int]], setup_actor: Staff, rulebook: Any, officer: Staff
) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        ids = numbers(21)
        people = [tell(n, setup_actor, name="王芳") for n in Number.objects.filter(pk__in=ids).order_by("pk")]
        case = decide(Kind.FREEZE, ids, officer).decision
        for one in people[:19]:
            assert "many_people" not in grant(one, case, officer, "name").flags
        assert "many_people" not in grant(people[0], case, officer, "name").flags
        assert "many_people" in grant(people[19], case, officer, "name").flags
        clock.move_to(NOON + datetime.timedelta(hours=1))
        assert "many_people" not in grant(people[20], case, officer, "name").flags


def test_requests_and_breaches_are_cases_of_those_who_work_on_them(
    identity: Make, rulebook: Any, cast: dict[str, Staff], privacy: Staff, agent: Staff, supervisor: Staff
) -> None:
    one, other = identity(), identity(name="王芳")
    police, copy = register(agent, one.tenure.number_id), ask(one, agent, "copy")
    with recorder.act("demo.built", actor=privacy, reason="breach of a test", facts={"numbers": 0}) as act:
        breach = Breach.objects.create(level="ordinary", what="a list was lost", maker=privacy, found_at=timezone.now())
        BreachPerson.objects.create(event_id=act.event_id, breach=breach, tenure=one.tenure)
        act.wrote(BreachPerson, recorder.history_model(Breach))
    for purpose, kind, ref in (
        ("law", "disclosure", police.receipt.lower()),
        ("rights", "data_request", copy.receipt),
        ("breach", "breach", f"#{breach.pk}"),
    ):
        said = {"purpose": purpose, "case_kind": kind, "case_ref": ref}
        for actor, own in ((privacy, True), (supervisor, False)):
            found = check(understood(wanted(one, "", **said)), actor=actor)
            assert (found.own, found.case.open) == (own, True), kind
            with pytest.raises(Refused, match="covers this number"):
                check(understood(wanted(other, "", "name", **said)), actor=actor)
    answer(copy, privacy, "refused")
    with pytest.raises(Refused, match="is closed"):
        grant(one, copy.receipt, privacy, purpose="rights", case_kind="data_request")
    answered = check(understood(wanted(one, police.receipt, purpose="law", case_kind="disclosure")), actor=supervisor)
    assert not answered.own  # not his turn yet
    review(police, privacy, "registrant")
    answered = check(understood(wanted(one, police.receipt, purpose="law", case_kind="disclosure")), actor=supervisor)
    assert answered.own and whole()
