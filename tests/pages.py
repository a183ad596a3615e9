"""Going through the web door as a browser without scripts does: read the form, preview, confirm."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from enforcement.models import Decision
from qqops.audit.models import Event

# What an act on one number says about itself; a test changes what it is about.
SAID = {
    "clauses": ["10.1"],
    "facts": "Sold forged tickets in two groups",
    "evidence": "screenshot set 7\nchat log 9",
    "reason": "fraud report upheld",
    "ticket": "T-17",
    "severity": "serious",
    "departure": "less than others who did the same",
}
FREEZE = SAID | {"freeze_kind": "violation", "term": "7"}
RESTRICT = SAID | {"scopes": ["send_msg", "add_friend"], "term": "30"}
TRANSACTION = re.compile(r"(SAVEPOINT|RELEASE|ROLLBACK|BEGIN|COMMIT)\b")


def act_url(kind: str, *numbers: int) -> str:
    return f"{reverse('admin:act', args=[kind])}?{urlencode([('number', n) for n in numbers])}"


def number_url(number: int) -> str:
    return reverse("admin:accounts_number_change", args=[number])


def decision_url(decision: Decision) -> str:
    return reverse("admin:enforcement_decision_change", args=[decision.pk])


def ruling_url(decision: Decision) -> str:
    return reverse("admin:ruling", args=[decision.pk])


def preview(client: Client, url: str, said: dict[str, Any]) -> Any:
    return client.post(url, said | {"step": "preview"})


def confirm(client: Client, url: str, said: dict[str, Any], token: str) -> Any:
    return client.post(url, said | {"step": "confirm", "token": token})


def act(client: Client, kind: str, *numbers: int, said: dict[str, Any]) -> Decision:
    """Carry an act through both steps and return its decision."""
    url = act_url(kind, *numbers)
    shown = preview(client, url, said)
    assert shown.status_code == 200, text(shown)
    done = confirm(client, url, said, shown.context["token"])
    assert done.status_code == 302, text(done)
    return Decision.objects.latest("pk")


def rule(client: Client, decision: Decision, answer: str = "agree", reason: str = "seen and agreed") -> Any:
    """Answer a proposal as its page does; the hash is that of the content shown."""
    said = {"content_hash": decision.content_hash, "reason": reason, answer: "1"}
    return client.post(ruling_url(decision), said)


def told(response: Any) -> list[str]:
    """The sentences a page gives after an act."""
    return [str(message) for message in response.context["messages"]]


def text(response: Any) -> str:
    """What stands on the page, without its tags."""
    bare = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", bare)


def verbs() -> list[str]:
    return list(Event.objects.order_by("seq").values_list("verb", flat=True))


@contextmanager
def queries() -> Iterator[list[str]]:
    """The statements run inside, without those that only open and close transactions."""
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [q["sql"] for q in captured if not TRANSACTION.match(q["sql"])]
