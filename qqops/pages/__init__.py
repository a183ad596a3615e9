"""The pages that every app builds on: a list, an object, an act to confirm, a history."""

from qqops.pages.admin import OpsModelAdmin
from qqops.pages.base import Page
from qqops.pages.confirm import ConfirmPage, Preview
from qqops.pages.history import HistoryPage
from qqops.pages.lists import FILTERED, SAVED_SHOWN, Column, Filter, KeysetList, chosen_facts, chosen_of, saved_url
from qqops.pages.objects import ObjectPage
from qqops.pages.ruling import RulingPage

__all__ = [
    "FILTERED",
    "SAVED_SHOWN",
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
    "chosen_facts",
    "chosen_of",
    "saved_url",
]
