"""Erasure: every copy becomes unreadable, the record stays whole, and what is due goes by itself. DESIGN §6."""

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.utils import timezone

from accounts.identity.sealing import open_item
from accounts.identity.services import record
from accounts.models import (
    DataRequestKey,
    Erasure,
    Hold,
    Identity,
    IdentityKey,
    Registrant,
    ReleaseKey,
)
from accounts.retention.erasure import erase
from accounts.retention.erasure_list import read
from accounts.retention.holds import place
from accounts.retention.purge import due, purge
from accounts.rights.answer import download
from accounts.rights.queries import certificate
from accounts.tasks import purge_expired
from qqops.alerts.models import Beat
from qqops.audit.models import Event
from qqops.core.errors import Invalid, Refused
from qqops.crypto.seal import CannotOpen, DataKey
from qqops.staff.models import Staff
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, ask, end, through
from tests.enforcement.acts import head, verbs
from tests.identities import ADULT, tell
from tests.terminal import Terminal

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def ciphertexts(identity: Identity) -> Iterator[tuple[str, bytes]]:
    """Every sealed item that any table still has: the registrant's, and each row of the history."""
    for row in [*Registrant.objects.filter(pk=identity.pk), *Identity.history.filter(tenure=identity.pk)]:
        for field in ADULT:
            if getattr(row, field) is not None:
                yield field, bytes(getattr(row, field))


def test_erased_is_every_copy_history_included_and_the_record_is_whole(
    identity: Make, cast: Cast, retention: Staff
) -> None:
    one, other = identity(), identity()
    tell(one.tenure, cast["privacy"], mobile="+8613700000000")
    end(one, retention)
    old = IdentityKey.objects.get(pk=one.pk).in_hand()
    before = head()
    done = erase([one.pk], basis="retention", actor=retention, reason="")
    assert (done.erased, done.kept, done.gone, dict(done.cleared)) == (1, 0, 0, {"identity": 1})
    (event,) = Event.objects.filter(seq__gt=before)
    assert (event.verb, event.subject_label) == ("identity.erased", str(one.tenure))
    assert event.facts == {"basis": "retention", "identities": 1, "cleared": {"identity": 1}}
    assert event.rows == {"accounts_historicalidentity": 1, "accounts_erasure": 1}
    left = list(ciphertexts(one))
    assert len(left) == 3 * len(ADULT)  # the registrant's, as first told, and as last told
    assert {open_item(old, one.pk, field, sealed) for field, sealed in left} > set(ADULT.values())
    for key in [DataKey(bytes(32)), *(row.in_hand() for row in IdentityKey.objects.all())]:
        for field, sealed in left:
            with pytest.raises(CannotOpen):
                open_item(key, one.pk, field, sealed)
    assert list(IdentityKey.objects.values_list("pk", flat=True)) == [other.pk]
    assert whole()
    again = erase([one.pk], basis="retention", actor=retention, reason="")
    assert (again.erased, again.gone, Erasure.objects.count()) == (0, 1, 1)


def test_nothing_is_told_again_of_who_was_erased(former: Make, cast: Cast, retention: Staff) -> None:
    one = former()
    erase([one.pk], basis="retention", actor=retention, reason="")
    with pytest.raises(Refused):
        tell(one.tenure, cast["privacy"])
    assert record([], actor=cast["privacy"], reason=WHY).new == 0 and not IdentityKey.objects.exists()


def test_a_set_goes_in_chunks_and_what_is_held_stays(former: Make, cast: Cast, retention: Staff, settings: Any) -> None:
    settings.QQOPS_CHUNK = 2
    all_of_them = [former() for _n in range(5)]
    ids = [one.pk for one in all_of_them]
    place(ids[1:2], "legal", "a case", actor=cast["officer"], reason=WHY)
    ask(all_of_them[2], cast["agent"], "copy")
    before = head()
    done = erase(ids, basis="retention", actor=retention, reason="")
    assert (done.erased, done.kept) == (3, 2) and verbs(before) == ["identity.erased"] * 3
    assert list(Identity.objects.filter(erased_at=None).values_list("pk", flat=True)) == ids[1:3]
    assert set(IdentityKey.objects.values_list("pk", flat=True)) == set(ids[1:3])
    assert whole()


def test_what_was_said_and_handed_out_goes_with_it(former: Make, cast: Cast) -> None:
    one = former()
    copy = through(one, cast, "copy")
    deletion = through(one, cast)
    found = Erasure.objects.get()
    assert found.cleared == {"identity": 1, "data_requests": 2, "releases": 1}
    assert not DataRequestKey.objects.filter(pk__in=[copy.pk, deletion.pk]).exists()
    with pytest.raises(Invalid, match="was erased"):
        download(copy, actor=cast["privacy"])
    for language in ("zh-hans", "en"):
        assert deletion.receipt in certificate(found, language)
    assert whole()


def test_the_sweep_takes_what_is_due_and_leaves_what_something_keeps(
    identity: Make, cast: Cast, retention: Staff
) -> None:
    live, recent, old, held = (identity() for _n in range(4))
    for one, days in ((recent, 179), (old, 181), (held, 181)):
        end(one, retention, days)
    place([held.pk], "legal", "a case", actor=cast["officer"], reason=WHY)
    assert due() == {"identity": 1, "kept": 1} and not Erasure.objects.exists()
    assert purge(actor=retention) == {"identity": 1, "kept": 1}
    assert list(Erasure.objects.values_list("tenure", "basis")) == [(old.pk, "retention")]
    assert purge(actor=retention) == {"kept": 1} and due() == {"kept": 1}
    assert set(Identity.objects.filter(erased_at=None)) == {live, recent, held}
    assert whole()


def test_the_keys_of_cases_last_their_own_time(identity: Make, cast: Cast, retention: Staff) -> None:
    one, other = identity(), identity()
    copy = through(one, cast, "copy")
    waiting = ask(other, cast["agent"], "lock")
    with time_machine.travel(timezone.now() + 31 * DAY):
        assert due() == {"releases": 1}
        before = head()
        assert purge(actor=retention) == {"releases": 1} and verbs(before) == ["identity.keys_expired"]
        assert Event.objects.latest("seq").facts == {"cleared": {"releases": 1}}
        assert DataRequestKey.objects.count() == 2 and not ReleaseKey.objects.exists()
        with pytest.raises(Invalid, match="30 days"):
            download(copy, actor=cast["privacy"])
    with time_machine.travel(timezone.now() + 3 * 366 * DAY):
        assert purge(actor=retention) == {"data_requests": 1}
        assert list(DataRequestKey.objects.values_list("pk", flat=True)) == [waiting.pk]  # it still waits
    assert whole()


def test_a_deletion_that_had_to_wait_is_carried_out_when_nothing_keeps_it_any_longer(
    former: Make, cast: Cast, retention: Staff
) -> None:
    one = former()
    until = timezone.now() + 10 * DAY
    place([one.pk], "legal", "a case", actor=cast["officer"], reason=WHY, until=until)
    request = through(one, cast)
    assert request.outcome == "locked" and purge(actor=retention) == {"kept": 1}
    with time_machine.travel(until + DAY):
        assert due() == {"waited": 1, "holds": 1}
        assert purge(actor=retention) == {"waited": 1, "holds": 1}
    found = Erasure.objects.get()
    assert (found.basis, found.data_request) == ("request", request) and not Hold.objects.filter(lifted_at=None)
    assert whole()


def test_who_had_it_unlocked_is_not_deleted_for_his_earlier_request(former: Make, cast: Cast, retention: Staff) -> None:
    one = former()
    place([one.pk], "legal", "a case", actor=cast["officer"], reason=WHY, until=timezone.now() + 10 * DAY)
    through(one, cast)
    for kind in ("unlock", "lock"):
        through(Identity.objects.get(pk=one.pk), cast, kind)
    with time_machine.travel(timezone.now() + 11 * DAY):
        assert purge(actor=retention) == {"holds": 1}
    assert Identity.objects.get(pk=one.pk).erased_at is None


def test_the_worker_sweeps_writes_the_list_and_says_that_it_came(
    identity: Make, retention: Staff, listed: Path
) -> None:
    old = identity()
    end(old, retention, 181)
    purge_expired(0)
    assert [line.number for line in read(listed)] == [old.tenure.number_id]
    assert Beat.objects.get(pk="accounts.purge").at > timezone.now() - datetime.timedelta(minutes=5)
    assert Event.objects.latest("seq").source == "system"
    purge_expired(0)  # jobs may run twice
    assert Erasure.objects.count() == 1 and len(list(read(listed))) == 1


def test_the_commands_say_what_they_would_do_and_did(
    identity: Make, retention: Staff, terminal: Terminal, listed: Path
) -> None:
    old = identity()
    end(old, retention, 181)
    dry = terminal(None, "identity", "purge_expired")
    assert dry.code == 4 and "identity information and initial registrant: 1" in dry.out
    assert terminal(None, "identity", "erasures").out == ""
    done = terminal(None, "identity", "purge_expired", "--apply", "--json")
    assert (done.code, done.json) == (0, {"applied": True, "identity": 1})
    (said,) = terminal(None, "identity", "erasures", "--json").json["erasures"]
    assert (said["number"], said["seq"]) == (old.tenure.number_id, 1)
    assert json.loads(listed.read_text()) == said == json.loads(terminal(None, "identity", "erasures").out)
    assert "nothing" in terminal(None, "identity", "purge_expired").out
    event = Event.objects.filter(verb="identity.erased").latest("seq")
    assert (event.actor, event.source) == (retention, "system")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM accounts_identitykey")
        assert cursor.fetchone() == (0,)


def test_who_is_no_longer_to_be_erased_when_all_is_locked_stays(former: Make, retention: Staff) -> None:
    one = former()
    due_by_now = Identity.objects.filter(locked_at__isnull=False)  # unlocked since it was chosen
    assert erase([one.pk], basis="request", actor=retention, reason="", among=due_by_now).erased == 0
    assert IdentityKey.objects.filter(pk=one.pk).exists()
