"""The tables of policy.py against the reading of the Rules, row by row and at every boundary."""

from typing import Any

import pytest

from accounts.lifecycle import HELD, Lifecycle
from enforcement import policy
from enforcement.decisions.order_validation import check, may_order
from enforcement.models import Decision
from enforcement.policy import AUTHORITIES, BASIS, FROM, NOT_UNDONE, RULES, UNDO, Case, Effect, FreezeKind, Kind, Scope
from qqops.approvals.models import State
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from qqops.staff.policy import ROLES
from tests.enforcement.acts import DAY, HOUR, order
from tests.enforcement.reclaiming import adopt

K, F = Kind, FreezeKind

# domain.md §6.2 with the rows that DESIGN §4 adds: clause → what it allows, a freeze by its kinds.
MATRIX: dict[str, set[str]] = {
    "4.1": {"restrict"},
    "6.2": {"freeze:security", "freeze:owner", "lift"},
    "7": {"lift", "adjust", "restore"},
    "8.1": {"restrict", "freeze:violation", "terminate"},
    "8.2": {"restrict", "freeze:violation", "terminate"},
    "8.3": {"freeze:security"},
    "9.4": {"restrict", "freeze:violation", "terminate"},
    "10.1": {"restrict", "freeze:violation", "terminate", "lift", "adjust", "restore", "undo"},
    "10.2": {"terminate"},
    "10.3": {"terminate"},
    "11": {"lift", "adjust", "restore", "undo"},
    "contract": {"restrict", "freeze:violation", "terminate"},
    "law": {"restrict", "freeze:legal", "terminate", "lift", "adjust", "restore", "undo"},
}
ACTS = ["restrict", *(f"freeze:{f}" for f in F.values), "terminate", "lift", "adjust", "restore", "undo"]


def test_the_matrix_has_exactly_the_grounds_of_the_rules() -> None:
    assert set(BASIS) == set(MATRIX)


@pytest.mark.django_db
@pytest.mark.usefixtures("feed")
@pytest.mark.parametrize("clause", MATRIX)
@pytest.mark.parametrize("act", ACTS)
def test_a_clause_allows_its_measures_and_no_other(
    clause: str, act: str, cast: dict[str, Staff], officer: Staff, resources: Staff
) -> None:
    kind, _colon, freeze_kind = act.partition(":")
    more: dict[str, Any] = {"clauses": (clause,), "citation": "某法第一条" if clause == "law" else ""}
    more |= {"article": "service:4.2"} if clause == "contract" else {}
    more |= {"duration": DAY} if kind == "adjust" else {}
    more |= {"undoes": Decision(kind=K.FREEZE, state=State.APPLIED)} if kind == "undo" else {}
    if freeze_kind:
        more |= {"freeze_kind": freeze_kind, "duration": 12 * HOUR}
    actor = resources if clause == "10.3" and kind == "terminate" else officer
    if clause == "10.3" and kind == "terminate":
        more["policy"] = adopt(cast)
    if act in MATRIX[clause]:
        check(order(K(kind), **more), actor)
    else:
        with pytest.raises(Invalid, match=clause):
            check(order(K(kind), **more), actor)


@pytest.mark.django_db
def test_every_ground_named_must_allow_the_act(officer: Staff) -> None:
    check(order(K.TERMINATE, clauses=("10.1", "10.2")), officer)
    with pytest.raises(Invalid, match="10.2"):
        check(order(K.FREEZE, clauses=("10.1", "10.2")), officer)
    with pytest.raises(Invalid, match="12.6"):
        check(order(K.FREEZE, clauses=("12.6",)), officer)
    with pytest.raises(Invalid):
        check(order(K.FREEZE, clauses=()), officer)


@pytest.mark.django_db
def test_law_stands_in_for_a_clause_only_with_its_document(officer: Staff) -> None:
    legal = {"clauses": ("law",), "freeze_kind": F.LEGAL}
    check(order(K.FREEZE, **legal, citation="（2026）粤0305民初1号"), officer)
    with pytest.raises(Invalid):
        check(order(K.FREEZE, **legal, citation="  "), officer)


@pytest.mark.django_db
def test_a_freeze_for_the_holder_lasts_a_day_at_most(officer: Staff) -> None:
    own = {"clauses": ("6.2",), "freeze_kind": F.OWNER}
    check(order(K.FREEZE, **own, duration=24 * HOUR), officer)
    for more in ({"duration": 25 * HOUR}, {"indefinite": True}):
        with pytest.raises(Invalid, match="24"):
            check(order(K.FREEZE, **own, **more), officer)


def test_each_kind_has_an_undo_or_says_that_it_has_none_and_each_row_a_condition() -> None:
    assert set(UNDO) | set(NOT_UNDONE) == set(K) and set(UNDO.values()) == {K.UNDO}
    assert [r.code for r in RULES] == list(policy.CONDITIONS)
    assert all(bool(r.approvers) == (r.effect != Effect.AT_ONCE) for r in RULES)


def test_acts_reach_only_numbers_that_someone_holds() -> None:
    assert set(FROM) == set(K)
    assert all(set(states) <= {str(s) for s in HELD} for states in FROM.values())
    assert FROM[K.RESTORE] == (Lifecycle.TERMINATED,)


def case(kind: Kind, **more: Any) -> Case:
    length = DAY if kind in (K.FREEZE, K.RESTRICT) else None
    given: dict[str, Any] = {"clauses": ("10.1",), "targets": 1, "length": length}
    return Case(kind, **(given | more))


SUP, PRIV = policy.SUPERVISOR, policy.PRIVACY


CASES: list[tuple[Case, str, str, tuple[str, ...]]] = [
    (case(K.TERMINATE, clauses=("10.3",)), "reclaim", "waits", (SUP, PRIV)),
    (case(K.TERMINATE, clauses=("10.3",), targets=10_001), "reclaim", "waits", (SUP, PRIV)),
    (case(K.UNDO), "undo", "waits", (SUP,)),
    (case(K.UNDO, targets=50_000), "undo", "waits", (SUP,)),
    (case(K.UNDO, targets=100, terminates=True), "undo", "waits", (SUP,)),
    (case(K.UNDO, targets=101, terminates=True), "undo_restore", "waits", (SUP, SUP)),
    (case(K.UNDO, withdraws=True), "withdraw", "at_once", ()),
    (case(K.FREEZE, targets=10_000), "batch", "waits", (SUP,)),
    (case(K.FREEZE, targets=10_001), "large", "waits", (SUP, SUP)),
    (case(K.TERMINATE, targets=100), "terminate", "waits", (SUP,)),
    (case(K.TERMINATE, targets=101), "batch_terminate", "waits", (SUP, SUP)),
    (case(K.FREEZE, targets=100), "alone", "at_once", ()),
    (case(K.FREEZE, targets=101), "batch", "waits", (SUP,)),
    (case(K.FREEZE, targets=101, length=None), "batch", "waits", (SUP,)),  # never even provisional
    (case(K.LIFT, targets=101), "batch", "waits", (SUP,)),
    (case(K.FREEZE, protected=True), "protected", "waits", (SUP,)),
    (case(K.FREEZE, protected=True, length=None), "protected", "waits", (SUP,)),  # never even provisional
    (case(K.LIFT, protected=True), "protected", "waits", (SUP,)),
    (case(K.TERMINATE, protected=True), "protected", "waits", (SUP,)),
    (case(K.TERMINATE, protected=True, clauses=("10.3",)), "reclaim", "waits", (SUP, PRIV)),
    (case(K.TERMINATE, protected=True, targets=101), "batch_terminate", "waits", (SUP, SUP)),
    (case(K.FREEZE, protected=True, targets=10_001), "large", "waits", (SUP, SUP)),
    (case(K.FREEZE, past_daily_limit=True), "daily_limit", "waits", (SUP,)),
    (case(K.FREEZE, past_daily_limit=True, length=None), "daily_limit", "waits", (SUP,)),
    (case(K.TERMINATE), "terminate", "waits", (SUP,)),
    (case(K.RESTORE), "restore", "waits", (SUP,)),
    (case(K.LIFT), "alone", "at_once", ()),
    (case(K.ADJUST), "alone", "at_once", ()),
    (case(K.ADJUST, targets=101), "batch", "waits", (SUP,)),
    (case(K.ADJUST, adds=True), "extend", "waits", (SUP,)),
    (case(K.ADJUST, lifts_own=True), "changes_own", "waits", (SUP,)),
    (case(K.ADJUST, overturns_supervisor=True), "overturns_supervisor", "waits", (SUP,)),
    (case(K.ADJUST, clauses=("law",)), "change_by_order", "waits", (SUP,)),
    (case(K.ADJUST, ruling_waits=True), "ruling", "waits", (SUP,)),
    (case(K.LIFT, lifts_own=True), "lifts_own", "waits", (SUP,)),
    (case(K.LIFT, overturns_supervisor=True), "overturns_supervisor", "waits", (SUP,)),
    (case(K.LIFT, clauses=("law",)), "by_order", "waits", (SUP,)),
    (case(K.FREEZE, refused_before=True, length=None), "refused_before", "waits", (SUP,)),
    (case(K.FREEZE, past_solo_freeze=True), "solo_freeze", "waits", (SUP,)),
    (case(K.FREEZE, supervised=True), "supervised", "provisional", (SUP,)),
    (case(K.FREEZE, length=7 * DAY), "alone", "at_once", ()),
    (case(K.FREEZE, length=7 * DAY + HOUR), "long_freeze", "provisional", (SUP,)),
    (case(K.FREEZE, length=None), "long_freeze", "provisional", (SUP,)),
    (case(K.RESTRICT, length=30 * DAY), "alone", "at_once", ()),
    (case(K.RESTRICT, length=30 * DAY + HOUR), "long_restriction", "provisional", (SUP,)),
    (case(K.RESTRICT, length=None), "long_restriction", "provisional", (SUP,)),
    (case(K.RESTRICT, scopes=(Scope.MAIL,)), "alone", "at_once", ()),
    (case(K.RESTRICT, scopes=(Scope.MAIL, Scope.LOGIN)), "login_restriction", "provisional", (SUP,)),
]


@pytest.mark.parametrize(("given", "code", "effect", "approvers"), CASES)
def test_the_first_row_that_applies_decides(given: Case, code: str, effect: str, approvers: tuple[str, ...]) -> None:
    rule = policy.rule_for(given)
    assert (rule.code, rule.effect, rule.approvers) == (code, effect, approvers)


def test_every_row_has_its_case() -> None:
    assert {code for _case, code, _effect, _approvers in CASES} == {r.code for r in RULES}


def test_what_a_lift_reaches_by_its_ground() -> None:
    ordinary = {"restrict", "security", "violation", "owner"}
    reached = {code: set(policy.liftable((code,))) for code in BASIS if K.LIFT in BASIS[code].kinds}
    assert reached == {
        "6.2": {"security", "owner"}, "7": ordinary, "10.1": ordinary, "11": ordinary, "law": ordinary | {"legal"},
    }  # fmt: skip
    assert all(not BASIS[code].lifts for code in BASIS if code not in reached)


def test_a_proposal_lives_72_hours_and_a_batch_48() -> None:
    assert policy.life_of_proposal(100) == 72 * HOUR
    assert policy.life_of_proposal(101) == 48 * HOUR
    assert policy.time_alone(7 * DAY) == 7 * DAY
    assert policy.time_alone(8 * DAY) == policy.time_alone(None) == 72 * HOUR


# domain.md §9: the acts a role may order, each as far as it goes.
ORDERS: dict[str, dict[str, Any]] = {
    "security 24 h": {"kind": K.FREEZE, "clauses": ("6.2",), "freeze_kind": F.SECURITY, "duration": 24 * HOUR},
    "security 25 h": {"kind": K.FREEZE, "clauses": ("6.2",), "freeze_kind": F.SECURITY, "duration": 25 * HOUR},
    "violation 7 d": {"kind": K.FREEZE, "duration": 7 * DAY},
    "violation 8 d": {"kind": K.FREEZE, "duration": 8 * DAY},
    "indefinite": {"kind": K.FREEZE, "indefinite": True},
    "restrict": {"kind": K.RESTRICT, "indefinite": True},
    "terminate": {"kind": K.TERMINATE},
    "reclaim": {"kind": K.TERMINATE, "clauses": ("10.3",)},
    "reclaim and more": {"kind": K.TERMINATE, "clauses": ("10.1", "10.3")},
    "lift": {"kind": K.LIFT},
    "adjust": {"kind": K.ADJUST, "duration": DAY},
    "restore": {"kind": K.RESTORE},
    "undo": {"kind": K.UNDO, "undoes": Decision(kind=K.FREEZE, state=State.APPLIED)},
}
MAY: dict[str, set[str]] = {
    "agent": {"security 24 h"},
    "reviewer": {"security 24 h", "security 25 h", "lift", "adjust", "restore", "undo"},
    "officer": set(ORDERS) - {"reclaim", "reclaim and more"},
    "supervisor": {"security 24 h", "security 25 h", "violation 7 d", "restrict"},
    "resources": {"reclaim"},
    "privacy": set(),
    "auditor": set(),
    "sysadmin": set(),
    "outsider": set(),
}


@pytest.mark.django_db
@pytest.mark.usefixtures("feed")
@pytest.mark.parametrize("login", MAY)
def test_a_role_orders_what_its_authority_reaches(login: str, cast: dict[str, Staff]) -> None:
    may, policy = set(), adopt(cast)
    for name, wish in ORDERS.items():
        under = {"policy": policy} if "10.3" in wish.get("clauses", ()) else {}
        try:
            check(order(**wish, **under), cast[login])
        except Refused:
            continue
        may.add(name)
    assert may == MAY[login]
    assert {k for k in K if may_order(k, cast[login])} == {ORDERS[name]["kind"] for name in may}


def test_each_authority_is_held_by_some_role() -> None:
    held = {p for permissions in ROLES.values() for p in permissions}
    assert {a.permission for a in AUTHORITIES} | {policy.ADD, SUP, PRIV} <= held
    assert not set(ROLES["auditor"]) & {a.permission for a in AUTHORITIES}


@pytest.mark.django_db
def test_system_actors_and_the_dismissed_order_nothing(officer: Staff, expiry_actor: Staff) -> None:
    check(order(), officer)
    officer.is_active = False
    for actor in (officer, expiry_actor):
        with pytest.raises(Refused):
            check(order(), actor)
