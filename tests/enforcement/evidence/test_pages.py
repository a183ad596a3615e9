"""Evidence files by the web: brought with the form of an act, carried through its two steps, opened by a button."""

import tracemalloc
from collections.abc import Iterator
from io import BytesIO, RawIOBase
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.handlers.wsgi import WSGIRequest
from django.urls import reverse

from enforcement.models import Decision, EvidenceFile, EvidenceKey
from qqops.core.errors import Invalid
from tests.enforcement.evidence.files import PDF, PNG, WINDOWS
from tests.pages import FREEZE, act_url, confirm, decision_url, preview, rule, ruling_url, text, verbs

pytestmark = pytest.mark.django_db


def sent(content: bytes = PDF, name: str = "张伟民 聊天.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/gif")


def opening(file: EvidenceFile) -> str:
    return reverse("admin:open_evidence", args=[file.pk])


def test_a_file_is_taken_in_with_the_first_step_and_goes_through_the_second_as_its_id(desk, number):
    n, browser = number(), desk("officer")
    url, said = act_url("freeze", n.pk), FREEZE | {"evidence": ""}
    assert 'enctype="multipart/form-data"' in browser.get(url).content.decode()
    before = len(verbs())
    shown = preview(browser, url, said | {"upload": [sent(), sent(PNG, "list.png")]})
    first, second = EvidenceFile.objects.order_by("pk")
    assert verbs()[before:] == ["evidence.taken_in", "evidence.taken_in"]
    page = text(shown)
    for words in (f"#{first.pk} 张伟民 聊天.pdf", first.sha256, f"#{second.pk} list.png", second.sha256):
        assert words in page
    assert f'name="evidence_files" value="{first.pk}"' in shown.content.decode()
    assert "multipart" not in shown.content.decode()
    kept = said | {"evidence_files": [first.pk, second.pk]}
    fewer = confirm(browser, url, said | {"evidence_files": [first.pk]}, shown.context["token"])
    assert fewer.status_code == 409 and not Decision.objects.exists()  # the token binds them
    done = confirm(browser, url, kept, shown.context["token"])
    assert done.status_code == 302, text(done)
    made = Decision.objects.get()
    assert set(made.evidence.values_list("file", flat=True)) == {first.pk, second.pk}


def test_a_file_is_not_lost_when_another_field_was_wrong_and_may_be_unticked(desk, number):
    url, browser = act_url("freeze", number().pk), desk("officer")
    shown = preview(browser, url, FREEZE | {"reason": "no", "upload": sent()})
    one = EvidenceFile.objects.get()
    assert "at least 6 characters" in text(shown) and f'value="{one.pk}"' in shown.content.decode()
    assert "checked" in shown.content.decode().partition(f'name="evidence_files" value="{one.pk}"')[2][:80]
    again = preview(browser, url, FREEZE | {"evidence_files": [one.pk]})
    assert again.context["frozen"] and one.sha256 in text(again)
    without = preview(browser, url, FREEZE)
    assert without.context["frozen"] and one.sha256 not in text(without)


def test_a_renamed_program_is_named_for_what_it_is_and_another_s_file_is_not_cited(desk, number):
    url, browser = act_url("freeze", number().pk), desk("officer")
    shown = preview(browser, url, FREEZE | {"upload": [sent(WINDOWS, "photo.jpg"), sent()]})
    assert "photo.jpg: This is a Windows program, whatever its name says" in text(shown)
    assert not shown.context["frozen"]
    one = EvidenceFile.objects.get()  # the other one was taken in, and stays ticked
    assert f'value="{one.pk}"' in shown.content.decode()
    other = preview(desk("officer2"), url, FREEZE | {"evidence_files": [one.pk]})
    assert one.sha256 not in text(other)


def test_who_may_not_bring_files_is_not_asked_for_any(desk, number):
    url = act_url("freeze", number().pk)
    for login, brings in (("officer", True), ("supervisor", False)):
        assert ('name="upload"' in desk(login).get(url).content.decode()) is brings
    preview(desk("supervisor"), url, FREEZE | {"upload": sent()})
    assert not EvidenceFile.objects.exists()


def test_it_comes_out_by_a_button_for_who_has_part_and_each_time_is_on_the_record(desk, number):
    browser = desk("officer")
    url, said = act_url("terminate", number().pk), {k: v for k, v in FREEZE.items() if k not in ("freeze_kind", "term")}
    shown = preview(browser, url, said | {"upload": sent()})
    one = EvidenceFile.objects.get()
    assert confirm(browser, url, said | {"evidence_files": [one.pk]}, shown.context["token"]).status_code == 302
    made = Decision.objects.get()
    for login, page, linked in (
        ("officer", decision_url(made), True),
        ("supervisor", ruling_url(made), True),
        ("officer2", decision_url(made), False),
        ("agent", decision_url(made), False),
    ):
        body = desk(login).get(page).content.decode()
        assert one.sha256 in body and (opening(one) in body) is linked, login
    reader, before = desk("supervisor"), len(verbs())
    page = reader.get(opening(one))
    assert one.sha256 in text(page) and "张伟民" not in text(page) and len(verbs()) == before
    answer = reader.post(opening(one))
    assert answer.content == PDF and verbs()[before:] == ["evidence.opened"]
    assert answer["Content-Type"] == "application/pdf" and answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Disposition"] == (
        "attachment; filename*=utf-8''%E5%BC%A0%E4%BC%9F%E6%B0%91%20%E8%81%8A%E5%A4%A9.pdf"
    )
    assert "no-store" in answer["Cache-Control"]
    before = len(verbs())
    assert desk("officer2").post(opening(one)).status_code == 403
    assert desk("agent").post(opening(one)).status_code == 403
    assert verbs()[before:] == ["audit.refused", "audit.refused"]
    rule(reader, made)
    assert desk("reviewer").post(opening(one)).status_code == 403  # no review of it is open
    EvidenceKey.objects.all().delete()
    assert reader.get(opening(one)).status_code == 404
    assert one.sha256 in text(reader.get(decision_url(made)))  # that there was a file, and which


class Endless(RawIOBase):
    """A request body of so many bytes that nobody ever holds."""

    def __init__(self, head: bytes, size: int, tail: bytes) -> None:
        super().__init__()
        self.parts, self.left, self.tail = BytesIO(head), size, tail

    def read(self, n: int = -1) -> bytes:
        if n < 0:
            raise AssertionError("the whole body was asked for at once")
        if found := self.parts.read(n):
            return found
        if self.left:
            n = min(n, self.left)
            self.left -= n
            return bytes(n)
        found, self.tail = self.tail[:n], self.tail[n:]
        return found


def request_of(size: int) -> WSGIRequest:
    head = (
        b'--b\r\nContent-Disposition: form-data; name="reason"\r\n\r\nfraud\r\n'
        b'--b\r\nContent-Disposition: form-data; name="upload"; filename="film.mp4"\r\n'
        b"Content-Type: video/mp4\r\n\r\n\0\0\0\x18ftypisom"
    )
    tail = b"\r\n--b--\r\n"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "wsgi.input": Endless(head, size, tail), "PATH_INFO": "/", "SERVER_NAME": "x",
        "CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(len(head) + size + len(tail)),
        "SERVER_PORT": "80",
    }  # fmt: skip
    return WSGIRequest(environ)


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


def test_a_file_far_too_large_is_read_to_its_end_in_little_memory_and_told_by_its_size(settings, traced):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 6 * 1024 * 1024
    size = 64 * 1024 * 1024  # 2 GB take the same memory, and longer
    request = request_of(size)
    assert request.POST["reason"] == "fraud"
    upload: Any = request.FILES["upload"]
    assert upload.size == size + 12
    assert tracemalloc.get_traced_memory()[1] < 3 * settings.FILE_UPLOAD_MAX_MEMORY_SIZE
    with pytest.raises(Invalid, match="6 MB"):
        upload.read()


def test_files_of_one_form_share_the_limit_and_the_rest_is_refused_by_a_sentence(desk, number, settings):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
    big = PDF + bytes(700 * 1024)
    files = [sent(big, "one.pdf"), sent(big + b"2", "two.pdf"), sent(PNG, "three.png")]
    shown = preview(desk("officer"), act_url("freeze", number().pk), FREEZE | {"upload": files})
    assert "two.pdf: Files may have at most 1 MB together" in text(shown)
    assert set(EvidenceFile.objects.values_list("media_type", flat=True)) == {"application/pdf", "image/png"}
