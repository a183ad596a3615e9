"""Protected numbers: who may set, change and end a protection, on exactly the numbers named."""

from collections.abc import Callable

import pytest
from django.utils import translation

from accounts.declarations.services import declare
from accounts.lifecycle import Protection, weakens
from accounts.models import Number
from accounts.protection.services import protect
from enforcement.decisions.queries import timeline
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.runs.test_races import together
from tests.terminal import Terminal

Make = Callable[..., Number]
Many = Callable[..., list[int]]
pytestmark = pytest.mark.django_db
REASON = "系统保留的号码"


def state(*ids: int) -> list[tuple[str, int]]:
    return list(Number.objects.filter(pk__in=ids).order_by("pk").values_list("protection", "revision"))


def test_each_change_for_the_worse_is_one(number: Make) -> None:
    worse = {(a, b) for a in ("", *Protection.values) for b in ("", *Protection.values) if weakens(a, b)}
    assert worse == {("vip", ""), ("system", ""), ("system", "vip")}


def test_a_set_is_protected_in_one_event_with_a_row_for_each(numbers: Many, resources: Staff) -> None:
    ids = numbers(3)
    protect(ids[:1], "vip", actor=resources, reason=REASON)
    before = head()
    found = protect([*ids, ids[0]], "vip", actor=resources, reason=REASON, ticket="T-3")
    assert (found.changing, found.already) == (ids[1:], 1)
    assert state(*ids) == [("vip", 1)] * 3
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.facts, event.ticket, event.rows) == (
        "number.protected", {"kind": "vip", "numbers": 2}, "T-3", {"accounts_historicalnumber": 2},
    )  # fmt: skip
    assert history_model(Number).objects.filter(event_id=event.pk, protection="vip").count() == 2  # type: ignore[attr-defined]
    assert broken() == []


def test_what_is_so_already_changes_nothing_and_says_so(number: Make, resources: Staff) -> None:
    one = number(protection="vip")
    before = head()
    found = protect([one.pk], "vip", actor=resources, reason=REASON)
    assert (found.changing, found.already, verbs(before), state(one.pk)) == ([], 1, [], [("vip", 0)])


def test_only_a_supervisor_ends_or_weakens_and_either_may_strengthen(
    number: Make, resources: Staff, supervisor: Staff
) -> None:
    one = number(protection="vip")
    protect([one.pk], "system", actor=resources, reason=REASON)
    before = head()
    for kind in ("vip", ""):
        with pytest.raises(Refused):
            protect([one.pk], kind, actor=resources, reason=REASON)
    assert verbs(before) == ["audit.refused"] * 2 and state(one.pk) == [("system", 1)]
    event = Event.objects.latest("seq")
    assert (event.subject_label, event.facts | {"why": ""}) == (
        str(one.pk),
        {"why": "", "params": {}, "act": "protect", "kind": "", "targets": 1, "numbers": [one.pk]},
    )
    protect([one.pk], "vip", actor=supervisor, reason=REASON)
    protect([one.pk], "", actor=supervisor, reason=REASON)
    assert state(one.pk) == [("", 3)]
    event = Event.objects.latest("seq")
    assert (event.verb, event.subject_label) == ("number.protection_ended", str(one.pk))
    with translation.override("en"):
        changes = [change for entry in timeline(one) for change in entry.changes]
    assert changes == [
        ("protection", "VIP", ""), ("protection", "system", "VIP"), ("protection", "VIP", "system"),
    ]  # fmt: skip


def test_whoever_may_not_is_refused_and_nothing_is_done(
    number: Make, officer: Staff, auditor: Staff, sysadmin: Staff
) -> None:
    one, before = number(), head()
    for actor in (officer, auditor, sysadmin):
        with pytest.raises(Refused):
            protect([one.pk], "vip", actor=actor, reason=REASON)
    assert verbs(before) == ["audit.refused"] * 3 and state(one.pk) == [("", 0)]


def test_nobody_protects_a_number_that_he_declared(numbers: Many, resources: Staff, supervisor: Staff) -> None:
    ids = numbers(2)
    declare(resources, ids[:1], "relative", actor=resources)
    before = head()
    with pytest.raises(Refused):
        protect(ids, "vip", actor=resources, reason=REASON)
    assert verbs(before) == ["audit.refused"] and state(*ids) == [("", 0)] * 2
    protect(ids, "vip", actor=supervisor, reason=REASON)


def test_unknown_numbers_are_named_and_nothing_is_done(number: Make, supervisor: Staff) -> None:
    one, before = number(), head()
    with pytest.raises(Invalid, match="77777, 77778"):
        protect([77_778, one.pk, 77_777], "vip", actor=supervisor, reason=REASON)
    for kind, reason in (("gold", REASON), ("vip", "ok")):
        with pytest.raises(Invalid):
            protect([one.pk], kind, actor=supervisor, reason=reason)
    assert verbs(before) == [] and state(one.pk) == [("", 0)]


@pytest.mark.django_db(transaction=True)
def test_two_people_at_once_change_each_number_once_per_change(
    numbers: Many, resources: Staff, supervisor: Staff
) -> None:
    ids = numbers(60)
    found = together(
        lambda: protect(ids[:40], "vip", actor=resources, reason=REASON),
        lambda: protect(ids[:19:-1], "vip", actor=supervisor, reason=REASON),
    )
    assert sum(len(f.changing) for f in found) == 60 and sum(f.already for f in found) == 20
    assert state(*ids) == [("vip", 1)] * 60
    assert list(verify()) == []


def test_the_command_protects_ends_and_refuses(number: Make, terminal: Terminal) -> None:
    one = number()

    def said(login: str, kind: str, *more: str) -> tuple[int, str]:
        answer = terminal(login, "protect", one.pk, "--kind", kind, "--reason", REASON, *more)
        return answer.code, answer.out + answer.error

    assert said("resources", "vip") == (4, "Dry run: protection would change: 1, already so: 0.\n")
    assert state(one.pk) == [("", 0)]
    assert said("resources", "vip", "--apply") == (0, "Protection changed: 1, already so: 0.\n")
    assert said("resources", "vip", "--apply") == (0, "Protection changed: 0, already so: 1.\n")
    for more in ((), ("--apply",)):
        before = head()
        code, text = said("resources", "none", *more)
        assert (code, "Only a supervisor" in text) == (5, True)
        assert [v for v in verbs(before) if v == "audit.refused"] == ["audit.refused"]
    assert "protected: VIP" in terminal(None, "number", one.pk).out
    assert terminal(None, "number", one.pk, "--json").json["protection"] == "vip"
    assert said("supervisor", "none", "--apply", "--json") == (0, '{"applied": true, "changed": 1, "already": 0}\n')
    assert terminal("supervisor", "protect", 77777, "--kind", "vip", "--reason", REASON, "--apply").code == 2
