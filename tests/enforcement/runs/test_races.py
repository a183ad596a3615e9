"""Real connections at the same moment: one wins, the others are told, and nothing happens twice."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, connections, transaction
from django.utils import translation

from accounts.models import Number
from enforcement.approval import services as approval
from enforcement.decisions import services as decisions
from enforcement.decisions.services import AlreadyFiled, Report
from enforcement.models import Decision, Measure, Notice, Outcome
from enforcement.policy import Kind
from enforcement.runs.apply import Busy, apply
from enforcement.runs.services import stop_all
from qqops.approvals.models import State
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.campaign import size
from tests.enforcement.acts import AGREED, DAY, approve, decide, order

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Number]
Many = Callable[..., list[int]]


def together(*acts: Callable[[], Any]) -> list[Any]:
    """Run the acts at the same moment, each on a connection of its own; what each returned or raised."""
    start, found = threading.Barrier(len(acts)), [None] * len(acts)

    def run(at: int, act: Callable[[], Any]) -> None:
        try:
            with origin.origin(origin.COMMAND), translation.override("en"):
                connection.ensure_connection()
                start.wait(timeout=10)
                found[at] = act()
        except (Invalid, Refused) as told:
            found[at] = told  # type: ignore[call-overload]
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(at, act)) for at, act in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert None not in found
    return found


@pytest.mark.parametrize("kind", [Kind.FREEZE, Kind.RESTRICT])
def test_two_officers_on_one_number_one_wins_and_the_other_is_told(
    number: Make, officer: Staff, officer2: Staff, kind: Kind
) -> None:
    for _again in range(5):
        one = number()
        found = together(lambda n=one: decide(kind, n, officer), lambda n=one: decide(kind, n, officer2))  # type: ignore[misc]
        told = [f for f in found if isinstance(f, Invalid) or (isinstance(f, Report) and f.decision.state == "void")]
        won = [f for f in found if isinstance(f, Report) and f.applied == 1]
        assert (len(told), len(won)) == (1, 1), found
        assert Measure.objects.filter(number=one).count() == 1
        one.refresh_from_db()
        assert one.revision == 1
    assert list(verify()) == []


def test_overlapping_lists_in_any_order_neither_deadlock_nor_double(
    numbers: Many, officer: Staff, officer2: Staff
) -> None:
    ids = numbers(90)
    acts = [lambda: decide(Kind.FREEZE, ids[:60], officer), lambda: decide(Kind.FREEZE, ids[:29:-1], officer2)]
    found = together(*acts)
    told = [at for at, one in enumerate(found) if isinstance(one, Invalid)]
    # Who had looked before the other acted, and files after, is told so; nothing was done, and once more is enough.
    assert len(told) < 2 and all("look again" in str(found[at]) for at in told)
    assert sum((acts[at]() if at in told else one).applied for at, one in enumerate(found)) == 90
    assert Counter(Measure.objects.values_list("number_id", flat=True)).most_common(1)[0][1] == 1
    assert list(verify()) == []


def test_the_same_form_sent_twice_is_one_decision(number: Make, numbers: Many, officer: Staff) -> None:
    for ids in ([number().pk], numbers(101)):
        form = order()
        found = together(*[lambda f=form, i=ids: decisions.decide(f, i, actor=officer)] * 3)
        assert sorted(type(f).__name__ for f in found) == ["AlreadyFiled", "AlreadyFiled", "Report"], found
        decision = Decision.objects.get(form_key=form.form_key)
        assert {f.decision for f in found if isinstance(f, AlreadyFiled)} == {decision}
    assert list(verify()) == []


def test_one_proposal_approved_twice_at_once_is_approved_once(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    report = decide(Kind.TERMINATE, number(), officer)
    found = together(lambda: approve(report, supervisor), lambda: approve(report, supervisor2))
    assert sorted(type(f).__name__ for f in found) == ["Invalid", "Report"]
    assert Outcome.objects.count() == report.decision.approvals.count() == 1
    assert list(verify()) == []


def test_a_yes_and_a_no_at_once_leave_one_of_them(
    number: Make, officer: Staff, supervisor: Staff, supervisor2: Staff
) -> None:
    one = number()
    report = decide(Kind.FREEZE, one, officer, indefinite=True)
    decision = report.decision
    no = lambda: approval.refuse(decision, actor=supervisor2, reason=AGREED, content_hash=decision.content_hash)  # noqa: E731
    found = together(lambda: approve(report, supervisor), no)
    assert sorted(type(f).__name__ for f in found) == ["Invalid", "Report"]
    decision.refresh_from_db()
    assert Measure.objects.get().in_force == (decision.state == "applied")
    assert list(verify()) == []


def _approved(ids: list[int], officer: Staff, *supervisors: Staff) -> Decision:
    """A batch that those who must have decided and nobody has run yet: above 10,000 it takes two besides its maker."""
    report = decide(Kind.FREEZE, ids, officer, duration=7 * DAY)
    for one in supervisors[: len(report.decision.approvers)]:
        report = approve(report, one, later=lambda _decision: None)
    assert report.decision.state == State.APPROVED
    return report.decision


def test_two_runs_of_one_decision_never_overlap(
    numbers: Many, officer: Staff, supervisor: Staff, officer2: Staff
) -> None:
    decision = _approved(numbers(150), officer, supervisor)
    with transaction.atomic():
        Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)  # as a run holds it during a chunk
        (other,) = together(lambda: apply(Decision.objects.get(pk=decision.pk), actor=officer2))
        assert isinstance(other, Busy)
    found = together(*[lambda: apply(Decision.objects.get(pk=decision.pk), actor=officer)] * 3)
    assert sum(f[0] for f in found if not isinstance(f, Busy)) == 150
    assert Event.objects.filter(verb="decision.finished").count() == 1
    assert (Outcome.objects.count(), Measure.objects.count(), Notice.objects.count()) == (150, 150, 150)
    decision.refresh_from_db()
    assert decision.state == "applied"
    assert list(verify()) == []


def test_of_two_who_stop_everything_at_once_the_second_is_told(officer: Staff, officer2: Staff) -> None:
    found = together(
        lambda: stop_all(actor=officer, reason=AGREED),
        lambda: stop_all(actor=officer2, reason=AGREED),
    )
    assert sorted(type(one).__name__ for one in found) == ["Halt", "Invalid"]
    assert Event.objects.filter(verb="run.all_stopped").count() == 1 and list(verify()) == []


def test_a_run_after_the_last_changes_nothing(numbers: Many, officer: Staff, supervisor: Staff) -> None:
    decision = _approved(numbers(101), officer, supervisor)
    stale = Decision.objects.get(pk=decision.pk)
    apply(decision, actor=officer)
    last = Event.objects.latest("seq").seq
    assert apply(stale, actor=officer) == (0, Counter())
    assert Event.objects.latest("seq").seq == last


@pytest.mark.campaign
def test_a_run_killed_in_the_middle_continues_and_doubles_nothing(
    numbers: Many, officer: Staff, supervisor: Staff, supervisor2: Staff, process_env: dict[str, str]
) -> None:
    kills, count, chunk = size(2, 50), size(3000, 100_000), size(20, 500)
    ids = numbers(count)
    decision = _approved(ids, officer, supervisor, supervisor2)
    command = [sys.executable, "manage.py", "decisions", "run", str(decision.pk), "--apply", "--json"]
    small = process_env | {"QQOPS_CHUNK": str(chunk), "PATH": os.environ["PATH"]}
    for killed in range(kills):
        before = Outcome.objects.count()
        run = subprocess.Popen(command, cwd=settings.BASE_DIR, env=small, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 30
        at = random.randint(1, (count - before) // (2 * (kills - killed)))  # enough is left for those to come
        reached = Outcome.objects.filter(decision=decision, number=ids[before + at])  # by its key: they go in its order
        while not reached.exists() and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(random.random() * 0.05)  # anywhere in a chunk
        run.send_signal(signal.SIGKILL)
        assert run.wait(timeout=10) == -signal.SIGKILL
        _until_gone(decision)
    half = Outcome.objects.count()
    assert chunk * kills <= half < count and half % chunk == 0  # whole chunks only
    assert Measure.objects.count() == half
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=small, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr
    assert f'"applied": {count - half}' in done.stdout
    assert sorted(Measure.objects.values_list("number_id", flat=True)) == ids
    assert (Outcome.objects.count(), Notice.objects.count()) == (count, count)
    assert set(Number.objects.values_list("revision", flat=True)) == {1}
    assert list(verify()) == []


def _until_gone(decision: Decision) -> None:
    """The server notices a dead client at its next word; until then its transaction holds the decision."""
    with transaction.atomic():
        Decision.objects.select_for_update(no_key=True).get(pk=decision.pk)


def test_the_database_gone_in_the_middle_of_an_act_leaves_nothing(
    numbers: Many, officer: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = numbers(5)
    module = sys.modules["enforcement.runs.apply"]  # the package has a function of this name
    write = module.write

    def gone(*args: Any) -> Any:
        found = write(*args)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return found

    monkeypatch.setattr(module, "write", gone)
    before = Event.objects.latest("seq").seq
    with pytest.raises((OperationalError, InterfaceError)):
        decide(Kind.FREEZE, ids, officer)
    connection.close()
    monkeypatch.undo()
    assert (Event.objects.latest("seq").seq, Decision.objects.count(), Measure.objects.count()) == (before, 0, 0)
    assert decide(Kind.FREEZE, ids, officer).applied == 5
    assert list(verify()) == []
