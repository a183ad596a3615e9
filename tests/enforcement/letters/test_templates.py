"""A version of a template is drafted by one person and agreed to by another; what is in use is the latest agreed to."""

from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, connections, transaction
from django.utils import timezone

from enforcement.letters import services as letters
from enforcement.models import LetterTemplate, TemplateApproval
from enforcement.policy import Letter
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, head, verbs
from tests.enforcement.letters.post import draft, with_more

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english")]
WHY = "plainer words, as the review of March asked"
MORE = "We answer in writing."


def drafted(actor: Staff, more: str = MORE) -> LetterTemplate:
    return letters.draft_template(with_more(more), actor=actor, reason=WHY)


def agree(template: LetterTemplate, actor: Staff, reason: str = "read in both languages") -> LetterTemplate:
    return letters.approve_template(template, actor=actor, reason=reason, content_hash=template.content_hash)


def test_a_draft_is_used_when_another_person_has_agreed(
    templates: list[LetterTemplate], officer: Staff, supervisor: Staff
) -> None:
    before = head()
    template = drafted(officer)
    assert (template.version, template.state, template.in_use_from) == (2, "proposed", None)
    assert letters.in_use()[Letter.FREEZE].version == 1
    agreed = agree(template, supervisor)
    assert (agreed.state, letters.in_use()[Letter.FREEZE]) == ("applied", template)
    assert agreed.in_use_from is not None and letters.in_use()[Letter.LIFT].version == 1
    assert verbs(before) == ["letter.drafted", "letter.approved"]
    assert Event.objects.get(seq=before + 2).rows == {"enforcement_templateapproval": 1}
    assert str(Event.objects.get(seq=before + 1).facts) == "{'letter': 'freeze'}"
    assert broken() == []


def test_who_drafts_does_not_agree_and_the_database_says_so_too(
    templates: list[LetterTemplate], cast: dict[str, Staff], officer: Staff, supervisor: Staff
) -> None:
    template, before = drafted(officer), head()
    for one, says in ((officer, "You made this draft"), (cast["officer2"], "Your role may not rule on letters.")):
        with pytest.raises(Refused, match=says):
            agree(template, one)
    assert verbs(before) == ["audit.refused"] * 2
    now = {"capacity": letters.APPROVE, "agreed": True, "reason": WHY, "content_hash": "", "at": timezone.now()}
    for maker in (officer, supervisor):  # his own; and one that pretends to be another's
        row = TemplateApproval(proposal=template, maker=maker, approver=officer, event_id=template_event(), **now)
        with pytest.raises(IntegrityError), transaction.atomic(), connections["default"].cursor() as cursor:
            TemplateApproval.objects.bulk_create([row])
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert agree(template, supervisor).state == "applied"


def template_event() -> Any:
    return Event.objects.get(seq=head()).pk


def test_it_is_refused_with_a_reason_and_another_follows(
    templates: list[LetterTemplate], officer: Staff, supervisor: Staff
) -> None:
    first, before = drafted(officer), head()
    with pytest.raises(Invalid, match="at least 6 characters"):
        letters.refuse_template(first, actor=supervisor, reason="no", content_hash=first.content_hash)
    letters.refuse_template(first, actor=supervisor, reason="too long by half", content_hash=first.content_hash)
    assert verbs(before) == ["letter.refused"] and letters.in_use()[Letter.FREEZE].version == 1
    with pytest.raises(Invalid, match="is not waiting for approval"):
        agree(first, supervisor)
    assert drafted(officer).version == 3  # the same words may be tried again
    assert broken() == []


def test_what_was_seen_is_what_is_agreed_to(templates: list[LetterTemplate], officer: Staff, supervisor: Staff) -> None:
    template = drafted(officer)
    with pytest.raises(Invalid, match="not the one you saw"):
        letters.approve_template(template, actor=supervisor, reason=WHY, content_hash="0" * 64)
    change = "UPDATE enforcement_lettertemplate SET body_en = 'x' WHERE id = %s"
    denied = pytest.raises(ProgrammingError, match="permission denied")
    with denied, transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(change, [template.pk])


def test_an_earlier_draft_does_not_come_after_a_later_one(
    templates: list[LetterTemplate], officer: Staff, supervisor: Staff
) -> None:
    first, second = drafted(officer), drafted(officer, "We answer by e-mail.")
    agree(second, supervisor)
    with pytest.raises(Invalid, match="Version 3 is in use already"):
        agree(first, supervisor)
    assert letters.in_use()[Letter.FREEZE] == second


def test_the_same_words_are_not_filed_twice(templates: list[LetterTemplate], officer: Staff, supervisor: Staff) -> None:
    with pytest.raises(Invalid, match="Version 1 says exactly this already"):
        letters.draft_template(draft(), actor=officer, reason=WHY)
    drafted(officer)
    with pytest.raises(Invalid, match="Version 2 says exactly this already"):
        drafted(officer)
    assert LetterTemplate.objects.filter(code="freeze").count() == 2


def test_what_is_wrong_is_refused_before_anything_is_filed(
    templates: list[LetterTemplate], officer: Staff, supervisor: Staff, agent: Staff
) -> None:
    before = head()
    for more, says in (("{holder}", "no placeholder"), ("call 13812345678", "Leave personal data out")):
        with pytest.raises(Invalid, match=says):
            drafted(officer, more)
    assert verbs(before) == []
    for one in (supervisor, agent):
        with pytest.raises(Refused, match="Your role may not draft letters."):
            drafted(one)
    assert verbs(before) == ["audit.refused"] * 2 and LetterTemplate.objects.count() == len(Letter)


def test_the_shipped_texts_come_once(templates: list[LetterTemplate], setup_actor: Staff, officer: Staff) -> None:
    assert [(t.code, t.version, t.state, t.maker) for t in templates] == [
        (code, 1, "applied", setup_actor) for code in Letter.values
    ]
    before = head()
    assert letters.load_shipped(actor=setup_actor) == [] and head() == before
    assert broken() == []


@pytest.mark.django_db(transaction=True)
def test_a_text_changed_behind_the_houses_back_is_named(
    templates: list[LetterTemplate], officer: Staff, supervisor: Staff
) -> None:
    changed, unsigned = agree(drafted(officer), supervisor), drafted(officer, "We answer by e-mail.")
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE enforcement_lettertemplate SET body_zh = 'x' WHERE id = %s", [changed.pk])
        cursor.execute("UPDATE enforcement_lettertemplate SET state = 'applied' WHERE id = %s", [unsigned.pk])
    assert [(one.what, one.row) for one in broken()] == [
        ("letter", f"letter {changed.pk}"), ("letter", f"letter {unsigned.pk}"),
    ]  # fmt: skip
