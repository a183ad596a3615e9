"""A letter that asks nobody's yes is the house's own, and one the record says was put in use; any other is named."""

import pytest

from enforcement.letters import services as letters
from enforcement.models import LetterTemplate
from qqops.approvals.models import State
from qqops.core import bulk
from qqops.staff.models import Staff
from tests.enforcement.acts import broken

pytestmark = [pytest.mark.usefixtures("english"), pytest.mark.django_db]


def slip_in(template: LetterTemplate, maker: Staff) -> LetterTemplate:
    """The application's own role puts a version in use, with nobody to agree to it."""
    slipped = LetterTemplate.objects.get(pk=template.pk)
    slipped.pk, slipped.version, slipped.maker = bulk.next_pk(LetterTemplate), 2, maker
    slipped.state, slipped.approvers, slipped.body_en = State.APPLIED, [], f"{slipped.body_en} Pay at once."
    slipped.content_hash = letters.content_hash_of(slipped)
    slipped.save(force_insert=True)
    return slipped


def named() -> list[tuple[str, str]]:
    return [(one.what, one.row) for one in broken()]


def test_a_persons_version_that_asks_nobody_is_named(templates: list[LetterTemplate], officer: Staff) -> None:
    assert named() == []
    slipped = slip_in(templates[0], officer)
    assert named() == [("letter", f"letter {slipped.pk}")]


def test_one_more_of_the_houses_own_than_the_record_says_is_named(
    templates: list[LetterTemplate], setup_actor: Staff
) -> None:
    assert named() == []
    slipped = slip_in(templates[0], setup_actor)
    assert named() == [("letter", f"letter {slipped.pk}")]
