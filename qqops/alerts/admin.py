"""Import every module that registers pages with the staff web."""

# ruff: noqa: F401
import qqops.alerts.pages
