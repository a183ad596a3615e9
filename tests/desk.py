"""Browsers without scripts, one for each member of the cast, and the language of the tests."""

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import RuleVersion
from qqops.staff.models import Staff


@pytest.fixture
def desk(cast: dict[str, Staff], rulebook: RuleVersion) -> Callable[[str], Client]:
    """`desk("officer")`: that person's browser, signed in and set to English."""

    def open_for(login: str, language: str = "en") -> Client:
        client = Client()
        client.force_login(cast[login])
        client.cookies["django_language"] = language
        return client

    return open_for


@pytest.fixture
def in_english() -> Iterator[None]:
    """Sentences are compared in English."""
    with translation.override("en"):
        yield
