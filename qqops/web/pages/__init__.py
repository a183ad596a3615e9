"""The pages that every app builds on: a list, an object, its history, how it was, an act to confirm."""

from qqops.approvals.pages import RulingPage
from qqops.web.pages.admin import OpsModelAdmin
from qqops.web.pages.as_of import AsOfPage, Then, as_of_url
from qqops.web.pages.base import Page
from qqops.web.pages.confirm import ConfirmPage, Preview
from qqops.web.pages.history import HistoryPage
from qqops.web.pages.lists import FILTERED, SAVED_SHOWN, Column, Filter, KeysetList, chosen_facts, chosen_of, saved_url
from qqops.web.pages.objects import ObjectPage

__all__ = [
    "FILTERED",
    "SAVED_SHOWN",
    "AsOfPage",
    "Column",
    "ConfirmPage",
    "Filter",
    "HistoryPage",
    "KeysetList",
    "ObjectPage",
    "OpsModelAdmin",
    "Page",
    "Preview",
    "RulingPage",
    "Then",
    "as_of_url",
    "chosen_facts",
    "chosen_of",
    "saved_url",
]
