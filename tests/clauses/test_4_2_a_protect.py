"""4.2(a): identity information is protected: sealed where it lies, masked where it is shown, closed to other roles."""

from collections.abc import Callable

from django.db import connection
from django.test import Client

from accounts.models import Number
from qqops.staff.models import Staff
from tests.desk import desk  # noqa: F401  # a fixture
from tests.identities import ADULT, tell
from tests.pages import number_url, text

Make = Callable[..., Number]
Desk = Callable[[str], Client]
TABLES = ("accounts_identity", "accounts_historicalidentity", "accounts_registrant", "accounts_identitykey")


def test_4_2_a_no_table_holds_a_value_in_clear(number: Make, setup_actor: Staff) -> None:
    tell(number(), setup_actor)
    tell(number(), setup_actor, mobile="+8613700000000")
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            (stored,) = cursor.fetchone()
            for value in (*ADULT.values(), "+8613700000000"):
                assert value not in stored and value.encode().hex() not in stored, table


def test_4_2_a_pages_show_it_masked_and_other_roles_not_at_all(
    desk: Desk,  # noqa: F811
    number: Make,
    setup_actor: Staff,
) -> None:
    one = number()
    identity = tell(one, setup_actor)
    url = f"/admin/accounts/identity/{identity.pk}/"
    for login in ("agent", "reviewer", "officer", "supervisor", "privacy", "auditor"):
        browser = desk(login)
        shown = (
            text(browser.get(url))
            + text(browser.get(number_url(one.pk)))
            + text(browser.get("/admin/accounts/identity/"))
        )
        assert "138****5678" in shown and "110***********002X" in shown, login
        assert not [value for value in ADULT.values() if value.removeprefix("+86") in shown], login
    for login in ("resources", "sysadmin"):
        assert desk(login).get(url).status_code == 403
    assert "138****5678" not in text(desk("resources").get(number_url(one.pk)))
