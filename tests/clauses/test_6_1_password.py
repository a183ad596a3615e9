"""6.1: nobody of the staff sees a password or sets one; the sign-in system is asked, and its owner sets it there."""

from collections.abc import Callable

import pytest
import time_machine
from django.apps import apps
from django.utils import timezone

from accounts.models import Number
from appeals.filing import filing_validation
from appeals.messages.sealed_text import Words
from appeals.models import Message
from appeals.policy import COOL_DOWN, EvidenceKind
from appeals.recovery.services import carry_out
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.appeals.heard import filed, ruled
from tests.enforcement.acts import HOUR, broken

Make = Callable[..., Number]
pytestmark = [pytest.mark.usefixtures("english", "rulebook")]


def test_6_1_no_table_of_holders_or_appeals_has_a_place_for_a_password() -> None:
    for model in apps.get_models():
        if model._meta.app_label in ("accounts", "enforcement", "appeals"):
            assert not [f.name for f in model._meta.fields if "password" in f.name or "credential" in f.name]


@pytest.mark.parametrize("kind", [EvidenceKind.PAST_PASSWORDS.value, EvidenceKind.SECRET.value])
def test_6_1_of_past_passwords_only_how_many_matched_is_taken_in(number: Make, agent: Staff, kind: str) -> None:
    with pytest.raises(Invalid):
        filed(number(), "recovery", agent, evidence=[(kind, "hunter2, my old one")])
    assert filing_validation.item(kind, "3/5") == "3/5"


def test_6_1_an_upheld_recovery_asks_for_new_credentials_and_carries_none(
    number: Make, agent: Staff, reviewer: Staff
) -> None:
    appeal = filed(number(), "recovery", agent)
    ruled(appeal, "upheld", reviewer)
    with time_machine.travel(timezone.now() + COOL_DOWN + HOUR):
        assert carry_out(appeal.pk, actor=Staff.objects.system("system-appeals"))
    asked = Words(appeal).of_message(Message.objects.get(kind="reset"))
    assert "asked for new credentials" in asked and str(appeal.number_id) in asked
    assert broken() == []
