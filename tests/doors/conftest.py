"""The story of the permissions' walk, its addresses and its words, and what else the doors need: in one order,
whichever test asks first. Whether a page reads well is looked at there."""

from copy import deepcopy

import pytest
from django.template.response import SimpleTemplateResponse

from qqops.staff.models import Staff
from tests.cast import everybody
from tests.doors import more as beside
from tests.doors.more import More
from tests.doors.words import First, Variants, told_first, variants
from tests.permissions.addresses import Address
from tests.permissions.conftest import lasting, lines, places, reader, spots, story, told
from tests.permissions.lines import command_lines
from tests.story import Story
from tests.story.once import Lasting

__all__ = ["lasting", "lines", "places", "reader", "spots", "story", "told"]


@pytest.fixture(scope="module")
def laid(lasting: Lasting, spots: list[Address]) -> More:
    with lasting():
        return beside.more(everybody())


@pytest.fixture(scope="module")
def words(
    lasting: Lasting, told: Story, laid: More, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, tuple[str, ...]]:
    with lasting():
        return command_lines(everybody(), told, tmp_path_factory.mktemp("words"))


@pytest.fixture
def more(words: dict[str, tuple[str, ...]], laid: More, story: Story) -> More:
    return deepcopy(laid)


@pytest.fixture
def said(story: Story, more: More, cast: dict[str, Staff]) -> Variants:
    return variants(story, more, cast)


@pytest.fixture
def first(lines: dict[str, tuple[str, ...]], more: More, cast: dict[str, Staff]) -> First:
    return told_first(lines, more, cast)


@pytest.fixture(autouse=True)
def _unwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form is filled in from what the page was given; writing the page is most of its work."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
