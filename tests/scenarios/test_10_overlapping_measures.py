"""Scenario 10: of three measures one is found wrong on appeal; the two others go on, each to its end."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Number
from accounts.numbers.queries import shown_of
from appeals.models import Appeal, Ruling
from enforcement.models import Decision, Measure
from qqops.staff.models import Staff
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import RULED, answer, both_steps, of, take
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import FREEZE, RESTRICT, SAID, act, number_url, rule, text
from tests.terminal import Terminal

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]


def test_lifting_one_leaves_the_others_and_the_story_tells_each_step(
    number: Callable[..., Number], cast: dict[str, Staff], terminal: Terminal, desk: Callable[[str], Client]
) -> None:
    one = number()
    officer, supervisor, reviewer = desk("officer"), desk("supervisor"), desk("reviewer")
    violation = act(officer, "freeze", one.pk, said=FREEZE | {"term": "30"})
    assert rule(supervisor, violation).status_code == 302
    restriction = act(officer, "restrict", one.pk, said=RESTRICT | {"scopes": ["create_group"], "term": "90"})
    assert rule(supervisor, restriction).status_code == 302
    security = act(officer, "freeze", one.pk, said=SAID | {"clauses": ["6.2"], "freeze_kind": "security", "term": "1"})

    # The objection to the violation freeze is upheld: that one ends, and never counts.
    objection = {"kind": "objection", "decision": str(violation.pk), "ground": "not_me"}
    through(desk("agent"), file_url(one.pk, kind="objection", decision=violation.pk), FILED | objection)
    appeal = Appeal.objects.get()
    take(reviewer, appeal)
    both_steps(reviewer, of("rule", appeal), RULED | {"outcome": "upheld", "revision": "0"})
    assert answer(desk("supervisor2"), Ruling.objects.get(), "agree").status_code == 302
    one.refresh_from_db()
    assert (shown_of(one), one.frozen_until) == ("frozen", Measure.objects.get(decision=security).until)

    # The holder changes the password: the security freeze has done its work.
    done = terminal(
        "reviewer", "enforce", "lift", one.pk, "--what", "freeze:security", "--clause", "6.2", "--fact",
        "password changed", "--evidence", "auth log", "--reason", "password changed", "--apply",
    )  # fmt: skip
    assert done.code == 0, done
    one.refresh_from_db()
    assert (shown_of(one), one.restricted_until) == ("restricted", Measure.objects.get(decision=restriction).until)
    ends = dict(Measure.objects.values_list("decision", "end_reason"))
    assert ends == {violation.pk: "voided", restriction.pk: "", security.pk: "lifted"}

    page = text(desk("auditor").get(number_url(one.pk)))
    for decision in Decision.objects.order_by("pk"):
        assert f"#{decision.pk}" in page
    assert "found wrong" in page and "create groups" in page
    assert broken() == []
