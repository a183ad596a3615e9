"""Rows of the reveal log for tests of breaches: who saw what of whom, and when."""

import datetime
import uuid

from django.utils import timezone

from accounts.models import Identity, Reveal
from qqops.audit import recorder
from qqops.staff.models import Staff

HOUR = datetime.timedelta(hours=1)


def saw(staff: Staff, identity: Identity, *items: str, ago: datetime.timedelta = HOUR) -> None:
    """`saw(reviewer, identity, "holder:mobile")`: one reveal for each item, so long ago."""
    at = timezone.now() - ago
    with recorder.act(
        "identity.revealed",
        actor=staff,
        reason="rows of a test",
        facts={"case_kind": "x", "case_ref": "x", "field": "x", "until": "x", "whose": "x"},
    ) as act:
        for item in items:
            whose, _colon, field = item.partition(":")
            Reveal.objects.create(
                event_id=act.event_id, tenure=identity.tenure, whose=whose, field=field, purpose="decision",
                case_kind="decision", case_ref="1", reason="rows of a test", staff=staff, at=at,
                until=at + datetime.timedelta(minutes=10), nonce=uuid.uuid4(),
            )  # fmt: skip
        act.wrote(Reveal, rows=len(items))
