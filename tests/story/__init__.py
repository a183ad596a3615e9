"""One story through every flow of identity information, told by the acts: what the pages, the hunt for personal data
and the checks of the record stand on. Told twice, every table of it has rows of several acts.
"""

from tests.story.cases import Cases, cases
from tests.story.people import People, people
from tests.story.telling import Story, tell_story

__all__ = ["Cases", "People", "Story", "cases", "people", "tell_story"]
