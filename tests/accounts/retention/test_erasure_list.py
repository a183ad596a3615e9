"""The erasure list: signed, healed, never widened by who can write to it; and a restored database held against it."""

import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from accounts.models import (
    DataRequest,
    DataRequestKey,
    DisclosureKey,
    Erasure,
    Hold,
    Identity,
    IdentityKey,
)
from accounts.retention.erasure import erase
from accounts.retention.erasure_list import Line, lines, read, write_list
from accounts.retention.holds import lift, place
from accounts.retention.reapply import reapply
from accounts.tasks import purge_expired
from qqops.alerts.models import Beat
from qqops.core.errors import Invalid
from qqops.staff.models import Staff
from tests.accounts.disclosures.asking import last_year, register
from tests.accounts.identity.test_record import whole
from tests.accounts.rights.steps import WHY, Cast, answer, ask, do
from tests.terminal import Terminal

Make = Callable[..., Identity]
pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def line_of(number: int) -> Line:
    """As this house would have written it."""
    return Line(7, number, 1, timezone.now().isoformat())


def test_the_list_is_written_once_healed_and_holds_nothing_personal(
    former: Make, retention: Staff, listed: Path, django_capture_on_commit_callbacks: Any
) -> None:
    first, second, third = (former() for _n in range(3))
    with django_capture_on_commit_callbacks(execute=True):
        erase([first.pk], basis="retention", actor=retention, reason="")
    erase([second.pk], basis="retention", actor=retention, reason="")  # the disk was full
    assert [line.number for line in read(listed)] == [first.tenure.number_id]
    assert write_list() == 1 and write_list() == 0
    whole_lines = [json.loads(text) for text in listed.read_text().splitlines()]
    assert [line["number"] for line in whole_lines] == [first.tenure.number_id, second.tenure.number_id]
    assert set(whole_lines[0]) == {"certificate", "number", "seq", "at", "signature"}
    assert listed.stat().st_mode & 0o777 == 0o600
    with time_machine.travel(timezone.now() + 9 * DAY):  # the disk was full for days, and is no longer
        with django_capture_on_commit_callbacks(execute=True):
            erase([third.pk], basis="retention", actor=retention, reason="")
        listed.write_text("".join(listed.read_text().splitlines(keepends=True)[::2]))
        assert write_list() == 1 and sorted(line.certificate for line in read(listed)) == sorted(
            Erasure.objects.values_list("pk", flat=True)
        )
    listed.unlink()
    listed.mkdir()
    with pytest.raises(Invalid, match="cannot be written"):
        write_list()
    listed.rmdir()
    assert write_list() == 3 and len(list(read(listed))) == 3


HOSTILE = (
    '{"certificate": 9',  # cut off by a crash
    "[" * 100_000,
    '{"certificate": Infinity, "number": 1, "seq": 1, "at": "2026-01-01T00:00:00+00:00", "signature": ""}',
    '{"certificate": 1, "number": 100000000000000000000000, "seq": 1, "at": "2026-01-01T00:00:00+00:00"}',
    '{"certificate": 1, "number": 10001, "seq": 1, "at": 5, "signature": "é"}',
    '{"certificate": 1, "number": 10001, "seq": 1, "at": "9999-99-99T00:00:00+00:00", "signature": null}',
    "null",
)


def test_a_damaged_list_is_told_of_and_no_line_is_lost_by_it(
    former: Make, retention: Staff, listed: Path, terminal: Terminal
) -> None:
    one = former()
    erase([one.pk], basis="retention", actor=retention, reason="")
    # Whoever can write to the file says that the line is there, and that all is written until the year 3000.
    (line,) = lines()
    forged = [json.dumps(vars(line) | more) for more in ({}, {"signature": "0" * 64}, {"at": "3000-01-01T00:00:00Z"})]
    listed.write_bytes("\n".join([*HOSTILE, *forged]).encode() + b"\n\xff\xfe\n")
    named = ", ".join(map(str, range(1, len(HOSTILE) + 5)))
    for _again in range(2):
        with pytest.raises(Invalid, match=f"line {named}"):
            write_list()
    assert listed.read_text(errors="replace").splitlines()[-1] == str(line)
    assert listed.read_text(errors="replace").count(line.signature) == 1
    before = Beat.objects.filter(pk="accounts.purge").first()
    with pytest.raises(Invalid):
        purge_expired(0)
    assert Beat.objects.filter(pk="accounts.purge").first() == before  # so the sweep will be late, and told
    assert named in terminal(None, "identity", "purge_expired", "--apply").error


def test_a_list_with_one_line_that_this_house_did_not_sign_is_refused_whole(
    former: Make, cast: Cast, tmp_path: Path, terminal: Terminal
) -> None:
    one, other = former(), former()
    good, wanted = line_of(other.tenure.number_id), line_of(one.tenure.number_id)
    path = tmp_path / "list"
    for bad in (
        json.dumps(vars(wanted)),
        json.dumps(wanted.signed | {"signature": good.signature}),
        json.dumps(good.signed | {"number": wanted.number}),
        json.dumps(good.signed | {"seq": True}),
        *HOSTILE,
    ):
        path.write_text(f"{good}\n{bad}\n")
        said = terminal(None, "identity", "reapply", path, "--apply")
        assert said.code == 2 and "line 2." in said.error, bad[:80]
    assert not Erasure.objects.exists() and IdentityKey.objects.count() == 2


def test_a_restored_database_erases_again_what_the_list_names(
    former: Make, cast: Cast, retention: Staff, tmp_path: Path, terminal: Terminal
) -> None:
    one, other = former(), former()
    request = ask(one, cast["agent"])  # when the backup was made these still waited
    correction = answer(ask(one, cast["agent"], "correction", field="mobile", value="13700000000"), cast["privacy"])
    path = tmp_path / "list"
    path.write_text("".join(f"{line_of(number)}\n" for number in (one.tenure.number_id, 77_777_777)))
    dry = terminal(None, "identity", "reapply", path, "--json")
    assert (dry.code, dry.json) == (4, {"applied": False, "erase": 1, "unknown": 1})
    done = terminal(None, "identity", "reapply", path, "--apply")
    assert done.code == 3 and "erased again: 1" in done.out and "not known to this database: 1" in done.out
    assert list(Erasure.objects.values_list("tenure", "basis")) == [(one.pk, "reapplied")]
    assert not DataRequestKey.objects.exists()
    assert set(IdentityKey.objects.values_list("pk", flat=True)) == {other.pk}
    assert reapply(lines(), actor=retention, apply=False) == {"gone": 1}
    assert DataRequest.objects.get(pk=request.pk).state == "registered"  # somebody has to answer it
    with pytest.raises(Invalid, match="no longer be read"):
        do(correction, cast["supervisor"])
    assert do(answer(request, cast["privacy"]), cast["supervisor"]).state == "done"
    assert terminal(None, "identity", "reapply", tmp_path / "none").code == 2
    assert whole()


def test_what_is_on_legal_hold_in_the_restored_database_is_left_and_told(
    former: Make, cast: Cast, tmp_path: Path, terminal: Terminal
) -> None:
    one, other = former(), former()
    place([one.pk], "legal", "case 7", actor=cast["officer"], reason=WHY)
    shared = register(cast["agent"], one.tenure.number_id, other.tenure.number_id, period=last_year())
    path = tmp_path / "list"
    path.write_text(f"{line_of(one.tenure.number_id)}\n{line_of(other.tenure.number_id)}\n")
    assert terminal(None, "identity", "reapply", path, "--json").json == {"applied": False, "erase": 1, "held": 1}
    done = terminal(None, "identity", "reapply", path, "--apply")
    assert done.code == 3 and "left: on legal hold in this database: 1" in done.out
    assert list(Erasure.objects.values_list("tenure", "kept")) == [
        (other.pk, ["registers", "record", "disclosures"])
    ]  # fmt: skip
    assert set(IdentityKey.objects.values_list("pk", flat=True)) == {one.pk}
    assert DisclosureKey.objects.filter(pk=shared.pk).exists()  # it is about the other too
    lift(Hold.objects.get(kind="legal"), actor=cast["supervisor"], reason=WHY)
    again = terminal(None, "identity", "reapply", path, "--apply", "--json")
    assert (again.code, again.json) == (0, {"applied": True, "erase": 1, "gone": 1})
    assert not IdentityKey.objects.exists() and not DisclosureKey.objects.exists()
    assert whole()
