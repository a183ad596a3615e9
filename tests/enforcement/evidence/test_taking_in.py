"""Evidence that is a file: what is taken in, how it lies there, and what is refused by what it is."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Number, RuleVersion
from enforcement.evidence import media
from enforcement.evidence import services as evidence
from enforcement.models import Evidence, EvidenceFile, EvidenceKey
from enforcement.policy import Kind
from qqops.core.errors import Invalid, Refused
from qqops.staff.models import Staff
from tests.enforcement.acts import broken, decide, head, verbs
from tests.enforcement.evidence.files import GB, PDF, PNG, REFUSED, TAKEN, TEXT, UNKNOWN, WINDOWS, take_in

pytestmark = pytest.mark.usefixtures("english")


@pytest.mark.parametrize("kind", TAKEN)
def test_a_type_is_what_the_file_begins_with(kind: str) -> None:
    for content in TAKEN[kind]:
        assert media.media_type(content) == kind
        assert media.refused_as(content) == ""


def test_a_type_is_called_as_people_call_it() -> None:
    called = [str(media.in_words(code)) for code in media.ENDINGS]
    assert called == ["PDF", "PNG", "JPEG", "MP4", "M4A", "MP3", "WAV", "plain text", "plain text"]
    assert media.in_words("x/y") == "x/y"  # of before, or of after


def test_programs_archives_and_what_nobody_knows_are_of_no_type() -> None:
    for what, content in REFUSED.items():
        assert (str(media.refused_as(content)), media.media_type(content)) == (what, "")
    for content in UNKNOWN:
        assert (media.refused_as(content), media.media_type(content)) == ("", "")


@pytest.mark.django_db
def test_a_file_lies_sealed_and_is_on_the_record_by_its_hash_only(officer: Staff) -> None:
    before = head()
    taken = take_in(officer, TEXT, "C:\\张伟民\\聊天记录\u202e.txt")
    assert verbs(before) == ["evidence.taken_in"]
    assert (taken.size, taken.media_type) == (len(TEXT), "text/plain; charset=utf-8")
    assert taken.sha256 == hashlib.sha256(TEXT).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(f)::text, (SELECT string_agg(row_to_json(e)::text, '') FROM audit_event e"
                       " WHERE e.subject_id = %s) FROM enforcement_evidencefile f", [str(taken.pk)])  # fmt: skip
        row, event = cursor.fetchone()
    for said in ("聊天记录", "张伟民", TEXT.hex(), "聊天记录".encode().hex()):
        assert said not in row
        assert said not in event
    assert taken.sha256 in event
    assert evidence.name_of(taken) == "聊天记录.txt"  # without the folders, and on one line
    assert broken() == []


@pytest.mark.django_db
def test_the_same_content_of_the_same_person_is_taken_in_once(officer: Staff, officer2: Staff) -> None:
    first, before = take_in(officer), head()
    assert take_in(officer, name="again.pdf") == first
    assert verbs(before) == []
    assert take_in(officer2) != first
    assert take_in(officer, PNG) != first
    EvidenceKey.objects.filter(pk=first.pk).delete()
    assert take_in(officer) != first  # what cannot be read any more is not the same


@pytest.mark.django_db
def test_what_is_no_evidence_is_refused_with_what_it_is_and_nothing_is_kept(
    officer: Staff, reviewer: Staff, settings: Any
) -> None:
    before = head()
    for content, sentence in (
        (WINDOWS, "This is a Windows program, whatever its name says"),
        (UNKNOWN[0], "of no type that is taken in"),
        (b"", "The file is empty"),
    ):
        with pytest.raises(Invalid, match=sentence):
            take_in(officer, content, "holiday.jpg")
    settings.QQOPS_EVIDENCE_MAX_MB = 0
    with pytest.raises(Invalid, match="at most 0 MB"):
        take_in(officer)
    assert verbs(before) == []
    with pytest.raises(Refused, match="Your role may not take in evidence files"):
        take_in(reviewer)
    assert verbs(before) == ["audit.refused"]
    assert not EvidenceFile.objects.exists()


@pytest.mark.django_db
def test_a_decision_rests_on_a_file_of_its_maker_whose_key_is_there(
    rulebook: RuleVersion, officer: Staff, officer2: Staff, number: Callable[..., Number]
) -> None:
    taken, others, one = take_in(officer), take_in(officer2, PNG), number()
    for wrong in ((others.pk,), (taken.pk, others.pk), (10**12,)):
        with pytest.raises(Invalid, match="An evidence file is not there"):
            decide(Kind.FREEZE, one, officer, evidence=(), files=wrong)
    gone = take_in(officer, GB)
    EvidenceKey.objects.filter(pk=gone.pk).delete()
    with pytest.raises(Invalid, match="An evidence file is not there"):
        decide(Kind.FREEZE, one, officer, files=(gone.pk,))
    made = decide(Kind.FREEZE, one, officer, evidence=(), files=(taken.pk,)).decision
    cited = Evidence.objects.get(decision=made)
    assert (cited.file_id, cited.sha256) == (taken.pk, hashlib.sha256(PDF).hexdigest())
    assert taken.sha256 in cited.statement  # what an approver agrees to binds the content
    assert broken() == []


@pytest.mark.django_db
def test_the_command_says_what_a_file_is_and_takes_it_in_with_apply(
    officer: Staff, token: Callable[[Staff], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any,
    settings: Any,
) -> None:  # fmt: skip
    monkeypatch.setenv("QQOPS_TOKEN", token(officer))
    paper, program = tmp_path / "paper.bin", tmp_path / "photo.jpg"
    paper.write_bytes(PDF)
    program.write_bytes(WINDOWS)
    why = ("--actor", "officer", "--reason", "fraud report 17")
    with pytest.raises(SystemExit) as dry:
        call_command("evidence", "add", str(paper), *why)
    assert dry.value.code == 4
    assert "application/pdf" in capsys.readouterr().out
    with pytest.raises(CommandError, match="a Windows program"):
        call_command("evidence", "add", str(paper), str(program), *why, "--apply")
    assert not EvidenceFile.objects.exists()  # all are looked at before the first is taken in
    call_command("evidence", "add", str(paper), *why, "--apply")
    assert str(EvidenceFile.objects.get().pk) in capsys.readouterr().out
    settings.QQOPS_EVIDENCE_MAX_MB = 0
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read though it is too large"))
    with pytest.raises(CommandError, match="at most 0 MB"):
        call_command("evidence", "add", str(paper), *why)
