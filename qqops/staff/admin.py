"""Import every module that registers pages with the staff web.

Panels of equal order appear in the order of these imports.
"""

# ruff: noqa: F401, I001
import qqops.staff.people.act_pages
import qqops.staff.emergency.pages
import qqops.staff.saved_filters.pages
import qqops.staff.people.my_account
import qqops.staff.people.pages
import qqops.staff.access.report_pages
import qqops.staff.access.pages
import qqops.staff.tokens.pages
