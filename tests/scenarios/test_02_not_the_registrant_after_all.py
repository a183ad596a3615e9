"""Scenario 2: a right of use was ended as “not the registrant” (10.2). On day 20 its holder shows that her name had
changed with her marriage: the same tenure is restored, nothing was purged, and the error counts for that clause.
"""

from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Number, Tenure
from accounts.quarantine.purge import PURGED, purge
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message, Ruling
from appeals.statistics.queries import quality
from enforcement.models import Decision
from qqops.staff.models import Staff
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import RULED, answer, both_steps, of, take
from tests.desk import desk
from tests.enforcement.acts import DAY, broken
from tests.pages import SAID, act, rule, text

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]


def test_the_same_tenure_is_restored_and_the_purge_never_ran(
    number: Callable[..., Number], cast: dict[str, Staff], desk: Callable[[str], Client]
) -> None:
    one = number()
    tenure = one.tenure_id
    assert tenure
    ended = act(desk("officer"), "terminate", one.pk, said=SAID | {"clauses": ["10.2"]})
    assert rule(desk("supervisor"), ended).status_code == 302

    with time_machine.travel(timezone.now() + 20 * DAY):
        objecting = FILED | {
            "kind": "objection", "decision": str(ended.pk), "ground": "facts",
            "statement": "婚后改姓，身份证姓名与注册时不同，附户口簿。", "evidence_kind_1": "identity",
            "evidence_text_1": "户口簿与结婚证复印件",
        }  # fmt: skip
        through(desk("agent"), file_url(one.pk, kind="objection", decision=ended.pk), objecting)
        appeal = Appeal.objects.get()
        assert (appeal.decision_id, appeal.tenure_id, appeal.state) == (ended.pk, tenure, "filed")

    with time_machine.travel(timezone.now() + 31 * DAY):  # the grace is over, and the clock of the purge stands
        assert purge(actor=Staff.objects.system("system-release"))[PURGED] == 0
        reviewer = desk("reviewer")
        take(reviewer, appeal)
        both_steps(reviewer, of("rule", appeal), RULED | {"outcome": "upheld", "revision": "0", "clauses": "10.1"})
        ruling = Ruling.objects.get()
        assert (ruling.rule, ruling.state) == ("terminated", "proposed")
        refused = answer(desk("supervisor"), ruling, "agree")  # he agreed to the termination
        assert refused.status_code == 403 and "took part" in text(refused)
        assert answer(desk("supervisor2"), ruling, "agree").status_code == 302
        one.refresh_from_db()
        assert (one.lifecycle, one.tenure_id, Tenure.objects.get(pk=tenure).ended_at) == ("in_use", tenure, None)
        reversal = Decision.objects.get(ruling=appeal.receipt)
        assert (reversal.kind, reversal.in_error, reversal.state) == ("restore", True, "applied")
        letter = Words(appeal).of_message(Message.objects.get(kind="ruling"))
        assert "第 10.1 条（版本" in letter and "申诉成立" in letter
        assert [(r.of, r.decided, r.overturned) for r in quality(timezone.localdate()).by_clause] == [("10.2", 1, 1)]
        assert broken() == []
