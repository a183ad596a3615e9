from collections.abc import Iterator

import pytest
from django.utils import translation

from accounts.models import RuleVersion


@pytest.fixture(autouse=True)
def _in_english(rulebook: RuleVersion) -> Iterator[None]:
    """Sentences are compared as they are written; the rules are there, as decisions cite them."""
    with translation.override("en"):
        yield
