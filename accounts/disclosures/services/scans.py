"""The scan of a paper: taken in until the request is over, known by its hash, sealed."""

import hashlib

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.disclosures.services.steps import OPEN_STATES, REGISTER, REVIEW, in_state, locked, may
from accounts.models import DisclosurePaper, DisclosureScan
from qqops.audit import recorder
from qqops.core.errors import Invalid
from qqops.staff.models import Staff

SCAN_MAX = 5 * 1024 * 1024
# By what a file begins with; its name and what the browser says of it prove nothing.
MAGIC = ((b"%PDF-", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"))


def check_scan(paper: DisclosurePaper, *, actor: Staff) -> None:
    """May this person add the scan of this paper now? Asked by the page and by the act."""
    may(actor, paper.disclosure, REGISTER, REVIEW)
    in_state(paper.disclosure, *OPEN_STATES)
    if DisclosureScan.objects.filter(paper=paper).exists():
        raise Invalid(_("This paper has its scan already."))


def add_scan(paper: DisclosurePaper, content: bytes, *, actor: Staff) -> DisclosureScan:
    disclosure = paper.disclosure
    with (
        recorder.refusals(actor=actor, subject=disclosure, facts={"act": "disclosure.scan"}),
        transaction.atomic(),
    ):
        paper.disclosure = disclosure = locked(disclosure)
        check_scan(paper, actor=actor)
        media_type = next((kind for magic, kind in MAGIC if content.startswith(magic)), "")
        if not media_type:
            raise Invalid(_("A scan is a PDF, PNG or JPEG file."))
        if len(content) > SCAN_MAX:
            raise Invalid(_("A scan has at most 5 MB."))
        scan = DisclosureScan(
            paper=paper,
            content=disclosure.key.in_hand().seal(content, purpose(paper)),
            sha256=hashlib.sha256(content).hexdigest(),
            media_type=media_type,
            size=len(content),
        )
        facts = {"paper": paper.kind, "sha256": scan.sha256, "size": scan.size}
        with recorder.act("disclosure.scan_added", actor=actor, reason="", subject=disclosure, facts=facts) as act:
            scan.event_id = act.event_id
            DisclosureScan.objects.bulk_create([scan])
            act.wrote(DisclosureScan)
    return scan


def purpose(paper: DisclosurePaper) -> str:
    return f"disclosure:{paper.disclosure_id}:scan:{paper.kind}"
