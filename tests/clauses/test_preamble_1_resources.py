"""Preamble ¶1: number resources are used effectively, and the house reports how: by range, by pool, at any size."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import NumberRange
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.pages import text
from tests.supply import WHY
from tests.terminal import Terminal

pytestmark = pytest.mark.django_db
Supply = Callable[..., NumberRange]


@pytest.fixture
def used(cast: dict[str, Staff], supply: Supply) -> NumberRange:
    """A public range of ten thousand million, of which four numbers are held and one waits in quarantine."""
    opened = supply(20_000_000_000, 29_999_999_999)
    make_numbers([20_000_000_001, 20_000_000_002, 20_000_000_003], "in_use")
    make_numbers([20_000_000_004], "terminated")
    make_numbers([20_000_000_005], "quarantined")
    return opened


@pytest.mark.parametrize("login", ["resources", "supervisor", "officer", "privacy", "auditor"])
def test_who_answers_for_number_resources_sees_their_use_on_the_web(
    used: NumberRange, cast: dict[str, Staff], client: Any, login: str
) -> None:
    client.force_login(cast[login])
    client.cookies["django_language"] = "en"
    listed = text(client.get("/admin/accounts/numberrange/"))
    assert "Use of the pools" in listed
    assert "public 1 10,000,000,000 4 &lt;0.1% ≤ 9,999,999,996" in listed
    page = text(client.get(f"/admin/accounts/numberrange/{used.pk}/"))
    for said in ("in use 3", "terminated 1", "quarantined 1", "Without a row 9,999,999,995", "Premium numbers"):
        assert said in page


def test_and_at_the_terminal(used: NumberRange, terminal: Terminal) -> None:
    told = terminal("auditor", "ranges", "show", used.pk, "--reason", WHY, "--json").json
    assert told["use"] == {
        "size": 10**10,
        "held": 4,
        "share": 0.0,
        "left_at_most": 10**10 - 4,
        "rows": {"in_use": 3, "terminated": 1, "quarantined": 1},
    }
    assert told["density"]["looked_at"] == 1000
