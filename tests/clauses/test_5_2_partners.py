"""5.2: partners' services are logged in to as well. Their logins count, and what they hold is cleared at the end."""

from collections.abc import Callable
from pathlib import Path

import pytest

from accounts.cancellation import services as cancel
from accounts.models import LoginFact, Number, NumberRange
from accounts.quarantine.policy import Confirmation, Service
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.logins.files import ago, logins
from tests.accounts.quarantine.steps import ALL, WHY, cleared, later, quarantined, released
from tests.terminal import Terminal

Make = Callable[..., Number]


def test_5_2_a_login_to_a_partner_is_a_login(number: Make, terminal: Terminal, tmp_path: Path) -> None:
    one = number("allocated")
    terminal(None, "import_logins", logins(tmp_path, [(one.pk, ago(hours=1), "partner.game-7")]), "--apply")
    assert Number.objects.get(pk=one.pk).lifecycle == "in_use"
    assert LoginFact.objects.get().service == "partner.game-7"


def test_5_2_no_cancellation_begins_before_the_authorisations_of_partners_are_removed(
    number: Make, agent: Staff
) -> None:
    with pytest.raises(Invalid, match=str(Confirmation.PARTNERS.label)):
        cancel.cancel([number().pk], set(ALL) - {Confirmation.PARTNERS.value}, actor=agent, reason=WHY)


def test_5_2_nobody_else_gets_the_number_before_the_partners_have_cleared_it(
    number: Make, supply: Callable[..., NumberRange], tmp_path: Path
) -> None:
    supply(284_970_000, 284_979_999)
    one = number(id=284_970_532)
    quarantined([one.pk])
    others = [service.value for service in Service if service != Service.PARTNERS]
    with later(days=31 + 181):
        cleared(tmp_path, [one.pk], others)
        assert released() == {"services": 1}
        cleared(tmp_path, [one.pk], ["partners"])
        assert released() == {"available": 1}
