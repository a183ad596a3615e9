"""Who gets in and who may do what: by two people, by the database's own rules, and in an emergency for an hour."""

import datetime
import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.contrib.auth.tokens import default_token_generator
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.test import Client
from django.utils import timezone, translation

from qqops.alerts.models import Alert
from qqops.audit import pen
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.errors import Invalid, Refused
from qqops.staff import services
from qqops.staff.models import AccessApproval, AccessRequest, GlassReview, Holding, Staff, StaffSession
from qqops.staff.roles import EXCLUSIVE, GLASS_ROLES, ROLES
from qqops.staff.services.access import welcome_link
from qqops.staff.sql import slots
from qqops.staff.tasks import remind, remind_of_reviews
from tests.cast import PASSWORD
from tests.enforcement.acts import broken
from tests.enforcement.test_races import together
from tests.staff.acts import WHY, agree, codes, emergency, grant, leaves, let_in, now_of, reviewed
from tests.staff.door import head, inside, sign_in, told

pytestmark = pytest.mark.django_db
HOUR, DAY = datetime.timedelta(hours=1), datetime.timedelta(days=1)
REASON = "known to me"
NEW = "a long enough Pass 9"
Ask = Callable[[], AccessRequest]


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with translation.override("en"):
        yield


def at(span: datetime.timedelta) -> Any:
    return time_machine.travel(timezone.localtime() + span, tick=True)  # keeps the zone, which links are timed in


def verbs(since: int) -> list[str]:
    return [verb for verb, *_rest in told(since)]


@pytest.fixture(params=["join", "grant", "reset"])
def ask(request: pytest.FixtureRequest, sysadmin: Staff, agent: Staff) -> Ask:
    """Propose one of the three."""
    return {
        "join": lambda: services.invite("newcomer", "agent", name="", actor=sysadmin, reason=WHY),
        "grant": lambda: services.request_role(agent, "privacy", actor=sysadmin, reason=WHY),
        "reset": lambda: services.request_reset(agent, actor=sysadmin, reason=WHY),
    }[request.param]


# Two people


def test_it_is_proposed_by_one_and_agreed_by_another(ask: Ask, supervisor: Staff) -> None:
    since = head()
    request = ask()
    before = list(Holding.objects.filter(staff=request.staff).values_list("role", flat=True))
    facts = {"kind": request.kind, "login": request.staff.username, "role": request.role, "request": request.pk}
    ruled = agree(request, supervisor)
    request.refresh_from_db()
    assert request.state == "applied" and bool(ruled.link) == (request.kind != "grant")
    after = list(Holding.objects.filter(staff=request.staff).order_by("pk").values_list("role", flat=True))
    assert after == before + ([request.role] if request.role else [])
    label = request.staff.username
    assert told(since) == [
        ("staff.access_requested", "sysadmin", label, facts),
        ("staff.access_approved", "supervisor", label, facts),
    ]
    rows = Event.objects.filter(seq__gt=since).order_by("seq").values_list("rows", flat=True)
    asked = {"staff_historicalaccessrequest": 1} | ({"staff_historicalstaff": 1} if request.kind == "join" else {})
    agreed = {"staff_accessapproval": 1, "staff_historicalaccessrequest": 1}
    agreed |= {"staff_historicalstaff": 1} if request.kind != "grant" else {}
    agreed |= {"staff_historicalholding": 1} if request.kind != "reset" else {"alerts_alert": 1}
    assert list(rows) == [asked, agreed] and broken() == []
    with pytest.raises(Invalid):
        agree(request, supervisor)


def test_a_no_leaves_everything_as_it_was(ask: Ask, supervisor: Staff, supervisor2: Staff) -> None:
    request = ask()
    password, held = request.staff.password, Holding.objects.count()
    ruled = services.refuse(request, actor=supervisor, reason="unknown here", content_hash=request.content_hash)
    assert (ruled.link, ruled.request.state, Holding.objects.count()) == ("", "refused", held)
    assert Staff.objects.get(pk=request.staff_id).password == password
    assert not now_of(request.staff).may_enter or request.kind != "join"
    with pytest.raises(Invalid):
        agree(request, supervisor2)
    assert broken() == []


def test_only_some_may_ask_and_only_others_agree(ask: Ask, cast: dict[str, Staff]) -> None:
    request = ask()
    for login in set(cast) - {"supervisor", "supervisor2"}:
        since = head()
        with pytest.raises(Refused):
            agree(request, cast[login])
        assert verbs(since) == ["audit.refused"]
    agent = cast["agent"]
    for login in set(cast) - {"sysadmin", "sysadmin2"}:
        since = head()
        for act in (
            lambda by: services.invite("newcomer2", "agent", name="", actor=by, reason=WHY),
            lambda by: services.request_role(agent, "resources", actor=by, reason=WHY),
            lambda by: services.request_reset(cast["reviewer"], actor=by, reason=WHY),
        ):
            with pytest.raises(Refused):
                act(cast[login])
        assert verbs(since) == ["audit.refused"] * 3
    assert agree(request, cast["supervisor"]).request.state == "applied"


def test_nobody_asks_or_agrees_for_himself(sysadmin: Staff, supervisor: Staff, supervisor2: Staff) -> None:
    since = head()
    with pytest.raises(Refused, match="Nobody grants himself"):
        services.request_role(sysadmin, "agent", actor=sysadmin, reason=WHY)
    with pytest.raises(Refused, match="Nobody grants himself"):
        services.request_reset(sysadmin, actor=sysadmin, reason=WHY)
    request = services.request_role(supervisor, "privacy", actor=sysadmin, reason=WHY)
    with pytest.raises(Refused, match="This request is for you"):
        agree(request, supervisor)
    assert verbs(since) == ["audit.refused", "audit.refused", "staff.access_requested", "audit.refused"]
    agree(request, supervisor2)


def test_the_database_refuses_the_same_to_whoever_writes_past_the_services(
    agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)

    def approval(**more: Any) -> None:
        given = {
            "proposal": request, "staff": agent, "maker": sysadmin, "approver": supervisor, "agreed": True,
            "reason": REASON, "capacity": "staff.approve_access", "content_hash": request.content_hash,
            "at": timezone.now(), "event_id": Event.objects.latest("seq").pk,
        }  # fmt: skip
        with transaction.atomic():
            AccessApproval.objects.bulk_create([AccessApproval(**given | more)])
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    for more, rule in (
        ({"approver": sysadmin}, "access_approval_not_the_maker"),
        ({"approver": sysadmin, "maker": supervisor}, "maker_id_is_the_parents"),  # a false maker does not help
        ({"approver": agent}, "access_approval_not_for_oneself"),
        ({"approver": agent, "staff": supervisor}, "staff_id_is_the_parents"),
    ):
        with pytest.raises(IntegrityError, match=rule):
            approval(**more)
    approval()
    with pytest.raises(IntegrityError, match="access_approval_once_each"):
        approval()
    mine = AccessRequest(
        kind="grant", staff=sysadmin, maker=sysadmin, role="agent", reason=WHY, proposed_at=timezone.now()
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="access_not_for_oneself"), transaction.atomic():
        AccessRequest.objects.bulk_create([mine])
    for wrong, rule in (
        ({"role": ""}, "access_role"),
        ({"kind": "reset"}, "access_role"),
        ({"reason": ""}, "says_why"),
    ):
        for field, value in ({"staff": agent, "role": "agent", "kind": "grant", "reason": WHY} | wrong).items():
            setattr(mine, field, value)
        with pytest.raises(IntegrityError, match=rule), transaction.atomic():
            AccessRequest.objects.bulk_create([mine])


def test_a_request_lapses_and_one_changed_behind_the_back_is_void(
    agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    with at(72 * HOUR), pytest.raises(Invalid, match="lapsed"):
        agree(request, supervisor)
    with at(71 * HOUR), pytest.raises(Invalid, match="not the one you saw"):
        services.approve(request, actor=supervisor, reason=REASON, content_hash="0" * 64)
    changed = AccessRequest.objects.get(pk=request.pk)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(role="supervisor")
    changed.role = "supervisor"
    assert services.access.content_hash(changed) != request.content_hash
    assert agree(request, supervisor).request.state == "applied"


@pytest.mark.django_db(transaction=True)
def test_a_request_changed_by_the_owner_of_the_database_is_not_carried_out(
    agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE staff_accessrequest SET role = 'supervisor' WHERE id = %s", [request.pk])
    with pytest.raises(Invalid, match="not the one you saw"):
        agree(request, supervisor)
    assert "supervisor" not in now_of(agent).roles
    assert [(b.what, b.table) for b in verify()] == [("drift", "staff_accessrequest")]


@pytest.mark.django_db(transaction=True)
def test_of_a_yes_and_a_no_and_a_leaving_at_once_one_comes_first(
    agent: Staff, sysadmin: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    for _round in range(3):
        request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
        found = together(
            lambda r=request: agree(r, supervisor),  # type: ignore[misc]
            lambda r=request: services.refuse(r, actor=supervisor2, reason=REASON, content_hash=r.content_hash),  # type: ignore[misc]
        )
        assert sorted(type(f).__name__ for f in found) == ["Invalid", "Ruled"]
        if "privacy" in now_of(agent).roles:
            services.revoke(agent, "privacy", actor=sysadmin, reason="again from the start")
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    together(lambda: agree(request, supervisor), lambda: leaves(agent, sysadmin))
    assert not now_of(agent).roles and not now_of(agent).may_enter
    assert list(verify()) == []


def test_what_was_asked_for_somebody_who_left_is_not_given(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    reset = services.request_reset(agent, actor=sysadmin, reason=WHY)
    services.deactivate(agent, actor=supervisor, reason="has left the house")
    for one in (request, reset):
        with pytest.raises(Invalid, match="is not active"):
            agree(one, supervisor)
    back = services.invite("agent", "agent", name="", actor=sysadmin, reason=WHY)
    agree(back, supervisor)
    assert now_of(agent).roles == {"agent"} and not now_of(agent).has_usable_password()
    agree(request, supervisor)  # he is in again, and it has not lapsed
    assert broken() == []


def test_a_role_given_for_a_time_ends_by_itself(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    holding = grant(agent, "privacy", sysadmin, supervisor, timezone.now() + HOUR)
    assert now_of(agent).has_perm("enforcement.approve_reclaim") and holding.is_live
    with at(HOUR):
        assert not now_of(agent).has_perm("enforcement.approve_reclaim") and not holding.is_live
    request = services.request_role(agent, "resources", actor=sysadmin, reason=WHY, until=timezone.now() + HOUR)
    with at(2 * HOUR), pytest.raises(Invalid, match="lies in the past"):
        agree(request, supervisor)


# What excludes what


def held(staff: Staff, role: str, **more: Any) -> Holding:
    """A role held, written past the services by the application."""
    since = more.pop("since", timezone.now())
    (made,) = Holding.objects.bulk_create([Holding(staff=staff, role=role, since=since, **more)])
    return made


def test_every_pair_that_excludes_each_other_is_refused_and_every_other_is_not(outsider: Staff) -> None:
    exclusive = {frozenset(pair) for pair in EXCLUSIVE}
    assert {frozenset(("reviewer", "officer")), frozenset(("supervisor", "resources"))} <= exclusive
    for one, other in itertools.product(ROLES, repeat=2):
        with transaction.atomic():
            held(outsider, one)
            if one == other or frozenset((one, other)) in exclusive:
                with pytest.raises(IntegrityError, match="holding_exclusive"), transaction.atomic():
                    held(outsider, other)
            else:
                held(outsider, other)
            transaction.set_rollback(True)


def test_one_after_the_other_excludes_nothing(outsider: Staff) -> None:
    now = timezone.now()
    held(outsider, "officer", since=now - DAY, until=now)
    held(outsider, "reviewer", since=now)
    with pytest.raises(IntegrityError, match="holding_exclusive"), transaction.atomic():
        held(outsider, "auditor", since=now - 2 * DAY, until=now - HOUR)  # not behind the past either


def test_the_database_agrees_with_the_table_of_roles(db: None) -> None:
    """roles.py changed? The database learns it by a migration that replaces `staff_role_slots`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT role, staff_role_slots(role) FROM unnest(%s::text[]) role", [list(ROLES)])
        assert dict(cursor.fetchall()) == slots()


@pytest.mark.django_db(transaction=True)
def test_two_roles_that_exclude_each_other_given_at_once_are_one(
    outsider: Staff, sysadmin: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    for first, second in (("officer", "reviewer"), ("auditor", "agent"), ("sysadmin", "privacy")):
        asked = [services.request_role(outsider, role, actor=sysadmin, reason=WHY) for role in (first, second)]
        found = together(lambda a=asked: agree(a[0], supervisor), lambda a=asked: agree(a[1], supervisor2))  # type: ignore[misc]
        assert sorted(type(f).__name__ for f in found) == ["Refused", "Ruled"], found
        (role,) = now_of(outsider).roles
        services.revoke(outsider, role, actor=sysadmin, reason="again from the start")

    def raw(role: str) -> Callable[[], Any]:
        def write() -> Any:
            try:
                return held(outsider, role)
            except DatabaseError as error:  # excluded, or one of two that waited for each other
                return Invalid(str(error))

        return write

    for pair in EXCLUSIVE[:6]:
        together(*map(raw, pair))
        live = Holding.objects.live().filter(staff=outsider)
        assert live.count() <= 1
        live.update(until=timezone.now())


def test_a_role_held_is_only_ever_shortened(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    holding = grant(agent, "privacy", sysadmin, supervisor, timezone.now() + HOUR)
    for until in (None, holding.until + HOUR, holding.until + datetime.timedelta(microseconds=1)):  # type: ignore[operator]
        with pytest.raises(IntegrityError, match="only be shortened"), transaction.atomic():
            Holding.objects.filter(pk=holding.pk).update(until=until)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(role="supervisor")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).delete()
    with pytest.raises(IntegrityError, match="holding_in_order"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(until=holding.since - HOUR)
    assert Holding.objects.filter(pk=holding.pk).update(until=timezone.now()) == 1


# What the record proves


def test_a_role_slipped_in_is_named_by_verify(agent: Staff, officer: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    """By a programme error, or by somebody with the application's own role who knows how to write a whole record."""
    given = grant(officer, "resources", sysadmin, supervisor)
    emergency(officer, "privacy")
    assert broken() == []

    def slipped(**more: Any) -> list[tuple[str, str, str]]:
        with transaction.atomic():
            facts = {"login": agent.username, "role": more["role"]}
            actor = more.pop("actor", agent)
            with pen.act("staff.joined", actor=actor, reason="", facts=facts) as act:
                holding = Holding(staff=more.pop("staff", agent), since=timezone.now(), **more)
                holding.save()
                act.wrote(pen.history_model(Holding))
            named = [(b.what, b.table, b.row.replace(str(holding.pk), "it")) for b in broken()]
            transaction.set_rollback(True)
        return named

    it = [("approval", "staff_holding", "holding it")]
    assert slipped(role="supervisor") == it
    assert slipped(role="supervisor", actor=supervisor) == it
    assert slipped(role="supervisor", glass=True, until=timezone.now() + HOUR, actor=sysadmin) == it
    waiting = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    assert slipped(role="privacy", request=waiting) == it
    refused = services.refuse(waiting, actor=supervisor, reason=REASON, content_hash=waiting.content_hash).request
    assert slipped(role="privacy", request=refused) == it
    with pytest.raises(IntegrityError, match="request_id"):  # one request gives one role once
        slipped(role="privacy", request=given.request)
    assert broken() == []


def test_a_request_called_applied_that_nobody_agreed_to_is_named(agent: Staff, sysadmin: Staff) -> None:
    request = services.request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    with pen.act("staff.access_approved", actor=sysadmin, reason="") as act:
        request.state = "applied"
        request.save(update_fields=["state"])
        act.wrote(pen.history_model(AccessRequest))
    assert [(b.what, b.table, b.row) for b in broken()] == [
        ("approval", "staff_accessrequest", f"request {request.pk}")
    ]


# Emergency


def test_an_emergency_is_told_ends_by_itself_and_is_reviewed_by_another(
    officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    since = head()
    holding = emergency(officer, "supervisor", minutes=30)
    ((verb, actor, _subject, facts),) = told(since)
    assert (verb, actor, facts["role"], facts["login"]) == ("staff.broke_glass", "officer", "supervisor", "officer")
    assert Event.objects.latest("seq").rows == {"staff_historicalholding": 1, "alerts_alert": 1}
    assert Alert.objects.get().code == "break_glass"
    assert now_of(officer).has_perm("enforcement.approve_decision")
    with pytest.raises(Invalid, match="is over"):
        services.review_glass(holding, actor=supervisor, justified=True, remarks="it was needed")
    with at(31 * HOUR / 60):
        assert now_of(officer).roles == {"officer"}
        with pytest.raises(Refused, match="has not been reviewed"):
            emergency(officer, "privacy")
        for nobody in (officer,):
            with pytest.raises(Refused):
                services.review_glass(holding, actor=nobody, justified=True, remarks="it was needed")
        review = services.review_glass(holding, actor=supervisor, justified=False, remarks="could have waited")
        with pytest.raises(Invalid, match="reviewed already"):
            services.review_glass(holding, actor=supervisor2, justified=True, remarks="I think otherwise")
        assert GlassReview.objects.get() == review and broken() == []
        with pytest.raises(Refused, match="not justified"):
            emergency(officer, "privacy")


def test_nobody_reviews_his_own_and_the_database_says_so_too(supervisor: Staff, supervisor2: Staff) -> None:
    holding = emergency(supervisor, "officer")
    services.revoke(supervisor, "officer", actor=supervisor2, reason="the fire is out")
    holding.refresh_from_db()
    with pytest.raises(Refused, match="yourself"):
        services.review_glass(holding, actor=supervisor, justified=True, remarks="it was needed")

    def review(staff: Staff, reviewer: Staff) -> None:
        with transaction.atomic():
            GlassReview.objects.bulk_create([
                GlassReview(
                    holding=holding, staff=staff, reviewer=reviewer, justified=True, remarks="x", at=timezone.now(),
                    event_id=Event.objects.latest("seq").pk,
                )
            ])  # fmt: skip
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")

    with pytest.raises(IntegrityError, match="glass_review_by_another"):
        review(supervisor, supervisor)
    with pytest.raises(IntegrityError, match="staff_id_is_the_parents"):
        review(supervisor2, supervisor)


@pytest.mark.parametrize("minutes", [0, -5, 61, 600])
def test_an_emergency_lasts_an_hour_at_most(officer: Staff, minutes: int) -> None:
    with pytest.raises(Invalid):
        emergency(officer, "supervisor", minutes=minutes)
    now = timezone.now()
    for until in (None, now + HOUR + datetime.timedelta(seconds=1)):
        with pytest.raises(IntegrityError, match="holding_glass_is_short"), transaction.atomic():
            held(officer, "privacy", since=now, until=until, glass=True)
    holding = emergency(officer, "supervisor")
    with pytest.raises(IntegrityError, match="only be shortened"), transaction.atomic():
        Holding.objects.filter(pk=holding.pk).update(until=now + 2 * HOUR)


def test_an_emergency_opens_neither_the_record_nor_the_house_nor_what_excludes(
    officer: Staff, agent: Staff, auditor: Staff, sysadmin: Staff
) -> None:
    assert set(ROLES) - set(GLASS_ROLES) == {"auditor", "sysadmin"}
    since = head()
    for who, role in ((officer, "auditor"), (officer, "sysadmin"), (officer, "reviewer"), (officer, "officer"),
                      (agent, "supervisor"), (auditor, "supervisor"), (sysadmin, "supervisor")):  # fmt: skip
        with pytest.raises(Refused):
            emergency(who, role)
    assert verbs(since) == ["audit.refused"] * 7 and not Holding.objects.filter(glass=True).exists()


@pytest.mark.django_db(transaction=True)
def test_of_two_emergencies_at_once_there_is_one(officer: Staff) -> None:
    found = together(lambda: emergency(officer, "supervisor"), lambda: emergency(officer, "privacy"))
    assert sorted(type(f).__name__ for f in found) == ["Holding", "Refused"]
    assert Holding.objects.filter(glass=True).count() == Alert.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("why", ["deactivate", "revoke"])
def test_whoever_is_leaving_breaks_no_glass(officer: Staff, sysadmin: Staff, why: str) -> None:
    """The page was opened before; what counts is what he is when the act is done."""
    stale = now_of(officer)
    assert stale.has_perm("staff.break_glass")
    if why == "revoke":
        services.revoke(officer, "officer", actor=sysadmin, reason="moves to another desk")
    else:
        services.deactivate(officer, actor=sysadmin, reason="has left the house")
    with pytest.raises(Refused):
        services.break_glass("supervisor", actor=stale, reason="server room on fire")
    assert not Holding.objects.filter(glass=True).exists()


@pytest.mark.django_db(transaction=True)
def test_an_emergency_and_a_leaving_at_once_leave_no_role(officer: Staff, sysadmin: Staff) -> None:
    together(lambda: emergency(officer, "supervisor"), lambda: leaves(officer, sysadmin))
    assert not now_of(officer).roles and list(verify()) == []


def test_a_review_that_is_late_is_told_once_a_day(officer: Staff, reviewer: Staff, supervisor: Staff) -> None:
    mine, other = emergency(officer, "privacy"), emergency(reviewer, "privacy")
    reviewed(other, supervisor)
    with at(2 * DAY + 59 * HOUR / 60):
        assert remind_of_reviews() == 0
    since = head()
    with at(2 * DAY + HOUR):
        assert remind_of_reviews() == 1
        remind(0)
    with at(3 * DAY):
        remind(0)
        ((verb, actor, subject, facts),) = told(since)
        assert (verb, actor, subject, facts) == (
            "staff.review_overdue", "system-worker", "officer", {"who": "officer", "role": "privacy"}
        )  # fmt: skip
        assert Alert.objects.filter(code="break_glass_overdue").count() == 1
    with at(3 * DAY + 2 * HOUR):
        remind(0)
        assert Alert.objects.filter(code="break_glass_overdue").count() == 2
        services.review_glass(mine, actor=supervisor, justified=True, remarks="it was needed")
        assert remind_of_reviews() == 0
    assert broken() == []


# The link


@pytest.fixture
def link(sysadmin: Staff, supervisor: Staff) -> str:
    return let_in("newcomer", "agent", sysadmin, supervisor)[1]


def use(link: str, password: str = NEW, client: Client | None = None) -> Any:
    client = client or Client()
    client.cookies["django_language"] = "en"
    return client.post(link, {"code": codes.get(link, ""), "new_password1": password, "new_password2": password})


def dead(answer: Any) -> bool:
    return answer.status_code == 404 and "This link is no good any more" in answer.content.decode()


def test_a_link_sets_a_first_password_once(link: str) -> None:
    since = head()
    assert not sign_in(Client(), "newcomer", "").has_header("Location")
    assert Client().get(link).status_code == 200
    assert use(link, "short").status_code == 200 and use(link, "123456789012").status_code == 200
    assert use(link)["Location"] == "/account/login/"
    assert told(since)[-1] == ("staff.password_reset", "newcomer", "newcomer", {"login": "newcomer"})
    assert dead(use(link, "yet another Pass 7")) and Client().get(link).status_code == 404
    client = Client()
    assert sign_in(client, "newcomer", NEW).status_code == 302 and inside(client)
    assert broken() == []


def test_a_link_dies(link: str, sysadmin: Staff, supervisor: Staff) -> None:
    newcomer = services.named("newcomer")
    with at(72 * HOUR - datetime.timedelta(minutes=1)):
        assert Client().get(link).status_code == 200
    with at(72 * HOUR + datetime.timedelta(minutes=1)):
        assert dead(use(link))
    again = agree(services.request_reset(newcomer, actor=sysadmin, reason=WHY), supervisor).link
    assert dead(use(link)) and Client().get(again).status_code == 200
    services.deactivate(newcomer, actor=sysadmin, reason="does not come after all")
    assert dead(use(again)) and not services.named("newcomer").has_usable_password()
    back = agree(services.invite("newcomer", "agent", name="", actor=sysadmin, reason=WHY), supervisor).link
    assert dead(use(again)) and use(back).status_code == 302


def test_a_link_of_somebody_without_a_role_or_of_nobody_is_as_dead(link: str, sysadmin: Staff, outsider: Staff) -> None:
    texts = set()
    _empty, _account, _welcome, uid, token, _end = link.split("/")
    wrong = (f"/account/welcome/{uid}/{token[:-1]}{'x' if token[-1] != 'x' else 'y'}/", "/account/welcome/MQ/a-b/",
             "/account/welcome/_/x/", "/account/welcome/AA/x/", f"/account/welcome/OTk5OTk5OTk5OTk5OTk5OTk5/{token}/",
             welcome_link(outsider), welcome_link(Staff.objects.system("system-setup")))  # fmt: skip
    for path in wrong:
        answer = use(path)
        assert dead(answer), path
        texts.add(answer.content)
    services.revoke(services.named("newcomer"), "agent", actor=sysadmin, reason="does not come after all")
    assert dead(use(link))
    assert len({text[: text.index(b"csrfmiddlewaretoken")] if b"csrfmiddlewaretoken" in text else text
                for text in texts}) == 1  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_link_used_twice_at_once_is_used_once(link: str) -> None:
    found = together(*[lambda n=n: use(link, f"a long enough Pass {n}") for n in range(4)])
    assert sorted(answer.status_code for answer in found) == [302, 404, 404, 404]
    assert Event.objects.filter(verb="staff.password_reset").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_link_used_while_its_person_is_shut_out_lets_nobody_in(
    link: str, sysadmin: Staff, supervisor: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qqops.staff.signin.views import WelcomeView

    newcomer = services.named("newcomer")
    valid = WelcomeView.form_valid

    def late(self: Any, form: Any) -> Any:
        agree(services.request_reset(newcomer, actor=sysadmin, reason=WHY), supervisor)
        return valid(self, form)

    monkeypatch.setattr(WelcomeView, "form_valid", late)
    assert dead(use(link))
    assert not services.named("newcomer").has_usable_password()


def test_a_password_changed_while_its_person_is_shut_out_stays_shut(officer: Staff, sysadmin: Staff) -> None:
    stale = Staff.objects.get(pk=officer.pk)
    services.deactivate(officer, actor=sysadmin, reason="has left the house")
    with pytest.raises(Invalid, match="changed meanwhile"):
        services.reset_password(stale, NEW, actor=stale, reason="")
    assert not Staff.objects.get(pk=officer.pk).has_usable_password()


def test_a_new_way_in_takes_every_old_one(
    officer: Staff, sysadmin: Staff, supervisor: Staff, token: Callable[[Staff], str]
) -> None:
    from allauth.mfa.models import Authenticator

    from tests.staff.door import app_of

    secret = token(officer)
    client = Client()
    sign_in(client, "officer")
    app_of(officer)
    link = agree(services.request_reset(officer, actor=sysadmin, reason=WHY), supervisor).link
    assert not Authenticator.objects.filter(user=officer).exists() and not StaffSession.objects.exists()
    with pytest.raises(Refused):
        services.bearer(secret, "officer")
    assert not sign_in(Client(), "officer", PASSWORD).has_header("Location")
    assert use(link).status_code == 302 and now_of(officer).roles == {"officer"}
    assert not default_token_generator.check_token(services.named("officer"), link.split("/")[-2])


# The table of roles


def test_every_right_in_the_table_exists_and_every_right_of_the_staff_app_is_somebodys() -> None:
    known = set()
    for model in apps.get_models():
        meta = model._meta
        known |= {f"{meta.app_label}.{action}_{meta.model_name}" for action in meta.default_permissions}
        known |= {f"{meta.app_label}.{codename}" for codename, _name in meta.permissions}
    given = {permission for permissions in ROLES.values() for permission in permissions}
    assert given <= known, given - known
    ours = [m._meta for m in apps.get_models() if m._meta.app_label in ("staff", "alerts", "accounts", "enforcement")]
    declared = {f"{meta.app_label}.{codename}" for meta in ours for codename, _name in meta.permissions}
    assert declared <= given, declared - given


def test_rights_come_from_roles_held_now_and_from_nothing_else(officer: Staff, outsider: Staff) -> None:
    assert not hasattr(officer, "is_superuser") and not hasattr(officer, "groups")
    assert officer.has_perm("enforcement.make_freeze") and not officer.has_perm("audit.view_event")
    assert officer.has_perms(["enforcement.make_freeze"]) and officer.has_module_perms("enforcement")
    assert not outsider.has_module_perms("enforcement") and not outsider.may_enter
    officer.is_active = False
    assert not officer.has_perm("enforcement.make_freeze") and not officer.may_enter
