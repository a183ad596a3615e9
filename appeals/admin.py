"""Import every module that registers pages with the staff web.

Panels of equal order appear in the order of these imports.
"""

# ruff: noqa: F401, I001
import appeals.hearing.pages
import appeals.queue.pages
import appeals.court.pages
import appeals.filing.pages
import appeals.queue.panels
import appeals.queue.lookup_pages
import appeals.queue.overview
import appeals.statistics.pages
import appeals.recovery.pages
import appeals.queue.audit_lookups
import appeals.rulings.pages
import appeals.hearing.opened_pages
