"""The pages that every app builds on: a list, an object, its history, how it was, an act to confirm."""

from qqops.pages.admin import OpsModelAdmin
from qqops.pages.as_of import AsOfPage, Then, as_of_url
from qqops.pages.base import Page
from qqops.pages.confirm import ConfirmPage, Preview
from qqops.pages.history import HistoryPage
from qqops.pages.lists import FILTERED, SAVED_SHOWN, Column, Filter, KeysetList, chosen_facts, chosen_of, saved_url
from qqops.pages.objects import ObjectPage
from qqops.pages.ruling import RulingPage

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
