"""A signed head, kept outside: what it proves of a record that somebody above every trigger has rewritten."""

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import translation

from enforcement.policy import Kind
from qqops.alerts.models import Alert
from qqops.audit.checkpoints import audit_checks as proof
from qqops.audit.checkpoints import services, text
from qqops.audit.checkpoints.models import Checkpoint
from qqops.audit.models import Event
from qqops.audit.verify import verify
from qqops.core.errors import Invalid
from qqops.crypto import seal
from qqops.staff.models import Staff
from tests.cast import make_numbers
from tests.enforcement.acts import approve, decide, head, verbs
from tests.qqops.alerts.raising import hook, work
from tests.qqops.audit.superuser import superuser

Settings = Any
HEAD = text.Head(
    "6f1c1e2a-0000-4000-8000-000000000001", 4711, "ab" * 32, "2026-11-28T01:02:03+00:00", "2026-11-28T03:30:00+00:00",
    text.WHOLE, "demo",
)  # fmt: skip

# As whoever owns the database would do it: every number, forerunner and hash anew.
REHASH = """
DO $$ DECLARE one uuid; before bytea := ''; n bigint := 0; BEGIN
  FOR one IN SELECT id FROM audit_event ORDER BY seq LOOP
    n := n + 1;
    UPDATE audit_event SET seq = n, prev_hash = before WHERE id = one;
    UPDATE audit_event e SET hash = audit_event_hash(e, e.prev_hash) WHERE id = one RETURNING hash INTO before;
  END LOOP;
END $$"""


@pytest.fixture
def signer(settings: Settings) -> str:
    settings.QQOPS_CHECKPOINT_PUBLIC = ""
    settings.QQOPS_CHECKPOINT_KEY = f"demo:{seal.new_key()}"
    return text.sign(HEAD)


@pytest.fixture
def world(cast: dict[str, Staff]) -> list[int]:
    ids = [88_880_001, 88_880_002]
    make_numbers(ids)
    approve(decide(Kind.FREEZE, ids, cast["officer"], indefinite=True), cast["supervisor"])
    return ids


def run(*words: object) -> tuple[int, str]:
    out = StringIO()
    try:
        with translation.override("en"):
            call_command(*map(str, words), stdout=out, stderr=StringIO())
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    except CommandError as error:
        return error.returncode, str(error)
    return 0, out.getvalue()


def one_of_none() -> str:
    return str(Checkpoint.objects.get().event_id)


def since(file: Path) -> tuple[int, str, list[str]]:
    """Exit code, sentences, and what is named, of a verification that goes on from a checkpoint."""
    code, said = run("audit_verify", "--since", file)
    again, told = run("audit_verify", "--since", file, "--json")
    assert code == again
    return code, said, [" ".join(one.values()) for one in json.loads(told)["broken"]]


def test_a_text_comes_back_as_the_head_it_was_whatever_a_mail_made_of_it(signer: str) -> None:
    assert text.read(signer) == HEAD
    mailed = "Dear auditor,\r\n\r\n  " + signer.replace("\n", "\r\n  ") + "\r\n-- \r\nqqops"
    assert text.read(mailed) == HEAD


@pytest.mark.parametrize("line", range(1, 9))
def test_a_text_that_was_changed_by_one_character_is_refused(signer: str, line: int) -> None:
    lines = signer.splitlines()
    changed = lines[line][:-3] + ("1" if lines[line][-3] != "1" else "2") + lines[line][-2:]
    with pytest.raises(Invalid, match="signature does not fit|no checkpoint|names no event|not known|签名|检查点|密钥"):
        text.read("\n".join([*lines[:line], changed, *lines[line + 1 :]]))


def test_what_another_key_signed_is_refused_and_what_an_older_one_did_is_not(signer: str, settings: Settings) -> None:
    public = text.public_key()
    settings.QQOPS_CHECKPOINT_KEY = f"demo:{seal.new_key()}"
    with translation.override("en"), pytest.raises(Invalid, match="another key signed it"):
        text.read(signer)
    settings.QQOPS_CHECKPOINT_KEY = f"new:{seal.new_key()}"
    with translation.override("en"), pytest.raises(Invalid, match="key demo, which is not known here"):
        text.read(signer)
    settings.QQOPS_CHECKPOINT_PUBLIC = public
    assert text.read(signer) == HEAD


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda t: "", "no checkpoint in it"),
        (lambda t: t.replace("hash: ", "hush: "), "no checkpoint in it"),
        (lambda t: t.replace(text.END, ""), "no checkpoint in it"),
        (lambda t: t.replace("seq: 4711", "seq: 04711"), "names no event"),
        (lambda t: t + t, "more than one checkpoint"),
    ],
)
def test_what_is_no_checkpoint_is_said(signer: str, change: Callable[[str], str], sentence: str) -> None:
    with translation.override("en"), pytest.raises(Invalid, match=sentence):
        text.read(change(signer))


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_is_printed_put_on_the_record_and_accepted_by_who_has_the_public_key(
    world: list[int], cast: dict[str, Staff], settings: Settings, tmp_path: Path
) -> None:
    file, before = tmp_path / "checkpoint", head()
    assert run("audit_checkpoint", "--out", file) == (0, "")
    kept = Checkpoint.objects.get()
    signed = text.read(file.read_text())
    event = Event.objects.get(seq=before)
    assert (verbs(before), kept.text, kept.seq) == (["audit.checkpoint"], file.read_text(), before)
    assert (signed.seq, signed.hash, signed.record) == (before, bytes(event.hash).hex(), "unverified")
    made = Event.objects.get(seq=before + 1)
    assert (made.actor.username, made.facts, made.rows, made.pk) == (
        "system-audit", {"seq": before, "record": "unverified"}, {"audit_checkpoint": 1}, kept.event_id,
    )  # fmt: skip
    code, said = run("audit_checkpoint", "--out", file)
    assert code == 2 and "never written over another" in said and head() == before + 1
    approve(decide(Kind.LIFT, world, cast["reviewer"]), cast["supervisor2"])
    code, public = run("audit_checkpoint", "--public-key")
    settings.QQOPS_CHECKPOINT_KEY, settings.QQOPS_CHECKPOINT_PUBLIC = "", public.strip()
    code, said, named = since(file)
    assert (code, named) == (0, [])
    assert f"The events up to {before} are those of the checkpoint; nobody had verified the record" in said
    told = json.loads(run("audit_verify", "--since", file, "--json")[1])
    assert told["since"] == {"seq": before, "record": "unverified", "fits": True, "why": ""}
    now = head()
    code, said = run("audit_checkpoint")
    assert code == 2 and "set QQOPS_CHECKPOINT_KEY" in said and head() == now
    settings.QQOPS_CHECKPOINT_PUBLIC = f"demo:{seal.new_key()}"
    code, said = run("audit_verify", "--since", file)
    assert code == 2 and "signature does not fit" in said
    code, said = run("audit_verify", "--since", tmp_path / "none")
    assert code == 2 and "Cannot read the checkpoint" in said


@pytest.mark.django_db(transaction=True)
def test_a_forged_tail_is_named_by_the_records_own_checkpoints_and_by_the_one_that_was_kept(
    world: list[int], tmp_path: Path
) -> None:
    older, file = tmp_path / "older", tmp_path / "checkpoint"
    run("audit_checkpoint", "--out", older)
    begun = head()
    make_numbers([88_880_009])
    run("audit_checkpoint", "--out", file)
    signed = text.read(file.read_text()).seq
    with superuser() as cursor:
        cursor.execute(f"UPDATE audit_event SET reason = 'as it suits me' WHERE seq = {begun + 1}")
        cursor.execute(REHASH)
    own = f"checkpoint audit_checkpoint seq {signed} rewritten"
    assert [f"{b.what} {b.table} {b.row}" for b in verify()] == [own]
    assert since(older)[2] == [own]  # the older one fits: from there it is
    with superuser() as cursor:  # and the traces
        cursor.execute(f"DELETE FROM audit_event WHERE id IN (SELECT event FROM audit_checkpoint WHERE seq = {signed})")
        cursor.execute(f"DELETE FROM audit_checkpoint WHERE seq = {signed}")
        # What told of the first finding, too.
        cursor.execute("DELETE FROM audit_event WHERE verb = 'audit.broken'")
        cursor.execute("DELETE FROM alerts_alert")
        cursor.execute(REHASH)
    assert list(verify()) == []
    code, said, named = since(file)
    assert (code, named) == (7, [f"checkpoint audit_event seq {signed} rewritten"])
    assert f"Event {signed} is not the one that was signed" in said
    assert Alert.objects.filter(code="record_broken").count() == 1


@pytest.mark.django_db(transaction=True)
def test_the_events_before_a_checkpoint_are_not_called_its_own_where_one_of_them_was_changed(
    world: list[int], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoint"
    run("audit_checkpoint", "--out", file)
    with superuser() as cursor:
        cursor.execute("UPDATE audit_event SET reason = 'as it suits me' WHERE seq = 2")
    code, said, named = since(file)
    assert (code, named) == (7, ["chain audit_event seq 2"])
    assert "are those of the checkpoint" not in said


@pytest.mark.django_db(transaction=True)
def test_a_record_that_was_cut_and_one_of_another_house_are_told_apart(world: list[int], tmp_path: Path) -> None:
    file, other = tmp_path / "checkpoint", tmp_path / "other"
    run("audit_checkpoint", "--out", file)
    last = head() - 1
    mine = text.read(file.read_text())
    other.write_text(text.sign(text.Head(**vars(mine) | {"house": str(Checkpoint.objects.get().event_id)})))
    code, said, named = since(other)
    assert (code, named) == (7, [f"checkpoint audit_event seq {last} house"])
    assert "of another house, or this whole record was put in the place of ours" in said
    with superuser() as cursor:
        cursor.execute(f"DELETE FROM audit_event WHERE seq >= {last}")
        cursor.execute("DELETE FROM audit_checkpoint")
    code, said = run("audit_verify", "--since", file)
    assert code == 7 and "its end was cut off" in said
    assert f"checkpoint  audit_event  seq {last} cut" in said


@pytest.mark.django_db(transaction=True)
def test_since_a_checkpoint_goes_on_from_there_and_takes_what_lies_before_as_it_was(
    world: list[int], cast: dict[str, Staff], tmp_path: Path
) -> None:
    file = tmp_path / "checkpoint"
    run("audit_checkpoint", "--out", file)
    signed = text.read(file.read_text()).seq
    approve(decide(Kind.LIFT, world, cast["reviewer"]), cast["supervisor2"])

    def named(*statements: str) -> list[str]:
        """What is named of a tampering, which is taken back."""
        with superuser() as cursor:
            for statement in statements:
                cursor.execute(statement)
        found = since(file)[2]
        with superuser() as cursor:
            for statement in statements:
                cursor.execute(statement.replace("'x'", "''").replace("tier + 1", "tier - 1"))
            cursor.execute("UPDATE alerts_alert SET level = 'critical'")
        return found

    late = f"UPDATE audit_event SET ticket = 'x' WHERE seq = {signed + 2}"
    assert named(late) == [f"chain audit_event seq {signed + 2}"]
    # The chain is computed from its beginning; what older events wrote was looked at then.
    assert named(late.replace(str(signed + 2), str(signed - 1))) == [f"chain audit_event seq {signed - 1}"]
    itself = late.replace(str(signed + 2), str(signed))
    assert f"checkpoint audit_event seq {signed} rewritten" in named(itself)
    old, new = "SELECT min(history_id)", "SELECT max(history_id)"
    tier = "UPDATE accounts_historicalnumber SET tier = tier + 1 WHERE history_id = (%s FROM accounts_historicalnumber)"
    assert named(tier % old) == []
    assert [one.split()[0] for one in sorted(named(tier % new))] == ["digest", "drift"]
    with superuser() as cursor:
        cursor.execute("UPDATE audit_checkpoint SET event = gen_random_uuid()")
    # An event of since then misses its row, and a row has no event.
    assert sorted(one.split()[2:4] for one in since(file)[2]) == [["event", one_of_none()], ["seq", str(signed + 1)]]


@pytest.mark.django_db(transaction=True)
def test_a_checkpoint_leaves_by_mail_and_webhook_and_what_does_not_is_told(
    world: list[int], settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with hook() as there:
        settings.ALERT_EMAIL, settings.ALERT_WEBHOOK = ["auditor@example.com"], there.url
        kept, before = services.make_now(), head()
        work()
    (sent,) = mail.outbox
    assert sent.to == ["auditor@example.com"] and str(sent.subject).startswith("[qqops] ")
    assert text.read(str(sent.body)).seq == kept.seq
    ((_asked, body),) = there.came
    assert body == {"kind": "checkpoint", "level": "info", "text": kept.text, "event": str(kept.event_id)}
    assert verbs(before) == ["audit.checkpoint_sent"] * 2
    services.give_up(kept, "mail", TimeoutError())
    assert verbs(before + 2) == ["audit.checkpoint_unsent"]
    alert = Alert.objects.get()
    assert (alert.code, alert.facts) == (
        "checkpoint_unsent", {"channel": "mail", "seq": kept.seq, "why": "TimeoutError"},
    )  # fmt: skip
    assert list(verify()) == []


@pytest.mark.django_db
def test_a_checkpoint_of_the_records_own_that_was_forged_is_named(world: list[int], settings: Settings) -> None:
    """With a row and an event that fit each other, by who has the application's role and not the key."""
    services.make_now()
    settings.QQOPS_CHECKPOINT_KEY = f"demo:{seal.new_key()}"
    with connection.cursor() as cursor:
        assert [b.row for b in proof.broken(cursor)] == [f"seq {Checkpoint.objects.get().seq} signature"]
        settings.QQOPS_CHECKPOINT_KEY = f"next:{seal.new_key()}"
        assert [b.row for b in proof.broken(cursor)] == [f"seq {Checkpoint.objects.get().seq} key demo not known"]
