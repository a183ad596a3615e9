"""What is sealed in a request is opened by an act: who, what, when; never past its time, never by who may not."""

import datetime
from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.disclosures import services
from accounts.models import Disclosure, DisclosureKey, DisclosureScan, Number, Release
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import REASON, SCOPE, STATEMENT, register, release, review
from tests.accounts.identity.test_record import whole
from tests.enforcement.acts import head, verbs

Make = Callable[..., Number]
SCANS = {
    b"%PDF-1.7 paper": "application/pdf",
    b"\x89PNG\r\n\x1a\n paper": "image/png",
    b"\xff\xd8\xff\xe0 paper": "image/jpeg",
}


def test_a_scan_is_known_by_what_it_is_sealed_and_added_once(number: Make, agent: Staff, privacy: Staff) -> None:
    for content, media_type in SCANS.items():
        made, before = register(agent, number().pk), head()
        paper = made.papers.get(kind="retrieval_notice")
        scan = services.add_scan(paper, content, actor=agent)
        assert (scan.media_type, scan.size) == (media_type, len(content)) and b"paper" not in bytes(scan.content)
        (event,) = Event.objects.filter(seq__gt=before)
        assert event.facts == {"paper": "retrieval_notice", "sha256": scan.sha256, "size": len(content)}
        assert event.rows == {"accounts_disclosurescan": 1}
        with pytest.raises(Invalid):
            services.add_scan(paper, content, actor=agent)
        opened = services.open_it(made, "retrieval_notice", actor=privacy)
        assert (opened.content, opened.media_type) == (content, media_type) and made.receipt in opened.name
    assert whole()


def test_no_other_file_is_a_scan_and_none_is_too_large(number: Make, agent: Staff) -> None:
    made = register(agent, number().pk)
    paper = made.papers.get(kind="retrieval_notice")
    for content in (b"", b"PK\x03\x04 a spreadsheet", b"<svg onload='x'>", b" %PDF-1.7", b"GIF89a"):
        with pytest.raises(Invalid):
            services.add_scan(paper, content, actor=agent)
    with pytest.raises(Invalid):
        services.add_scan(paper, b"%PDF-" + bytes(services.SCAN_MAX), actor=agent)
    services.add_scan(paper, b"%PDF-" + bytes(services.SCAN_MAX - 5), actor=agent)
    assert DisclosureScan.objects.count() == 1


def test_scans_are_added_by_who_registers_or_reviews_and_once(
    number: Make, cast: dict[str, Staff], agent: Staff, privacy: Staff
) -> None:
    made = register(agent, number().pk)
    first, second = made.papers.order_by("pk")
    for login in ("officer", "supervisor", "auditor", "reviewer"):
        with pytest.raises(Refused):
            services.add_scan(first, b"%PDF-1", actor=cast[login])
    services.add_scan(first, b"%PDF-1", actor=privacy)
    with pytest.raises(Invalid):
        services.add_scan(first, b"%PDF-2", actor=agent)
    ruled = review(made, privacy, "registrant")
    services.add_scan(second, b"%PDF-1", actor=agent)  # what is released is what the supervisor has seen
    services.decline(ruled, actor=cast["supervisor"], reason=REASON, content_hash=services.content_hash(ruled))
    with pytest.raises(Invalid):
        services.add_scan(first, b"%PDF-1", actor=agent)


def test_the_statement_is_opened_by_who_reviews_or_releases_each_time_on_the_record(
    number: Make, cast: dict[str, Staff]
) -> None:
    made, before = register(cast["agent"], number().pk), head()
    for login in ("privacy", "supervisor"):
        opened = services.open_it(made, "statement", actor=cast[login])
        assert (opened.scope, opened.statement) == (SCOPE, STATEMENT)
    found = Event.objects.filter(seq__gt=before)
    assert [(e.verb, e.facts) for e in found] == [("disclosure.opened", {"what": "statement"})] * 2
    for login in ("agent", "auditor", "officer", "reviewer", "sysadmin"):
        with pytest.raises(Refused):
            services.open_it(made, "statement", actor=cast[login])
    with pytest.raises(Refused):
        services.open_it(made, "two_officers", actor=cast["privacy"])  # it has no scan
    with pytest.raises(Invalid):
        services.open_it(made, "file", actor=cast["privacy"])  # nothing was released


def test_what_was_erased_opens_no_more_and_says_so(number: Make, agent: Staff, privacy: Staff) -> None:
    made = register(agent, number().pk)
    services.add_scan(made.papers.get(kind="retrieval_notice"), b"%PDF-1", actor=agent)
    DisclosureKey.objects.filter(pk=made.pk).delete()
    for what in ("statement", "retrieval_notice"):
        with pytest.raises(Invalid):
            services.open_it(Disclosure.objects.get(pk=made.pk), what, actor=privacy)
    assert whole()


def test_the_file_is_downloaded_until_its_time_is_over_each_time_with_its_hash_on_the_record(
    number: Make, cast: dict[str, Staff], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = review(register(cast["agent"], number().pk), cast["privacy"], "registrant")
    handed = release(made, cast["supervisor"])
    made = Disclosure.objects.get(pk=made.pk)
    before = head()
    for login in ("privacy", "supervisor", "supervisor2"):
        assert services.open_it(made, "file", actor=cast[login]).content.startswith(b"{")
    for event in Event.objects.filter(seq__gt=before):
        assert (event.verb, event.facts) == ("disclosure.downloaded", {"what": "file", "sha256": handed.sha256})
    for login in ("agent", "auditor", "officer"):  # an export by a role without the right
        before = head()
        with pytest.raises(Refused):
            services.open_it(made, "file", actor=cast[login])
        assert verbs(before) == ["audit.refused"]
    later = handed.until + datetime.timedelta(seconds=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    with pytest.raises(Invalid):
        services.open_it(made, "file", actor=cast["privacy"])
    assert services.open_it(made, "proof", actor=cast["privacy"]).content.decode() == handed.proof
    assert Release.objects.count() == 1
