"""The drill of docs/keys.md: a key is lost, named at once, and fetched from escrow; or never found."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import decrypt
from django.conf import settings as given
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction
from django.test import Client

from accounts.identity.formats import Field
from accounts.identity.queries import identities, masked, opened
from accounts.models import IdentityKey
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.crypto import keys, rotation
from qqops.crypto.keys import UnfitKeys
from qqops.crypto.models import HouseKey, SealingKey, WrappedKey
from qqops.staff.models import Staff
from qqops.staff.signin.adapter import MFAAdapter
from tests.identities import ADULT, MINOR, tell
from tests.pages import number_url
from tests.qqops.crypto.conftest import NAME, NEW, OLD
from tests.qqops.crypto.test_keys import MISSING
from tests.qqops.staff.signin.steps import app_of
from tests.terminal import Terminal

Start = Callable[..., None]
DOCUMENT = (given.BASE_DIR / "docs/keys.md").read_text()
LETTING_GO = [line.strip() for line in DOCUMENT.partition("```sql\n")[2].partition("```")[0].splitlines()]

pytestmark = pytest.mark.django_db(transaction=True)


def desk(staff: Staff) -> Client:
    client = Client()
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_a_key_that_is_lost_is_named_and_with_the_one_from_escrow_all_opens(
    number: Callable[..., Any], cast: dict[str, Staff], terminal: Terminal, with_keys: Start
) -> None:
    identity = tell(number(), cast["privacy"])
    secret, client = app_of(cast["officer"]), desk(cast["agent"])
    sealed = Authenticator.objects.get(type="totp").data["secret"]
    page = number_url(identity.tenure.number_id)

    with_keys(NEW)
    with pytest.raises(UnfitKeys, match=re.escape(MISSING)):
        keys.ready()
    assert client.get(page).status_code == 503
    assert terminal(None, "expire", "--apply").error == MISSING
    assert list(verify()) == []  # the record needs no key

    with_keys(NEW, OLD)
    assert "138****5678" in client.get(page).content.decode()
    assert opened(identities().get(pk=identity.pk), Field) == ADULT
    assert decrypt(sealed) == secret
    assert terminal(None, "expire", "--apply").code == 0


def test_without_it_for_ever_the_house_goes_on_and_shows_what_is_gone_as_not_there(
    number: Callable[..., Any], cast: dict[str, Staff], terminal: Terminal, with_keys: Start
) -> None:
    lost, kept = tell(number(), cast["privacy"]), number()
    app_of(cast["officer"])
    with_keys(NEW, OLD)
    keys.ready()
    tell(kept, cast["privacy"], **MINOR)
    lose = ("seal_rotate", "--lost", NAME)
    assert "has not been let go of" in terminal(None, *lose, "--apply").error  # nothing is lost that still lies there
    with_keys(NEW)
    let_go(NAME)
    with pytest.raises(CommandError, match="The house key search is missing, and accounts_identity rests on it"):
        call_command("migrate", verbosity=0, skip_checks=False)
    assert [(one.table, one.row) for one in verify()] == [("accounts_identity", f"tenure {lost.pk}")]
    dry = terminal(None, *lose)
    assert (dry.code, dry.out.splitlines()[1]) == (4, "Keys of the house made anew: search, proof.")
    assert not HouseKey.objects.exists()
    assert terminal(None, *lose, "--apply").code == 0
    last = Event.objects.latest("seq")
    assert (last.verb, last.facts) == ("seal.lost", {"key": NAME, "made": ["search", "proof"]})
    assert "its loss is on the record" in terminal(None, *lose, "--apply").error
    call_command("migrate", verbosity=0, skip_checks=False)
    keys.ready()
    assert list(SealingKey.objects.values_list("pk", flat=True)) == ["new"]
    assert not Authenticator.objects.exists()
    assert masked(identities().get(pk=lost.pk)) == {}
    assert opened(identities().get(tenure=kept.tenure), Field) == MINOR
    client = desk(cast["agent"])
    for one in (lost.tenure.number_id, kept.pk):
        assert client.get(number_url(one)).status_code == 200
    assert len(keys.house_key(keys.SEARCH)) == 32
    later = tell(number(), cast["privacy"])
    assert MFAAdapter().decrypt(MFAAdapter().encrypt("later")) == "later"
    assert list(verify()) == []
    with connection.cursor() as cursor:  # what was told since has no such excuse
        cursor.execute("DELETE FROM accounts_identitykey WHERE tenure_id = %s", [later.pk])
    assert [one.row for one in verify()] == [f"tenure {later.pk}"]


def test_the_document_names_every_table_and_lets_nothing_be_left_behind(
    number: Callable[..., Any], cast: dict[str, Staff]
) -> None:
    told = " ".join(LETTING_GO)
    assert [p.table for p in rotation.places() if f"FROM {p.table} " not in told] == []
    assert {m._meta.db_table for m in WrappedKey.__subclasses__()} <= {p.table for p in rotation.places()}
    tell(number(), cast["privacy"])
    forgotten = [one for one in LETTING_GO if "identitykey" not in one]
    with pytest.raises(IntegrityError):
        let_go(NAME, forgotten)
    assert IdentityKey.objects.exists() and SealingKey.objects.exists()


def let_go(name: str, statements: list[str] = LETTING_GO) -> None:
    """What the document has the owner of the tables do."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        for one in statements:
            if one not in ("BEGIN;", "COMMIT;"):
                cursor.execute(one.replace("'a'", f"'{name}'").replace('"a.', f'"{name}.'))
