"""Acting on people at the web door, and what each act leaves on the record."""

from typing import Any

from django.test import Client
from django.urls import reverse

from enforcement.models import Decision
from qqops.alerts.models import Alert
from qqops.audit.models import Event
from qqops.audit.recorder import history_model
from qqops.staff.access import services as access
from qqops.staff.access.services import Ruled
from qqops.staff.models import AccessApproval, AccessRequest, GlassReview, Holding, Staff
from qqops.staff.signin.recent_auth import PROVED
from tests.pages import confirm, preview, text

WHY = "covers for a colleague on leave"
NEWCOMER = {"login": "wangwu", "name": "Wang Wu", "role": "agent", "reason": WHY, "ticket": "HR-7"}
TABLES: dict[str, Any] = {
    "alert": Alert,
    "approval": AccessApproval,
    "decision": history_model(Decision),
    "holding": history_model(Holding),
    "request": history_model(AccessRequest),
    "review": GlassReview,
    "staff": history_model(Staff),
}


def at(name: str, *args: Any) -> str:
    return reverse(f"admin:{name}", args=args)


def press(client: Client, url: str, said: dict[str, Any]) -> Any:
    """Through both steps; the answer to the second."""
    shown = preview(client, url, said)
    assert shown.status_code == 200, text(shown)
    return confirm(client, url, said, shown.context["token"])


def answer(client: Client, asked: AccessRequest, button: str = "agree", reason: str = "seen and agreed") -> Any:
    said = {"content_hash": asked.content_hash, "reason": reason, button: "1"}
    return client.post(at("access_ruling", asked.pk), said)


def agree(asked: AccessRequest, actor: Staff) -> Ruled:
    return access.approve(asked, actor=actor, reason="seen and agreed", content_hash=asked.content_hash)


def forget_proof(client: Client) -> None:
    session = client.session
    session[PROVED] = 0
    session.save()


def head() -> int:
    return Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0


def record(after: int) -> list[tuple[str, dict[str, int]]]:
    """Verb and rows by table of each event since; the rows are counted in the tables and must be the event's own."""
    found = []
    for event in Event.objects.filter(seq__gt=after).order_by("seq"):
        rows = {name: n for name, t in TABLES.items() if (n := t.objects.filter(event_id=event.pk).count())}
        assert {TABLES[name]._meta.db_table: n for name, n in rows.items()} == {
            t: n for t, n in event.rows.items() if n
        }
        found.append((event.verb, rows))
    return found


REFUSED: tuple[str, dict[str, int]] = ("audit.refused", {})
