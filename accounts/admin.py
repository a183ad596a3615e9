"""Import every module that registers pages with the staff web.

Panels of equal order appear in the order of these imports.
"""

# ruff: noqa: F401, I001
import accounts.allocation.pages
import accounts.numbers.as_of_pages
import accounts.breaches.pages
import accounts.resources.pages.campaigns
import accounts.cancellation.pages
import accounts.corrections.pages
import accounts.declarations.pages
import accounts.disclosures.pages.acts
import accounts.disclosures.pages.register
import accounts.retention.erasure_pages
import accounts.protection.exemption_pages
import accounts.holders.pages
import accounts.holders.correction_pages
import accounts.identity.pages
import accounts.retention.hold_pages
import accounts.numbers.pages
import accounts.numbers.history_text
import accounts.people.pages
import accounts.dormancy.pages
import accounts.protection.pages
import accounts.quarantine.pages
import accounts.resources.pages.acts
import accounts.resources.pages.numbers
import accounts.resources.pages.proposals
import accounts.resources.pages.ranges
import accounts.reveals.pages.log
import accounts.reveals.pages.requests
import accounts.reveals.pages.form
import accounts.reveals.pages.report
import accounts.numbers.audit_lookups
import accounts.rights.act_pages
import accounts.rights.pages
import accounts.rulebook.pages
import accounts.numbers.tenure_pages
