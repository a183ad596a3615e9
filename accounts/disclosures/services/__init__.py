"""Disclosure by law (4.2): registered, reviewed and released by three different people."""

from accounts.disclosures.services.letters import letter
from accounts.disclosures.services.opening import Opened, check_open, open_it
from accounts.disclosures.services.register import Asked, PapersMissing, Shown, check_register, register
from accounts.disclosures.services.release import check_release, decline, release
from accounts.disclosures.services.review import Rulings, check_review, check_rulings, review
from accounts.disclosures.services.scans import SCAN_MAX, add_scan, check_scan
from accounts.disclosures.services.steps import OPEN_STATES, REGISTER, RELEASE, REVIEW, VIEW, VIEW_SECRET, content_hash

__all__ = [
    "OPEN_STATES",
    "REGISTER",
    "RELEASE",
    "REVIEW",
    "SCAN_MAX",
    "VIEW",
    "VIEW_SECRET",
    "Asked",
    "Opened",
    "PapersMissing",
    "Rulings",
    "Shown",
    "add_scan",
    "check_open",
    "check_register",
    "check_release",
    "check_review",
    "check_rulings",
    "check_scan",
    "content_hash",
    "decline",
    "letter",
    "open_it",
    "register",
    "release",
    "review",
]
