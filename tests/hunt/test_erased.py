"""An erased canary: no key that is left opens any copy, in no table; nobody finds it; the record is whole."""

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from accounts.disclosures import services as disclosures
from accounts.models import (
    DataRequest,
    Disclosure,
    DisclosureKey,
    DisclosureTarget,
    Erasure,
    Hold,
    Identity,
    ResourceProposal,
    Tenure,
)
from accounts.people.services import search
from accounts.resources import services as resources
from accounts.retention.erasure import erase
from accounts.retention.holds import lift
from accounts.retention.purge import purge
from accounts.rights.answer import content_hash, send_back
from appeals.court import services as court
from appeals.hearing import services as hearing
from appeals.lifecycle import LIVE
from appeals.messages import keys
from appeals.messages.delivery import deliver
from appeals.models import Appeal, Ruling
from appeals.rulings import services as rulings
from enforcement.evidence import services as evidence
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import REASON, review
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import answer, end
from tests.hunt.conftest import browser_of
from tests.hunt.disguises import found_in
from tests.hunt.opening import everything_opened
from tests.hunt.pages import further, parts_of
from tests.hunt.tables import found_in_tables
from tests.hunt.test_pages import OPENED
from tests.pages import text
from tests.story import Story
from tests.story.canary import ADULT, EVIDENCE, IMPORTED, MINOR, SCOPE, STATEMENT, VALUES

pytestmark = pytest.mark.django_db


def erased(story: Story, retention: Staff) -> None:
    """One at the person's request and one with his cancellation (in the story), one as its time is over, the others as
    after a restored backup."""
    people = story.people
    end(people.imported, retention, days_ago=400)
    purge(actor=retention)
    for hold in Hold.objects.filter(kind="legal", lifted_at=None):  # it outlasts a restored backup
        lift(hold, actor=Staff.objects.get(username="supervisor"), reason="the case is closed")
    supply = story.supply
    passed_on = Tenure.objects.filter(number__in=[*supply.waiting.numbers, supply.corrected.number_id])
    others = [people.adult.pk, people.minor.pk, supply.registered.pk, *passed_on.values_list("pk", flat=True)]
    erase(others, basis=Erasure.Basis.REAPPLIED, actor=retention, reason="")
    by_tenure = dict(Erasure.objects.values_list("tenure", "basis"))
    assert by_tenure == {
        people.leaving.pk: "request", people.imported.pk: "retention",
        supply.ended.pk: "cancelled", **dict.fromkeys(others, "reapplied"),
    }  # fmt: skip


def refused(cast: dict[str, Staff]) -> None:
    """What was still open is over: while it waits it keeps what it is about."""
    privacy, supervisor = cast["privacy"], cast["supervisor"]
    for proposal in ResourceProposal.objects.filter(state="proposed"):
        resources.refuse(proposal, actor=supervisor, reason=REASON, content_hash=proposal.content_hash)
    for request in DataRequest.objects.filter(state="reviewed"):
        send_back(request, actor=supervisor, reason=REASON, content_hash=content_hash(request))
    for request in DataRequest.objects.filter(state="registered"):
        answer(request, privacy, "refused")
    for law in Disclosure.objects.filter(state="registered"):
        review(law, privacy)
    for law in Disclosure.objects.filter(state="reviewed"):
        disclosures.decline(law, actor=supervisor, reason=REASON, content_hash=disclosures.content_hash(law))


def closed(cast: dict[str, Staff]) -> None:
    """What appeals are open are over, and what was to be sent is not on its way any more."""
    for ruling in Ruling.objects.filter(state="proposed"):
        rulings.send_back(ruling, actor=cast["supervisor2"], reason=REASON, seen=rulings.as_seen(ruling))
    for appeal in Appeal.objects.filter(state__in=LIVE):
        hearing.withdraw(appeal, actor=cast["agent"], reason=REASON)
    for appeal in Appeal.objects.filter(state="court"):
        court.judge(appeal, "for_us", timezone.localdate(), actor=cast["privacy"], reason=REASON)
    deliver(actor=Staff.objects.system("system-worker"))


def of_appeals(text: bytes) -> bool:
    """Is it said in an appeal, or written of one?"""
    names = {"appeal", "item", "photo", "answer", "ruling", "appellant's e-mail", "appellant's name"}
    return bool(found_in(text) & names) or "回执编号".encode() in text


def test_no_key_that_is_left_opens_any_copy(story: Story, cast: dict[str, Staff]) -> None:
    retention = Staff.objects.system("system-retention")
    assert found_in(*everything_opened()) == set(VALUES)
    erased(story, retention)
    refused(cast)
    purge(actor=retention)
    # What a foreign authority wrote reached nobody here: it lasts its own time.
    reached = DisclosureTarget.objects.filter(tenure__isnull=False).values("disclosure")
    assert not DisclosureKey.objects.filter(disclosure__in=reached).exists()
    # Nor do evidence and the words of appeals go while an objection can be filed, and three years more.
    kept = [text for text in everything_opened() if not text.startswith((EVIDENCE, b"chat-"))]
    assert {bytes(text) for text in kept if not of_appeals(text)} <= {SCOPE.encode(), STATEMENT.encode()}
    closed(cast)
    with time_machine.travel(timezone.localtime() + timedelta(days=4 * 365), tick=True):
        purge(actor=retention)
        evidence.sweep(actor=retention)
        keys.sweep(actor=retention)
    assert everything_opened() == [] and found_in_tables() == {}
    assert Identity.history.filter(name__isnull=False).exists()  # the copies are there, and nobody can read them
    assert whole()


def test_nobody_finds_it_and_every_page_says_so(story: Story, cast: dict[str, Staff]) -> None:
    erased(story, Staff.objects.system("system-retention"))
    for values in (ADULT, MINOR, IMPORTED):
        for field in ("name", "mobile", "document"):
            kind = "resident" if field == "document" else ""
            assert not search(field, values[field], actor=cast["agent"], document_kind=kind).identities
    browser = browser_of("privacy", cast, "en")
    papers = {reverse("admin:disclosure_open", args=[one.pk, what]) for one in Disclosure.objects.all()
              for what in ("statement", "retrieval_notice")}  # fmt: skip
    for place in further():
        answer = browser.post(place.url) if place.name in OPENED else browser.get(place.url)
        assert place.url in papers or parts_of(answer) == set(), place
        assert answer.status_code < 500, place
    for identity in vars(story.people).values():
        if isinstance(identity, Identity):
            assert "erased" in text(browser.get(reverse("admin:accounts_identity_change", args=[identity.pk])))
    assert whole()
