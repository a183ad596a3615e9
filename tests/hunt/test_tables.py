"""No canary's value lies in the database in clear, nor in a dump of it, nor in what is sent out of the house."""

import json
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.breaches import services as breaches
from accounts.models import Breach, Number, RuleVersion
from accounts.reveals import services as reveals
from qqops.alerts.models import Delivery
from qqops.staff.models import Staff
from tests.hunt.conftest import Log, browser_of
from tests.hunt.disguises import found_in, unpacked
from tests.hunt.pages import parts_of
from tests.hunt.tables import dump, found_in_tables, tables
from tests.qqops.alerts.raising import hook, work
from tests.story import Story, tell_story
from tests.story.canary import ADULT, VALUES
from tests.story.cases import wanted
from tests.story.people import WHY

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def story(cast: dict[str, Staff], rulebook: RuleVersion) -> Story:
    """Told anew: others look at the tables, too."""
    return tell_story(cast)


def test_nothing_lies_in_the_database_in_clear(story: Story, cast: dict[str, Staff], log: Log) -> None:
    _at_the_web_door(story, cast)
    assert len(tables()) > 70
    assert found_in_tables() == {}
    whole = dump()
    assert b"accounts_historicalidentity" in whole and story.cases.law.released.receipt.encode() in whole
    assert found_in(whole) == set()
    assert log.telling() == []


@pytest.mark.parametrize("name", [name for name in VALUES if name.startswith("adult's")])
def test_one_that_did_would_be_found(number: Any, name: str) -> None:
    one, value = number(), VALUES[name]
    with transaction.atomic():
        Number.objects.filter(pk=one.pk).update(reclaim_exempt_reason=f"as {value} says")
        found = found_in_tables()
        transaction.set_rollback(True)
    assert found == {"public.accounts_number.reclaim_exempt_reason": {name}}


def _at_the_web_door(story: Story, cast: dict[str, Staff]) -> None:
    """Searches and a reveal as a browser does them: they leave sessions, messages and counters behind."""
    agent, officer = browser_of("agent", cast), browser_of("officer", cast)
    for value in ADULT.values():
        for url in ("admin:people", "admin:jump"):
            for typed in (value, value + "9"):
                answer = agent.post(reverse(url), {"value": typed, "q": typed, "what": ""})
                assert parts_of(answer) == set()
        assert parts_of(agent.get(reverse("admin:index"))) == set()  # with what was said of the search
    url = reverse("admin:reveal", args=[story.people.adult.pk, "holder", "name"])
    said = {
        "purpose": "decision", "case_kind": "decision", "case_ref": f"#{story.cases.shows.decision.pk}", "reason": WHY,
        "token": officer.get(url).context["form"].initial["token"],
    }  # fmt: skip
    answer = officer.post(url, said)
    assert answer.status_code == 302 and parts_of(answer) == set()
    assert parts_of(officer.get(answer["Location"])) == {"adult's name"}
    for browser in (agent, officer):
        packed = [piece for morsel in browser.cookies.values() for piece in unpacked(morsel.value)]
        assert found_in(str(dict(browser.session)), browser.cookies.output(), *packed) == set()


def test_nothing_leaves_the_house_with_an_alert(story: Story, cast: dict[str, Staff], settings: Any) -> None:
    settings.ALERT_EMAIL, settings.QQOPS_DAILY_REVEALS = ["alerts@example.com"], 1
    with hook() as there:
        settings.ALERT_WEBHOOK = there.url
        with pytest.raises(reveals.OverQuota):
            one = wanted(story.people.adult, "name", story.cases.shows.decision)
            reveals.reveal(one, actor=cast["officer"], nonce=uuid.uuid4())
        late = timezone.now() - timedelta(hours=5)
        found = breaches.Finding(Breach.Level.LARGER, "a list was sent to the wrong desk", late)
        breaches.register(found, actor=cast["privacy"], reason=WHY)
        breaches.remind(actor=Staff.objects.system("system-worker"))
        work()
    sent = [json.dumps(body, ensure_ascii=False) for _line, body in there.came]
    letters = [f"{letter.subject}\n{letter.body}\n{letter.message()}" for letter in mail.outbox]
    assert len(sent) == len(letters) == 2
    assert {row.channel for row in Delivery.objects.all()} == {"mail", "webhook"}
    assert found_in(*sent, *letters) == set()
    assert found_in_tables() == {}
