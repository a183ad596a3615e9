"""Preamble, second paragraph: no tenure without acceptance; which version was accepted, how and when."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.models import NumberRange, RuleVersion, Tenure
from accounts.services.allocation.allocate import allocate
from accounts.services.allocation.terms import rules_of
from qqops.audit.models import Event
from qqops.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.allocation.wishes import WHY, terms, wish
from tests.enforcement.acts import head, verbs
from tests.terminal import Terminal

Supply = Callable[..., NumberRange]


def test_preamble_2_the_version_accepted_how_and_when_stand_on_the_tenure(
    supply: Supply, resources: Staff, rulebook: RuleVersion
) -> None:
    supply(284_170_000, 284_170_999, "test")
    for how in ("explicit", "by_use"):
        allocate(wish(terms=terms(acceptance=how)), actor=resources, reason=WHY)
    assert list(Tenure.objects.order_by("pk").values_list("rules_version", "acceptance")) == [
        (rulebook.pk, "explicit"),
        (rulebook.pk, "by_use"),
    ]
    assert Tenure.objects.filter(started_at__lte=timezone.now(), accepted_at=None).count() == 2  # with the registration


def test_preamble_2_without_acceptance_nothing_is_opened_and_the_attempt_is_recorded(
    supply: Supply, resources: Staff, terminal: Terminal
) -> None:
    supply(284_170_000, 284_170_999, "test")
    for how in ("", "perhaps"):
        before = head()
        with pytest.raises(Refused):
            allocate(wish(terms=terms(acceptance=how)), actor=resources, reason=WHY)
        assert verbs(before) == ["audit.refused"]
        assert "rules were accepted" in Event.objects.latest("seq").facts["why"]
    said = terminal("resources", "allocate", "--channel", "web", "--pool", "test", "--reason", WHY, "--apply")
    assert said.code == 5 and "unless the rules were accepted" in said.error
    assert not Tenure.objects.exists()


def test_preamble_2_a_version_that_was_not_in_force_cannot_have_been_accepted(rulebook: RuleVersion) -> None:
    assert rules_of("", timezone.now()) == rules_of(rulebook.version, timezone.now()) == rulebook
    with pytest.raises(Invalid):
        rules_of("99", timezone.now())
    with pytest.raises(Invalid):
        rules_of(rulebook.version, rulebook.effective_from - (timezone.now() - rulebook.effective_from))
