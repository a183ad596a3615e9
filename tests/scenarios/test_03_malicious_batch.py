"""Scenario 3: a cluster of malicious registrations is terminated as one batch: looked over with every figure, agreed to
by two, what is paid for left to a human (3.3), carried out in chunks; it crashes on the way and is resumed, and every
target happens exactly once. At 600 instead of 50,000."""

from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Number
from enforcement import tasks
from enforcement.models import Decision, Notice, Outcome
from qqops.audit.models import Event
from tests.desk import desk  # noqa: F401  # a fixture
from tests.enforcement.acts import broken
from tests.pages import SAID, confirm, decision_url, preview, rule, text
from tests.terminal import Terminal

Many = Callable[..., list[int]]
TERMINATE = SAID | {"clauses": ["8.1"], "leave_out": ["paid"], "severity": "grave", "detected_by": "cluster-7"}
UNKNOWN = [99_999_001, 99_999_002, 99_999_003]
applying = import_module("enforcement.runs.apply")  # its name in the package is the act
pytestmark = pytest.mark.django_db


@pytest.fixture
def cluster(numbers: Many, settings: Any, rulebook: Any) -> list[int]:
    """600 lines: 12 terminated already, 5 paid for, 2 under a hold, 3 unknown, 4 twice, so 574 to terminate."""
    settings.QQOPS_CHUNK = 100
    lines = numbers(574) + numbers(12, "terminated") + numbers(5, paid=True) + numbers(2, legal_hold=True)
    return [*lines, *UNKNOWN, *lines[:4]]


def by_web(cluster: list[int], browser: Callable[[str], Client], **_more: Any) -> Decision:
    officer = browser("officer")
    content = "\n".join(map(str, cluster)).encode()
    sent = {"kind": "terminate", "pasted": "", "file": SimpleUploadedFile("cluster.csv", content)}
    url = officer.post(reverse("admin:batch"), sent)["Location"]
    shown = preview(officer, url, TERMINATE)
    for figure in (
        "will be changed 574", "skipped: already so 12", "skipped: paid for 5", "skipped: under a legal hold 2",
        "numbers given 600", "duplicates 4", "8 digits: 596", "minors 0", *map(str, UNKNOWN),
    ):  # fmt: skip
        assert figure in text(shown), figure
    assert confirm(officer, url, TERMINATE, shown.context["token"]).status_code == 302
    decision = Decision.objects.get()
    for login in ("supervisor", "supervisor2"):
        assert rule(browser(login), decision).status_code == 302
    return decision


def by_command(cluster: list[int], terminal: Terminal, folder: Path, **_more: Any) -> Decision:
    file = folder / "cluster.csv"
    file.write_text("\n".join(map(str, cluster)))
    words = (
        "enforce", "terminate", "--numbers", file, "--clause", "8.1", "--fact", TERMINATE["facts"], "--evidence",
        "chat log 9", "--reason", TERMINATE["reason"], "--severity", "grave", "--departure", TERMINATE["departure"],
        "--detected-by", "cluster-7", "--leave-out", "paid",
    )  # fmt: skip
    dry = terminal("officer", *words, "--json")
    assert (dry.code, dry.json["would_apply"], dry.json["unknown"]) == (4, 574, UNKNOWN)
    assert dry.json["skipped"] == {"already": 12, "paid": 5, "legal_hold": 2}
    filed = terminal("officer", *words, "--expect", dry.json["sha256"], "--apply", "--json")
    assert filed.code == 6
    decision = Decision.objects.get()
    agreed = ("approve", decision.pk, "--reason", "seen and agreed", "--apply")
    assert terminal("supervisor", *agreed).code == 6
    with pytest.raises(KeyboardInterrupt):  # the second one's terminal runs it, and dies on the way
        terminal("supervisor2", *agreed)
    return decision


@pytest.mark.parametrize("door", [by_web, by_command])
def test_a_cluster_is_terminated_exactly_once_though_its_run_crashes(
    door: Callable[..., Decision],
    cluster: list[int],
    desk: Callable[[str], Client],  # noqa: F811
    terminal: Terminal,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain, chunks = applying.write, iter(range(2))

    def crashing(*given: Any) -> dict[str, int]:
        found: dict[str, int] = plain(*given)  # written, and lost with its transaction
        if next(chunks, None) is None:
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(applying, "write", crashing)
    decision = door(cluster, browser=desk, terminal=terminal, folder=tmp_path)
    if door is by_web:
        with pytest.raises(KeyboardInterrupt):
            tasks.apply_decision(decision.pk)
    monkeypatch.setattr(applying, "write", plain)
    assert (decision.source_name, decision.target_count, decision.rule) == ("CSV", 593, "batch_terminate")
    assert Outcome.objects.filter(decision=decision).count() == 200
    assert "200 of 593" in text(desk("auditor").get(decision_url(decision)))

    resumed = terminal(None, "decisions", "run", decision.pk, "--apply", "--json")
    assert (resumed.code, resumed.json["state"]) == (3, "applied")
    outcomes = Counter(Outcome.objects.filter(decision=decision).values_list("why", flat=True))
    assert outcomes == {"": 574, "already": 12, "paid": 5, "legal_hold": 2}
    assert set(Number.objects.filter(pk__in=cluster[:574]).values_list("lifecycle", "revision")) == {("terminated", 1)}
    assert set(Number.objects.filter(pk__in=cluster[586:593]).values_list("lifecycle", "revision")) == {("in_use", 0)}
    assert Notice.objects.filter(decision=decision).count() == 574
    applied = Event.objects.filter(decision_id=decision.pk, verb="decision.applied").values_list("facts", flat=True)
    assert (len(applied), sum(facts["applied"] for facts in applied)) == (6, 574)
    assert broken() == []
