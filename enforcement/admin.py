"""Import every module that registers pages with the staff web.

Panels of equal order appear in the order of these imports.
"""

# ruff: noqa: F401, I001
import enforcement.decisions.pages.acts
import enforcement.decisions.pages.as_of
import enforcement.lists.pages
import enforcement.cases.pages.acts
import enforcement.cases.pages.good_faith
import enforcement.cases.pages.register
import enforcement.measures.change_panels
import enforcement.decisions.pages.decisions
import enforcement.evidence.pages
import enforcement.feed.pages
import enforcement.decisions.pages.panels
import enforcement.cases.case_prefill
import enforcement.letters.pages
import enforcement.notices.pages
import enforcement.decisions.pages.overview
import enforcement.decisions.pages.history_text
import enforcement.runs.progress_pages
import enforcement.reclaim.pages
import enforcement.runs.report_pages
import enforcement.decisions.pages.audit_lookups
import enforcement.approval.pages
import enforcement.runs.pages
import enforcement.citations.pages
import enforcement.undo.pages
import enforcement.approval.withdrawal_pages
