"""12.2: the Rules precede the service agreement where the two conflict: they are cited first, and the page says it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import Number, RuleVersion
from accounts.rulebook import services as publishing
from accounts.rulebook.parser import ParsedClause
from enforcement.models import Decision
from enforcement.policy import Kind, in_order
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide
from tests.pages import decision_url, text

pytestmark = pytest.mark.django_db
NOTE = "Where the Rules and the agreement conflict, the Rules go first (12.2)"


@pytest.fixture
def agreement(rulebook: RuleVersion, resources: Staff) -> None:
    """A service agreement beside the Rules."""
    found = [ParsedClause("4.2", "不得利用服务从事违法活动。")]
    publishing.publish(
        "service-agreement", "服务协议", "2026", publishing.effective("2026-01-01"), found,
        actor=resources, reason="法务通知", ticket="", source_sha256="0" * 64,
    )  # fmt: skip


def page(person: Staff, made: Decision) -> str:
    client = Client()
    client.force_login(person)
    client.cookies["django_language"] = "en"
    return text(client.get(decision_url(made)))


def test_12_2_the_rules_are_cited_first_whatever_the_order(
    agreement: None, officer: Staff, number: Callable[..., Number]
) -> None:
    assert in_order(("contract", "10.1", "law", "8.2")) == ("10.1", "8.2", "contract", "law")
    both = decide(
        Kind.FREEZE, number(), officer, clauses=("contract", "10.1"), article="service-agreement:4.2"
    ).decision
    assert [ground.basis for ground in both.grounds.order_by("pk")] == ["10.1", "contract"]
    assert NOTE in page(officer, both)
    alone = decide(Kind.FREEZE, number(), officer).decision
    assert NOTE not in page(officer, alone)
    assert broken() == []
