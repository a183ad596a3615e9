"""Opening what is sealed in a request (its own words, a scan, the released file): each time it is on the record."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.disclosures import package
from accounts.disclosures.services.scans import purpose
from accounts.disclosures.services.steps import RELEASE, REVIEW, may
from accounts.models import Disclosure, DisclosureKey, Release
from qqops.audit import recorder
from qqops.core.errors import Invalid, Refused
from qqops.crypto.seal import DataKey
from qqops.staff.models import Staff

STATEMENT, FILE, PROOF = "statement", "file", "proof"
ENDINGS = {"application/pdf": "pdf", "image/png": "png", "image/jpeg": "jpg"}


@dataclass(frozen=True)
class Opened:
    """Bytes with the name and type under which they are handed over; of the statement, the two texts."""

    name: str = ""
    media_type: str = ""
    content: bytes = b""
    scope: str = ""
    statement: str = ""


def check_open(disclosure: Disclosure, *, actor: Staff) -> None:
    """Only those who review and release: who registered it has seen the paper, and needs it no more."""
    may(actor, disclosure, REVIEW, RELEASE)


def open_it(disclosure: Disclosure, what: str, *, actor: Staff) -> Opened:
    """`what` is statement, file, proof, or the code of a paper."""
    with recorder.refusals(actor=actor, subject=disclosure, facts={"act": "disclosure.open", "what": what[:24]}):
        check_open(disclosure, actor=actor)
        found = _open(disclosure, what)
        verb = "disclosure.downloaded" if what in (FILE, PROOF) else "disclosure.opened"
        facts = {"what": what} | ({"sha256": disclosure.release.sha256} if what in (FILE, PROOF) else {})
        with recorder.act(verb, actor=actor, reason="", subject=disclosure, facts=facts):
            return found


def _open(disclosure: Disclosure, what: str) -> Opened:
    if what == STATEMENT:
        key = _key(disclosure)
        scope, statement = (
            key.open(bytes(sealed or b""), f"disclosure:{disclosure.pk}:{name}").decode()
            for name, sealed in (("scope", disclosure.scope), ("statement", disclosure.statement))
        )
        return Opened(scope=scope, statement=statement)
    if what in (FILE, PROOF):
        try:
            made = disclosure.release
        except Release.DoesNotExist:
            raise Invalid(_("Nothing was released under this request.")) from None
        if what == PROOF:
            return Opened(f"{disclosure.receipt}-proof.txt", "text/plain; charset=utf-8", made.proof.encode())
        return Opened(f"{disclosure.receipt}.json", "application/json", package.content_of(made))
    paper = disclosure.papers.select_related("scan").filter(kind=what).exclude(scan=None).first()
    if paper is None:
        raise Refused(gettext_noop("There is no such thing to open in this request."))
    paper.disclosure = disclosure
    content = _key(disclosure).open(bytes(paper.scan.content), purpose(paper))
    name = f"{disclosure.receipt}-{paper.kind}.{ENDINGS[paper.scan.media_type]}"
    return Opened(name, paper.scan.media_type, content)


def _key(disclosure: Disclosure) -> DataKey:
    try:
        return disclosure.key.in_hand()
    except DisclosureKey.DoesNotExist:
        raise Invalid(_("The statement and the scans of this request were erased.")) from None
