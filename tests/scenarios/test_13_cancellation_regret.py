"""Scenario 13: one cancels, and on day 14 logs in to a partner's game, which withdraws it. Another has an open
objection and a balance that nobody has confirmed to be settled, and cannot even begin."""

import datetime
from collections.abc import Callable
from pathlib import Path

from django.test import Client
from django.utils import timezone

from accounts.models import Number, Tenure
from accounts.quarantine.policy import Confirmation
from accounts.tasks import end_cancellations
from appeals.models import Appeal
from enforcement.models import Decision, Measure
from qqops.audit.models import Event
from tests.accounts.logins.files import logins
from tests.accounts.quarantine.steps import history, later, state
from tests.appeals.filing.test_pages import SAID as FILED
from tests.appeals.filing.test_pages import file_url, through
from tests.appeals.pages import both_steps, of
from tests.desk import desk
from tests.enforcement.acts import broken
from tests.pages import FREEZE, act, confirm, number_url, preview, text, verbs
from tests.pages import SAID as LIFT
from tests.terminal import Terminal

__all__ = ["desk"]
SAID = {"confirmed": list(Confirmation.values), "reason": "the holder asked at the counter", "ticket": "T-13"}


def cancel_url(number: int) -> str:
    return f"/admin/cancel/?number={number}"


def measures_of(decision: Decision) -> list[str]:
    return [str(pk) for pk in Measure.objects.filter(decision=decision).values_list("pk", flat=True)]


def begin(browser: Client, number: int) -> None:
    shown = preview(browser, cancel_url(number), SAID)
    assert shown.status_code == 200, text(shown)
    assert confirm(browser, cancel_url(number), SAID, shown.context["token"]).status_code == 302


def test_a_login_on_day_14_withdraws_it_and_an_open_objection_or_a_balance_never_let_it_begin(
    desk: Callable[[str], Client],
    numbers: Callable[..., list[int]],
    terminal: Terminal,
    tmp_path: Path,
) -> None:
    (regretting, objecting), browser = numbers(2), desk("agent")
    frozen = act(desk("officer"), "freeze", objecting, said=FREEZE)
    assert act(desk("reviewer"), "lift", objecting, said=LIFT | {"measures": measures_of(frozen)})
    objection = {"kind": "objection", "decision": str(frozen.pk), "ground": "facts"}
    through(browser, file_url(objecting, kind="objection", decision=frozen.pk), FILED | objection)
    # The second: both are told, and neither lets it begin.
    page = text(browser.get(cancel_url(objecting)))
    assert "What stands against it" in page and "an open appeal" in page
    refused = preview(browser, cancel_url(objecting), SAID)
    assert refused.status_code == 403 and f"{objecting}: an open appeal" in text(refused)
    both_steps(browser, of("withdraw", Appeal.objects.get()), {"reason": "申诉人来电要求撤回异议", "ticket": ""})
    unsettled = SAID | {"confirmed": [one for one in Confirmation.values if one != "balance"]}
    assert "Not confirmed yet: no balance, no items left." in text(preview(browser, cancel_url(objecting), unsettled))
    assert state(objecting) == "in_use"
    # The first: begun, and regretted on day 14; the feed tells of it a day and a half later.
    begin(browser, regretting)
    began = timezone.now()
    assert "Cancellation by the holder" in text(browser.get(number_url(regretting)))
    played = began + datetime.timedelta(days=14)
    with later(days=15.5):
        lines = [(regretting, played, "partner.game"), (objecting, timezone.now(), "qq")]
        covers = ("--covers", timezone.now().isoformat())
        said = terminal(None, "import_logins", logins(tmp_path, lines), *covers, "--apply", "--json").json
        assert said["withdrawn"] == 1
        end_cancellations(0)
    assert history(regretting) == ["in_use", "cancel_pending", "in_use"]
    event = Event.objects.get(verb="number.cancellation_withdrawn")
    assert (event.actor.username, event.facts["cause"]) == ("system-feed", "login")
    assert Tenure.objects.get(number=regretting).ended_at is None
    assert Number.objects.get(pk=regretting).due_at is None
    assert "number.cancelled" not in verbs() and broken() == []
