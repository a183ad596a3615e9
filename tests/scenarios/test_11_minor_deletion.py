"""Scenario 11: a guardian asks for the deletion of a minor's information while a freeze runs.

The privacy officer sees an item only after another's word; the law has the information kept, so its processing is
stopped, with written reasons; and the support agent never sees the document.
"""

import datetime
from collections.abc import Callable
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.identity.queries import of_minor
from accounts.models import DataRequest, Erasure, Identity, Reveal, RevealRequest
from accounts.retention.purge import purge
from qqops.audit.models import Event
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import end
from tests.desk import desk
from tests.identities import MINOR
from tests.pages import FREEZE, act, text
from tests.qqops.staff.people.acting import at, press

__all__ = ["desk"]
pytestmark = pytest.mark.usefixtures("rulebook")
SAID = "The mother, by letter, wants all of it gone"
ASKS = {"kind": "deletion", "asked_by": "guardian", "papers": ["identity", "guardianship"], "statement": SAID}
WHY = "compare the guardian's papers with the registration"
REASONS = "a freeze for fraud runs: the law has it kept until it is decided"


def rule(browser: Client, url: str, button: str, reason: str) -> Any:
    seen = browser.get(url).context["form"].initial["content_hash"]
    return browser.post(url, {"content_hash": seen, "reason": reason, button: "1"})


def test_the_information_of_a_minor_is_locked_while_the_law_has_it_kept(
    desk: Callable[[str], Client], identity: Callable[..., Identity], officer: Staff
) -> None:
    one = identity(**MINOR)
    number = one.tenure.number_id
    assert of_minor(one)
    agents, privacy, supervisor = desk("agent"), desk("privacy"), desk("supervisor")
    act(desk("officer"), "freeze", number, said=FREEZE)
    # The agent registers, on the guardian's papers, and sees the document masked at most.
    form = at("data_request", one.pk)
    assert "Papers not seen: proof of guardianship." in text(
        agents.post(form, ASKS | {"papers": ["identity"], "step": "preview"})
    )
    page = agents.get(press(agents, form, ASKS)["Location"])
    request = DataRequest.objects.get()
    assert (request.asked_by, request.papers_seen) == ("guardian", "identity,guardianship")
    reveal = at("reveal", one.pk, "holder", "document")
    assert agents.get(reveal).status_code == 403
    for url in (page.request["PATH_INFO"], f"/admin/accounts/identity/{one.pk}/", f"/admin/accounts/number/{number}/"):
        shown = agents.get(url).content.decode()
        assert MINOR["document"] not in shown and SAID not in shown, url
    # The privacy officer compares the document, after the supervisor's word; both are on the record.
    wanted = {"purpose": "rights", "case_kind": "data_request", "case_ref": request.receipt, "reason": WHY}
    asked = wanted | {"token": privacy.get(reveal).context["form"].initial["token"]}
    assert privacy.post(reveal, asked).status_code == 403
    assert privacy.post(reveal, asked | {"ask": "1"}).status_code == 302
    proposal = RevealRequest.objects.get()
    answer = {"content_hash": proposal.content_hash, "reason": "the papers must be compared", "agree": "1"}
    assert supervisor.post(at("reveal_ruling", proposal.pk), answer).status_code == 302
    asked = wanted | {"token": privacy.get(reveal).context["form"].initial["token"]}
    assert MINOR["document"] in text(privacy.get(privacy.post(reveal, asked)["Location"]))
    granted = Reveal.objects.get()
    assert (granted.staff.username, granted.field, granted.case_ref) == ("privacy", "document", request.receipt)
    assert SAID in text(privacy.post(at("data_request_statement", request.pk)))
    # It cannot be deleted now: it is locked, and the letter says why and what next.
    decide = at("data_request_decide", request.pk)
    case = text(privacy.get(decide))
    assert "a measure on the number is running" in case and "it is locked and not deleted" in case
    assert rule(privacy, decide, "agree", REASONS).status_code == 302
    done = rule(desk("supervisor2"), at("data_request_carry_out", request.pk), "agree", "as decided")
    letter = text(privacy.get(done["Location"]))
    for part in (REASONS, "Personal Information Protection Law, article 47", "除存储和采取必要的安全保护措施外"):
        assert part in letter, part
    one.refresh_from_db()
    assert one.locked_at is not None and one.erased_at is None and not Erasure.objects.exists()
    seen = text(agents.get(f"/admin/accounts/identity/{one.pk}/"))
    assert "processing stopped" in seen and "110***" not in seen
    story = [verb for verb in Event.objects.order_by("seq").values_list("verb", flat=True) if "data_request" in verb]
    assert story == [
        "data_request.registered", "data_request.read", "data_request.decided", "data_request.carried_out"
    ]  # fmt: skip
    # When the freeze is over and the number was given up, the deletion that was owed is carried out by itself.
    retention = Staff.objects.system("system-retention")
    assert purge(actor=retention) == {"kept": 1}
    with time_machine.travel(timezone.now() + datetime.timedelta(days=8)):
        assert purge(actor=retention) == {"kept": 1}
        end(one, retention)
        assert purge(actor=retention) == {"waited": 1}
    certificate = Erasure.objects.get()
    assert certificate.data_request == request
    assert request.receipt in text(privacy.get(f"/admin/accounts/erasure/{certificate.pk}/"))
    assert whole()
