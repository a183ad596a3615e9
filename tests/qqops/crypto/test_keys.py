"""Wrong keys are told before anything is sealed or opened, by name, and never by themselves."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections

from accounts.models import Identity
from qqops.crypto import checks, keys
from qqops.crypto.keys import UnfitKeys
from qqops.crypto.models import HouseKey, RetiredKey, SealingKey
from qqops.crypto.seal import new_key, wrap
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import register, release, review
from tests.qqops.crypto.conftest import NAME, NEW, OLD
from tests.terminal import Terminal

Start = Callable[..., None]
BEGIN = "QQOPS_SEAL_KEYS does not fit this database: "
MISSING = f"{BEGIN}the key {NAME} is missing, and data are sealed under it."
WRONG = f"{BEGIN}the key named {NAME} is not the one that sealed the data under this name."


def registered() -> list[str]:
    return sorted(SealingKey.objects.values_list("pk", flat=True))


def test_the_first_key_is_registered_before_it_seals_and_a_second_is_not(
    cast: dict[str, Staff], with_keys: Start
) -> None:
    for given, names in (((OLD, NEW), [NAME]), ((NEW, OLD), sorted([NAME, "new"]))):
        with_keys(*given)
        keys.ready()
        assert registered() == names


@pytest.mark.parametrize(
    ("given", "sentence"),
    [((NEW,), MISSING), ((f"{NAME}:{new_key()}",), WRONG), ((NEW, f"{NAME}:{new_key()}"), WRONG)],
)
def test_a_key_that_is_missing_or_wrong_is_named_and_nothing_is_registered(
    cast: dict[str, Staff], with_keys: Start, given: tuple[str, ...], sentence: str
) -> None:
    with_keys(*given)
    for _twice in range(2):  # what did not fit is asked again
        with pytest.raises(UnfitKeys) as refused:
            keys.ready()
        assert str(refused.value) == sentence
    assert [one.msg for one in checks.the_keys_fit(None, ["default"])] == [sentence]
    assert registered() == [NAME]


def test_a_retired_key_in_front_is_refused_and_behind_it_opens(cast: dict[str, Staff], with_keys: Start) -> None:
    RetiredKey.objects.create(name="new", at="2026-01-01T00:00Z")
    with_keys(NEW, OLD)
    with pytest.raises(UnfitKeys, match="the key new was retired: put the newer key in front of it"):
        keys.ready()
    with_keys(OLD, NEW)
    keys.ready()
    assert registered() == [NAME]


def test_of_two_processes_with_different_keys_of_one_name_the_second_is_refused(
    cast: dict[str, Staff], with_keys: Start
) -> None:
    with_keys(NEW, OLD)
    keys.ready()
    with_keys(f"new:{new_key()}", OLD)
    with pytest.raises(UnfitKeys, match="the key named new is not the one"):
        keys.ready()


@pytest.mark.django_db(transaction=True)
def test_a_key_of_the_house_is_not_made_anew_beside_what_rests_on_it(
    identity: Callable[..., Identity], cast: dict[str, Staff], rulebook: Any
) -> None:
    with pytest.raises(DatabaseError, match="permission denied"):
        HouseKey.objects.all().delete()
    one = identity()
    lose(keys.PROOF)
    keys.settle()  # nothing was released yet
    assert sorted(HouseKey.objects.values_list("pk", flat=True)) == [keys.PROOF, keys.SEARCH]
    asked = register(cast["agent"], one.tenure.number_id)
    release(review(asked, cast["privacy"], "registrant"), cast["supervisor"])
    for name, table in ((keys.PROOF, "accounts_release"), (keys.SEARCH, "accounts_identity")):
        lose(name)
        with pytest.raises(UnfitKeys) as refused:
            keys.settle()
        assert str(refused.value) == f"The house key {name} is missing, and {table} rests on it. See docs/keys.md."
        keys.make([name])
    keys.settle()


def lose(name: str) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM vault_housekey WHERE name = %s", [name])


def test_commands_refuse_in_a_sentence_before_they_do_anything(
    cast: dict[str, Staff], terminal: Terminal, with_keys: Start
) -> None:
    with_keys(NEW)
    for words in (("expire",), ("seal_rotate", "--apply")):
        assert (said := terminal(None, *words)).code == 1
        assert (said.out, said.error) == ("", MISSING)
    with pytest.raises(CommandError, match="is missing, and data are sealed under it"):
        call_command("check", databases=["default"])


def test_what_was_changed_ends_a_command_in_a_sentence(
    cast: dict[str, Staff], terminal: Terminal, with_keys: Start
) -> None:
    HouseKey.objects.filter(pk=keys.SEARCH).update(wrapped=wrap(b"x" * 32, "elsewhere")[1])
    with_keys(NEW, OLD)
    said = terminal(None, "seal_rotate", "--apply")
    assert (said.code, said.out) == (1, "")
    assert said.error == (
        "Sealed information cannot be opened (changed, or sealed for something else). Tell the system administrator."
    )
