"""Two who file the same at one moment, on real connections: one appeal, and both have its receipt."""

import uuid
from collections.abc import Callable

import pytest

from accounts.models import Hold, Number
from appeals.filing import services as filing
from appeals.filing.filing_validation import tidy
from appeals.models import Appeal, AppealEvidence, Message, PortalFiling
from enforcement.policy import Kind
from qqops.audit.verify import verify
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.quarantine.steps import later, purged, terminate
from tests.appeals.heard import as_filed, filed, objection, ruled
from tests.enforcement.acts import decide
from tests.enforcement.runs.test_races import together
from tests.enforcement.waiting import meanwhile

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("english")]


def test_two_at_once_about_one_thing_make_one_appeal(
    number: Callable[..., Number], agent: Staff, reviewer: Staff
) -> None:
    for _again in range(3):
        one = number()
        found = together(
            lambda n=one: filing.file_one(as_filed(n, "recovery"), actor=agent),  # type: ignore[misc]
            lambda n=one: filing.file_one(as_filed(n, "recovery"), actor=reviewer),  # type: ignore[misc]
        )
        made = Appeal.objects.get(number=one.pk)
        assert [one for one in found if isinstance(one, Appeal)] == [made]
        (told,) = (one for one in found if isinstance(one, Invalid))
        assert made.receipt in str(told)
        assert Hold.objects.filter(tenure=one.tenure_id).count() == 1
    assert list(verify()) == []


def test_a_form_that_comes_twice_at_once_about_a_number_without_a_row_is_one_appeal(agent: Staff) -> None:
    said = as_filed(88_889_999, "enquiry", form_key=uuid.uuid4())
    found = together(*[lambda: filing.file_one(said, actor=agent)] * 2)
    assert found[0] == found[1] == Appeal.objects.get()


def test_what_somebody_else_says_is_kept_once_when_its_form_comes_twice_at_once(
    number: Callable[..., Number], agent: Staff
) -> None:
    one = number()
    first = filed(one, "recovery", agent)
    more = {"contact": "13900000002", "evidence": [("police", "报警回执")], "form_key": uuid.uuid4()}
    said = [tidy(as_filed(one, "recovery", **more))]
    found = together(*[lambda: filing.file(said, actor=agent)] * 2)
    assert [(filed.others, filed.receipts) for filed in found] == [({0}, {})] * 2
    assert filing.file_one(said[0], actor=agent) is None
    assert Message.objects.get(kind="another").appeal == first and AppealEvidence.objects.count() == 1
    assert list(verify()) == []


def test_a_file_that_comes_twice_at_once_is_filed_once(numbers: Callable[..., list[int]], agent: Staff) -> None:
    lines = [as_filed(n, "recovery", portal=f"P-{n}", contact="+8613800000001") for n in [*numbers(20), 88_889_999]]
    found = together(*[lambda: filing.file(lines, actor=agent)] * 2)
    assert sorted((one.new, one.known) for one in found) == [(0, 21), (21, 0)]
    assert found[0].receipts == found[1].receipts and Appeal.objects.count() == 21
    assert list(verify()) == []


def test_lines_that_come_twice_at_once_join_what_is_there_once(
    number: Callable[..., Number], agent: Staff, officer: Staff, reviewer: Staff, rulebook: object
) -> None:
    one, two = number(), number()
    decision = decide(Kind.FREEZE, two, officer).decision
    there = [filed(one, "recovery", agent), objection(two, decision, agent)]
    ruled(there[1], "rejected", reviewer)
    lines = [
        as_filed(one, "recovery", portal="P-1", contact="+8613800000001"),
        as_filed(two, "objection", decision=decision.pk, portal="P-2", contact="+8613800000001"),
    ]
    found = together(*[lambda: filing.file(lines, actor=agent)] * 2)
    assert [sum(getattr(one, name) for one in found) for name in ("new", "open", "again", "known")] == [0, 1, 1, 2]
    assert found[0].receipts == found[1].receipts == {at: appeal.receipt for at, appeal in enumerate(there)}
    assert PortalFiling.objects.count() == 2 and list(verify()) == []


def test_a_purge_that_comes_while_an_appeal_is_being_filed_leaves_the_number(
    number: Callable[..., Number], agent: Staff, rulebook: object
) -> None:
    one = number()
    terminate([one.pk])
    with later(days=31):
        found = meanwhile(lambda: filing.file_one(as_filed(one, "recovery"), actor=agent), purged)
    assert found == {"appeal": 1}
    one.refresh_from_db()
    assert one.lifecycle == "terminated" and list(verify()) == []
