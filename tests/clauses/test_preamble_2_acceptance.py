"""Preamble, second paragraph: no tenure without acceptance; which version was accepted, how and when."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from accounts.allocation.services import allocate
from accounts.allocation.terms import rules_of
from accounts.models import NumberRange, ResourceApproval, ResourceProposal, RuleVersion, Tenure
from accounts.premium import services as allocations
from accounts.resources import services as proposals
from accounts.resources.queries import fineness
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.accounts.allocation.registering import publish_rules
from tests.accounts.allocation.wishes import WHY, holder, terms, wish
from tests.enforcement.acts import DAY, broken, head, verbs
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


def test_preamble_2_only_the_version_in_force_can_have_been_accepted(
    supply: Supply, terminal: Terminal, rulebook: RuleVersion
) -> None:
    supply(284_170_000, 284_170_999, "test")
    now = timezone.now()
    publish_rules("1", now - 2 * DAY)
    publish_rules("2", now - DAY)
    assert [rules_of("", now).version, rules_of("1", now - DAY * 1.5).version] == ["2", "1"]
    before = head()
    words = ("allocate", "--channel", "web", "--pool", "test", "--accepted", "explicit", "--reason", WHY)
    for named in ("1", rulebook.version, "9"):  # which was; a summary, which yields to a text; none
        for apply in ((), ("--apply",)):
            said = terminal("resources", *words, "--rules", named, *apply)
            assert (said.code, said.error) == (2, "Not this version of the rules was in force then, but 2.")
    assert set(verbs(before)) == {"staff.token_issued"} and not Tenure.objects.exists()
    assert terminal("resources", *words, "--rules", "2", "--apply").code == 0
    assert Tenure.objects.get().rules_version.version == "2"


def test_preamble_2_what_is_agreed_to_when_other_rules_are_in_force_hands_nothing_out(
    supply: Supply, cast: dict[str, Staff], english: None
) -> None:
    found = supply(284_911_000, 284_911_999, "premium")
    fine = next(n for n in range(found.first, found.last) if fineness(n)[0] == 3)
    publish_rules("1", timezone.now() - DAY)

    def proposed() -> ResourceProposal:
        asked = allocations.wanted(wish(numbers=(fine,), holders=[holder()]))
        return proposals.propose(asked, actor=cast["resources"], reason=WHY)

    def rule(on: ResourceProposal, act: Callable[..., ResourceProposal]) -> ResourceProposal:
        return act(on, actor=cast["supervisor"], reason=WHY, content_hash=on.content_hash)

    old = proposed()
    publish_rules("2", timezone.now())
    before = head()
    with pytest.raises(Invalid) as told:
        rule(old, proposals.approve)
    assert str(told.value) == (
        "The rules have changed meanwhile: version 2 is in force. Nothing was handed out; propose it again, so that the"
        " holder accepts that version."
    )
    assert (
        verbs(before) == []
        and not Tenure.objects.exists()
        and not ResourceApproval.objects.filter(proposal=old).exists()
    )
    rule(old, proposals.refuse)
    rule(proposed(), proposals.approve)
    tenure = Tenure.objects.get()
    assert (tenure.number_id, tenure.rules_version.version) == (fine, "2") and broken() == []


def test_preamble_2_a_version_that_was_not_in_force_cannot_have_been_accepted(rulebook: RuleVersion) -> None:
    assert rules_of("", timezone.now()) == rules_of(rulebook.version, timezone.now()) == rulebook
    with pytest.raises(Invalid):
        rules_of("99", timezone.now())
    with pytest.raises(Invalid):
        rules_of(rulebook.version, rulebook.effective_from - (timezone.now() - rulebook.effective_from))
