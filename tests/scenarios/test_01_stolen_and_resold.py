"""Scenario 1: a number was stolen and sold on. Its registrant claims it back, the buyer is heard, the number is frozen
meanwhile; it goes back after a waiting period, and nobody is recorded as its holder who was not.
"""

from collections.abc import Callable

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import Number, Tenure
from accounts.numbers.queries import shown_of
from appeals.models import Appeal, Delivery, Message, Ruling
from appeals.queue.sweep import sweep
from enforcement.models import Decision, Measure
from qqops.staff.models import Staff
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import RULED, answer, both_steps, of, page_of, ruling_page, take
from tests.desk import desk
from tests.enforcement.acts import DAY, HOUR, broken
from tests.pages import SAID, act, number_url, rule, text

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]
CLAIM = FILED | {
    "evidence_kind_1": "past_passwords", "evidence_text_1": "3/5",
    "evidence_kind_2": "registration", "evidence_text_2": "2009 年 3 月，广州，网站注册",
    "evidence_kind_3": "friends", "evidence_text_3": "四位好友确认，认识八年以上",
}  # fmt: skip


def test_the_registrant_has_it_back_after_both_were_heard_and_the_buyer_never_held_it(
    number: Callable[..., Number], cast: dict[str, Staff], desk: Callable[[str], Client]
) -> None:
    one = number()
    agent, reviewer, supervisor = desk("agent"), desk("reviewer"), desk("supervisor")
    through(agent, file_url(one.pk), CLAIM)
    appeal = Appeal.objects.get()
    take(reviewer, appeal)

    # Somebody uses it: two claim it, and it is frozen while both are heard.
    both_steps(reviewer, of("contest", appeal), {"revision": "0", "reason": "号码现由他人使用，双方均主张权利"})
    freeze = Decision.objects.get()
    assert (freeze.freeze_kind, freeze.effect, freeze.state) == ("security", "provisional", "proposed")
    assert rule(supervisor, freeze).status_code == 302
    one.refresh_from_db()
    assert shown_of(one) == "frozen"
    bought = {"side": "other", "kind": "payments", "said": "买方出示转账记录，2024 年 5 月购得", "ticket": ""}
    both_steps(agent, of("evidence", appeal), bought)

    # Each item is weighed; the buyer's is true and his own: it proves a sale, which is no right (8.2, 9.4).
    appeal.refresh_from_db()
    items = {item.kind: item.pk for item in appeal.evidence.all()}
    weighed = {f"item_{pk}": "match" for pk in items.values()}
    both_steps(reviewer, of("weigh", appeal), {"revision": str(appeal.revision)} | weighed)
    appeal.refresh_from_db()
    assert appeal.score == 45
    assert "Score of the other claimant 10" in text(reviewer.get(page_of(appeal)))
    upheld = RULED | {"outcome": "upheld", "revision": str(appeal.revision), "clauses": "8.2"}
    both_steps(reviewer, of("rule", appeal), upheld)
    ruling = Ruling.objects.get()
    assert (ruling.rule, ruling.state) == ("contested", "proposed")
    assert "Two claim the number" in text(supervisor.get(ruling_page(ruling)))
    assert answer(supervisor, ruling, "agree").status_code == 302
    appeal.refresh_from_db()
    assert appeal.state == "cooling"

    # The sale is looked into on its own; what the buyer did stays where it was.
    finding = SAID | {"clauses": ["8.2"], "scopes": ["transfer_items"], "term": "7"}
    sold = act(desk("officer"), "restrict", one.pk, said=finding)
    assert Measure.objects.filter(decision=sold).exists()

    with time_machine.travel(timezone.now() + 3 * DAY + HOUR):
        assert sweep(actor=Staff.objects.system("system-appeals")).carried_out == 1
        appeal.refresh_from_db()
        assert (appeal.state, appeal.outcome) == ("closed", "upheld")
        assert Message.objects.filter(appeal=appeal, kind="reset").exists()
        assert Delivery.objects.filter(message__kind="reset").count() == 1
        one.refresh_from_db()
        assert shown_of(one) == "restricted"  # it was frozen until then, and what the sale calls for goes on
        page = text(desk("auditor").get(number_url(one.pk)))
        assert appeal.receipt in page
    assert Tenure.objects.get(number=one).seq == 1  # the initial registrant is who he was (8.2)
    assert broken() == []
