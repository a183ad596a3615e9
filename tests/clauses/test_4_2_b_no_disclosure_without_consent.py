"""4.2(b): without consent or the law nothing is told to anybody: no kind of asker stands for a third party, and a
person's own word (PIPL 45) opens what is his. Nothing else in the house hands out values."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.disclosures.package import content_of
from accounts.disclosures.policy import ASKERS
from accounts.disclosures.services import Shown
from accounts.models import AskedBy, Disclosure, Number
from qqops.core.errors import Refused
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import register, release, review
from tests.desk import desk  # noqa: F401  # a fixture
from tests.identities import ADULT, tell
from tests.permissions.addresses import routes

Make = Callable[..., Number]
Desk = Callable[[str], Client]
# Whoever is named here has the law or the person's own will behind him.
BY_LAW = {"court", "procuratorate", "police", "supervision", "lawyer", "guardian", "relative"}
BY_CONSENT = {"person"}
REFUSED = {"foreign"}


def test_4_2_b_nobody_but_these_can_ask_at_all(number: Make, agent: Staff) -> None:
    assert set(ASKERS) == set(AskedBy.values) == BY_LAW | BY_CONSENT | REFUSED
    for third_party in ("employer", "insurer", "debt collector", "advertiser", "spouse", ""):
        with pytest.raises(Refused, match="no kind of asker|这"):
            register(agent, number().pk, asked_by=third_party)
    assert not Disclosure.objects.exists()


def test_4_2_b_the_person_himself_is_told_on_proof_of_who_he_is(
    number: Make, agent: Staff, privacy: Staff, supervisor: Staff, setup_actor: Staff
) -> None:
    one = number()
    tell(one, setup_actor)
    asks = {"asked_by": "person", "wants": ("identity",), "authority": ""}
    with pytest.raises(Refused):
        register(agent, one.pk, **asks, papers=())
    made = register(agent, one.pk, **asks, papers=(Shown("identity_proof"),))
    assert "PIPL 45" in made.legal_basis
    handed = release(review(made, privacy, "identity"), supervisor)
    assert ADULT["mobile"].encode() in content_of(handed)


@pytest.mark.parametrize("login", ["supervisor", "privacy"])
def test_4_2_b_no_page_that_stands_by_itself_hands_out_a_value(
    desk: Desk,  # noqa: F811
    number: Make,
    setup_actor: Staff,
    login: str,
) -> None:
    """Lists, reports and exports alike, whatever their format; a new one is asked too."""
    tell(number(), setup_actor)
    browser = desk(login)
    plain = [name for name, route in routes() if name.startswith("admin:") and "<" not in route]
    assert "admin:accounts_identity_changelist" in plain
    for name in plain:
        answer: Any = browser.get(reverse(name))
        shown = b"".join(answer) if answer.streaming else answer.content
        assert not [value for value in ADULT.values() if value.removeprefix("+86").encode() in shown], name
