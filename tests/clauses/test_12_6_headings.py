"""12.6: headings mean nothing. A clause is cited by its number; its heading is kept for reading only."""

from collections.abc import Iterator

import pytest
from django.utils import timezone

from accounts.rulebook import diff
from accounts.rulebook import services as rulebook
from accounts.rulebook.parser import decode, parse
from accounts.rulebook.queries import clauses_in_force
from qqops.audit import origin
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.rulebook.files import SAMPLE


@pytest.fixture(autouse=True)
def _from_a_terminal() -> Iterator[None]:
    with origin.origin(origin.COMMAND):
        yield


@pytest.mark.django_db
def test_a_clause_is_cited_by_number_and_never_by_heading(resources: Staff) -> None:
    found = parse(decode(SAMPLE.read_bytes()))
    rulebook.publish(
        "qq-number-rules",
        found.title,
        "2024",
        rulebook.effective("2024-01-01"),
        found.clauses,
        actor=resources,
        reason="法务通知",
        ticket="",
        source_sha256="0" * 64,
    )
    (clause,) = clauses_in_force(timezone.now(), ["5.1"])
    assert (clause.heading, str(clause)) == ("措施", "5.1")
    assert clause.heading not in clause.text
    assert not clauses_in_force(timezone.now(), ["措施", "五"]).exists()
    assert "措施" not in str(Event.objects.get(verb="rules.published").facts)


def test_a_new_heading_alone_is_no_change() -> None:
    text = decode(SAMPLE.read_bytes())
    renamed = parse(text.replace("【措施】", "【处理】")).clauses
    assert renamed[-1].heading == "处理"
    assert not diff.compare(parse(text).clauses, renamed)
