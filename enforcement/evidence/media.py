"""What a file is, by what it begins with: its name, and what the browser says of it, prove nothing. Pure functions."""

import re
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

# What is taken in, and how it is called when it is handed out again.
ENDINGS = {
    "application/pdf": "pdf",
    "image/png": "png",
    "image/jpeg": "jpg",
    "video/mp4": "mp4",
    "audio/mp4": "m4a",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "text/plain; charset=utf-8": "txt",
    "text/plain; charset=gb18030": "txt",
}
TAKEN = _("PDF, PNG, JPEG, MP4, M4A, MP3, WAV or plain text")
_NAMES = {"jpg": "JPEG", "txt": _("plain text")}

_MP4 = (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"M4V ")
_M4A = (b"M4A ", b"M4B ")
_MP3 = re.compile(rb"\xff[\xf2\xf3\xfa\xfb][\x10-\xef]")  # MPEG layer III, of a bit rate that exists
_TEXT = re.compile(r"[\t\n\r\f\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")


def _starts(*magic: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(magic)


def _brand(*brands: bytes) -> Callable[[bytes], bool]:
    return lambda content: content[4:8] == b"ftyp" and content[8:12] in brands


def _text(encoding: str) -> Callable[[bytes], bool]:
    def is_it(content: bytes) -> bool:
        try:
            return _TEXT.fullmatch(content.decode(encoding)) is not None
        except UnicodeDecodeError:
            return False

    return is_it


# In this order: the first that fits.
_KNOWN: tuple[tuple[str, Callable[[bytes], bool]], ...] = (
    ("application/pdf", _starts(b"%PDF-")),
    ("image/png", _starts(b"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", _starts(b"\xff\xd8\xff")),
    ("video/mp4", _brand(*_MP4)),
    ("audio/mp4", _brand(*_M4A)),
    ("audio/wav", lambda content: content[:4] == b"RIFF" and content[8:12] == b"WAVE"),
    ("audio/mpeg", lambda content: content.startswith(b"ID3") or _MP3.match(content) is not None),
    ("text/plain; charset=utf-8", _text("utf-8-sig")),
    ("text/plain; charset=gb18030", _text("gb18030")),
)

# What is refused by its own name, so that whoever was sent it knows what he has. A ZIP may hold anything: office
# documents are among them, and are printed to PDF instead.
_REFUSED: tuple[tuple[Any, Callable[[bytes], bool]], ...] = (
    (_("a Windows program"), lambda content: content.startswith(b"MZ") and b"\0" in content[:64]),
    (_("a Linux program"), _starts(b"\x7fELF")),
    (
        _("a macOS program"),
        _starts(
            b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"
        ),
    ),
    (_("a script"), _starts(b"#!", b"\xef\xbb\xbf#!")),
    (_("a ZIP archive or an office document"), _starts(b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")),
    (_("an old office document"), _starts(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")),
    (_("an archive"), _starts(b"Rar!\x1a\x07", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")),
)


def refused_as(content: bytes) -> Any:
    """What it is instead, in words, where that is known: a program, an archive; else empty."""
    return next((label for label, fits in _REFUSED if fits(content)), "")


def in_words(code: str) -> Any:
    """One of `ENDINGS` as people call it."""
    ending = ENDINGS.get(code, "")
    return _NAMES.get(ending) or ending.upper() or code


def media_type(content: bytes) -> str:
    """One of `ENDINGS`, or empty."""
    if refused_as(content):
        return ""
    return next((code for code, fits in _KNOWN if fits(content)), "")
