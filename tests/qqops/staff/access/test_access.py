"""Who gets in and who may do what: by two people, by the database's own rules, and in an emergency for an hour."""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, connections, transaction
from django.utils import timezone

from qqops.audit import recorder
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.access import services as access
from qqops.staff.access.services import request_reset, request_role
from qqops.staff.models import AccessApproval, AccessRequest, Holding, Staff
from qqops.staff.people import services as people
from tests.enforcement.acts import broken
from tests.enforcement.runs.test_races import together
from tests.qqops.staff.acts import WHY, agree, emergency, grant, in_time, leaves, now_of
from tests.qqops.staff.signin.steps import head, told, verbs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]
HOUR = datetime.timedelta(hours=1)
REASON = "known to me"
Ask = Callable[[], AccessRequest]


@pytest.fixture(params=["join", "grant", "reset"])
def ask(request: pytest.FixtureRequest, sysadmin: Staff, agent: Staff) -> Ask:
    """Propose one of the three."""
    return {
        "join": lambda: access.invite("newcomer", "agent", name="", actor=sysadmin, reason=WHY),
        "grant": lambda: request_role(agent, "privacy", actor=sysadmin, reason=WHY),
        "reset": lambda: request_reset(agent, actor=sysadmin, reason=WHY),
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
    ruled = access.refuse(request, actor=supervisor, reason="unknown here", content_hash=request.content_hash)
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
            lambda by: access.invite("newcomer2", "agent", name="", actor=by, reason=WHY),
            lambda by: request_role(agent, "resources", actor=by, reason=WHY),
            lambda by: request_reset(cast["reviewer"], actor=by, reason=WHY),
        ):
            with pytest.raises(Refused):
                act(cast[login])
        assert verbs(since) == ["audit.refused"] * 3
    assert agree(request, cast["supervisor"]).request.state == "applied"


def test_nobody_asks_or_agrees_for_himself(sysadmin: Staff, supervisor: Staff, supervisor2: Staff) -> None:
    since = head()
    with pytest.raises(Refused, match="Nobody gives themselves access"):
        request_role(sysadmin, "agent", actor=sysadmin, reason=WHY)
    with pytest.raises(Refused, match="Nobody gives themselves access"):
        request_reset(sysadmin, actor=sysadmin, reason=WHY)
    request = request_role(supervisor, "privacy", actor=sysadmin, reason=WHY)
    with pytest.raises(Refused, match="This request is for you"):
        agree(request, supervisor)
    assert verbs(since) == ["audit.refused", "audit.refused", "staff.access_requested", "audit.refused"]
    agree(request, supervisor2)


def test_the_database_refuses_the_same_to_whoever_writes_past_the_services(
    agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)

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
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    with in_time(72 * HOUR), pytest.raises(Invalid, match="lapsed"):
        agree(request, supervisor)
    with in_time(71 * HOUR), pytest.raises(Invalid, match="not the one you saw"):
        access.approve(request, actor=supervisor, reason=REASON, content_hash="0" * 64)
    changed = AccessRequest.objects.get(pk=request.pk)
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(role="supervisor")
    changed.role = "supervisor"
    assert access.content_hash(changed) != request.content_hash
    assert agree(request, supervisor).request.state == "applied"


@pytest.mark.django_db(transaction=True)
def test_a_request_changed_by_the_owner_of_the_database_is_not_carried_out(
    agent: Staff, sysadmin: Staff, supervisor: Staff
) -> None:
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
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
        request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
        found = together(
            lambda r=request: agree(r, supervisor),  # type: ignore[misc]
            lambda r=request: access.refuse(r, actor=supervisor2, reason=REASON, content_hash=r.content_hash),  # type: ignore[misc]
        )
        assert sorted(type(f).__name__ for f in found) == ["Invalid", "Ruled"]
        if "privacy" in now_of(agent).roles:
            access.revoke(agent, "privacy", actor=sysadmin, reason="again from the start")
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    together(lambda: agree(request, supervisor), lambda: leaves(agent, sysadmin))
    assert not now_of(agent).roles and not now_of(agent).may_enter
    assert list(verify()) == []


def test_what_was_asked_for_somebody_who_left_is_not_given(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    reset = request_reset(agent, actor=sysadmin, reason=WHY)
    people.deactivate(agent, actor=supervisor, reason="has left the house")
    for one in (request, reset):
        with pytest.raises(Invalid, match="is not active"):
            agree(one, supervisor)
    back = access.invite("agent", "agent", name="", actor=sysadmin, reason=WHY)
    agree(back, supervisor)
    assert now_of(agent).roles == {"agent"} and not now_of(agent).has_usable_password()
    agree(request, supervisor)  # he is in again, and it has not lapsed
    assert broken() == []


def test_a_role_given_for_a_time_ends_by_itself(agent: Staff, sysadmin: Staff, supervisor: Staff) -> None:
    holding = grant(agent, "privacy", sysadmin, supervisor, timezone.now() + HOUR)
    assert now_of(agent).has_perm("enforcement.approve_reclaim") and holding.is_live
    with in_time(HOUR):
        assert not now_of(agent).has_perm("enforcement.approve_reclaim") and not holding.is_live
    request = request_role(agent, "resources", actor=sysadmin, reason=WHY, until=timezone.now() + HOUR)
    with in_time(2 * HOUR), pytest.raises(Invalid, match="lies in the past"):
        agree(request, supervisor)


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
            with recorder.act("staff.joined", actor=actor, reason="", facts=facts) as act:
                holding = Holding(staff=more.pop("staff", agent), since=timezone.now(), **more)
                holding.save()
                act.wrote(recorder.history_model(Holding))
            named = [(b.what, b.table, b.row.replace(str(holding.pk), "it")) for b in broken()]
            transaction.set_rollback(True)
        return named

    it = [("approval", "staff_holding", "holding it")]
    assert slipped(role="supervisor") == it
    assert slipped(role="supervisor", actor=supervisor) == it
    assert slipped(role="supervisor", glass=True, until=timezone.now() + HOUR, actor=sysadmin) == it
    waiting = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    assert slipped(role="privacy", request=waiting) == it
    refused = access.refuse(waiting, actor=supervisor, reason=REASON, content_hash=waiting.content_hash).request
    assert slipped(role="privacy", request=refused) == it
    with pytest.raises(IntegrityError, match="request_id"):  # one request gives one role once
        slipped(role="privacy", request=given.request)
    assert broken() == []


def test_a_request_called_applied_that_nobody_agreed_to_is_named(agent: Staff, sysadmin: Staff) -> None:
    request = request_role(agent, "privacy", actor=sysadmin, reason=WHY)
    with recorder.act(
        "staff.access_approved", actor=sysadmin, reason="", facts={"kind": "x", "login": "x", "role": "x"}
    ) as act:
        request.state = "applied"
        request.save(update_fields=["state"])
        act.wrote(recorder.history_model(AccessRequest))
    assert [(b.what, b.table, b.row) for b in broken()] == [
        ("approval", "staff_accessrequest", f"request {request.pk}")
    ]
