"""5.1: a number logs in to the operator's services; what is kept of it is the first and the last login to each."""

from collections.abc import Callable
from pathlib import Path

from accounts.models import LoginFact, Number
from accounts.numbers.queries import numbers as numbers_shown
from enforcement.policy import Scope
from tests.accounts.logins.files import ago, logins
from tests.terminal import Terminal

Make = Callable[..., Number]


def test_5_1_the_last_login_is_known_for_each_service_and_the_latest_is_shown(
    number: Make, terminal: Terminal, tmp_path: Path
) -> None:
    one = number()
    mail, qq = ago(days=30), ago(days=3)
    terminal(None, "import_logins", logins(tmp_path, [(one.pk, mail, "mail"), (one.pk, qq, "qq")]), "--apply")
    assert dict(LoginFact.objects.values_list("service", "last_at")) == {"mail": mail, "qq": qq}
    assert numbers_shown().get(pk=one.pk).last_login == qq  # type: ignore[attr-defined]


def test_5_1_the_first_login_puts_the_number_to_use_and_no_later_one_does(
    number: Make, terminal: Terminal, tmp_path: Path
) -> None:
    one = number("allocated")
    for name, activated in (("first.csv", 1), ("second.csv", 0)):
        file = logins(tmp_path, [(one.pk, ago(hours=2), "qq")], name)
        assert terminal(None, "import_logins", file, "--apply", "--json").json["activated"] == activated
    assert Number.objects.get(pk=one.pk).lifecycle == "in_use"


def test_5_1_a_login_that_the_number_was_not_allowed_is_a_scope_of_its_own() -> None:
    assert Scope.LOGIN.value == "login" and Scope.PARTNER_LOGIN.value == "partner_login"
