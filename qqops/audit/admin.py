"""Import every module that registers pages with the staff web.

Panels of equal order appear in the order of these imports.
"""

# ruff: noqa: F401, I001
import qqops.audit.review.export_pages
import qqops.audit.review.pages
import qqops.audit.reports.pages
import qqops.audit.review.staff_pages
