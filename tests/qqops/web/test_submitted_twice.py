"""One button pressed twice at the same instant, on real connections: it is done once, and both are led to it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from accounts.models import Number
from appeals.models import Appeal
from enforcement.policy import Kind
from qqops.audit.verify import verify
from qqops.staff.models import Staff
from tests.appeals.heard import filed, objection, ruled
from tests.appeals.pages import of, page_of, take
from tests.enforcement.acts import decide
from tests.enforcement.evidence.files import PNG
from tests.enforcement.waiting import meanwhile
from tests.pages import confirm, preview, text, told, verbs

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("rulebook")]
Desk = Callable[[str], Client]
Make = Callable[[], Number]
DONE = "This was done already, by the first press of the button."
SAID = {"text": "上周三在深圳登录，手机号码尾号为 17。", "ticket": ""}
ITEM = {"kind": "places", "said": "上次登录在深圳南山", "ticket": ""}


def at_once(desk: Desk, login: str, url: str, said: dict[str, Any], file: bytes = b"") -> list[str]:
    """The second press comes when the first has not committed; what was done by both. Each has a session of its own,
    so that no row of theirs keeps the second waiting."""
    first, second, before = desk(login), desk(login), len(verbs())
    token, answers = preview(first, url, said).context["token"], list[Any]()

    def press(browser: Client) -> Any:
        attached = {"file_1": SimpleUploadedFile("a.png", file)} if file else {}
        return confirm(browser, url, said | attached, token)

    answers.append(meanwhile(lambda: answers.append(press(first)), lambda: press(second)))
    assert [one.status_code for one in answers] == [302, 302], text(answers[-1])
    led = {one["Location"] for one in answers}
    assert len(led) == 1 and told(second.get(led.pop())) == [DONE]
    assert list(verify()) == []
    return verbs()[before:]


def test_what_is_said_in_an_appeal_is_kept_once(desk: Desk, cast: dict[str, Staff], number: Make) -> None:
    asked = filed(number(), "enquiry", cast["agent"])
    take(desk("reviewer"), asked)
    assert at_once(desk, "agent", of("answer", asked), SAID) == ["appeal.answered"]
    assert at_once(desk, "reviewer", of("write", asked), SAID) == ["appeal.written"]
    assert at_once(desk, "agent", of("evidence", asked), ITEM) == ["appeal.evidence_added"]
    paper = ITEM | {"kind": "", "said": ""}
    assert at_once(desk, "agent", of("evidence", asked), paper, file=PNG) == ["appeal.evidence_added"]


def test_talks_after_the_decision_are_kept_once(desk: Desk, cast: dict[str, Staff], number: Make) -> None:
    one = number()
    appeal = objection(one, decide(Kind.FREEZE, one, cast["officer"]), cast["agent"])
    ruled(appeal, "rejected", cast["reviewer"])
    assert at_once(desk, "privacy", of("negotiate", appeal), SAID) == ["appeal.negotiated"]
    privacy, before = desk("privacy"), len(verbs())
    more = SAID | {"text": "申诉人愿意补充材料后和解。"}
    token = preview(privacy, of("negotiate", appeal), more).context["token"]
    pressed = [confirm(privacy, of("negotiate", appeal), more, token)["Location"] for _press in range(2)]
    assert pressed == [page_of(Appeal.objects.get())] * 2  # other words are no second press, the same are
    assert verbs()[before:] == ["appeal.negotiated"]


def test_where_no_row_is_there_to_be_locked_the_press_is(desk: Desk, number: Make) -> None:
    said = {"what": "offered in two chat groups", "way": "sale", "subject": str(number().pk), "evidence": "the offer",
            "reason": "told at the desk", "ticket": ""}  # fmt: skip
    assert at_once(desk, "agent", reverse("admin:open_case", args=["transfer"]), said) == ["case.opened"]
