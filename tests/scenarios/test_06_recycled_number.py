"""Scenario 6: who lost a number years ago asks for it back when somebody else holds it. He is declined, with the facts
of his own time; of the present holder he and whoever serves him learn nothing.
"""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client

from accounts.models import NumberRange
from appeals.messages.sealed_text import Words
from appeals.models import Appeal, Message
from qqops.staff.models import Staff
from tests.appeals.filing.recycled import recycled
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import page_of
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import preview, text

__all__ = ["desk"]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "rulebook")]


def test_the_old_holder_is_declined_and_learns_nothing_of_the_new_one(
    supply: Callable[..., NumberRange], resources: Staff, desk: Callable[[str], Client], tmp_path: Path
) -> None:
    with recycled(supply, resources, tmp_path) as (one, second):
        agent = desk("agent")
        asking = FILED | {"seq": "1"}
        shown = text(preview(agent, file_url(one.pk), asking))
        assert "cannot be recovered" in shown or "data is gone" in shown
        through(agent, file_url(one.pk), asking)
        appeal = Appeal.objects.get()
        assert (appeal.tenure_id != second.pk, appeal.state, appeal.outcome, appeal.why) == (
            True, "closed", "inadmissible", "purged",
        )  # fmt: skip
        letter = Words(appeal).of_message(Message.objects.get())
        page = text(agent.get(page_of(appeal)))
        for told in (letter, page):
            assert f"{one.pk}/2" not in told
        assert "10.3" in letter
        assert broken() == []
