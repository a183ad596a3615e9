"""Evidence files of the tests: the least that begins as its type does."""

import zlib

from enforcement.evidence import services as evidence
from enforcement.models import EvidenceFile
from qqops.staff.models import Staff

PDF = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj"
PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF"
MP4 = b"\0\0\0\x18ftypisom\0\0\2\0isomiso2"
M4A = b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42"
WAV = b"RIFF\x24\0\0\0WAVEfmt "
MP3 = b"\xff\xfb\x90\x64\0\0"
TAGGED = b"ID3\x04\0\0\0\0\0\x17"
TEXT = "聊天记录：对方称收款后发号。\n".encode()
GB = "聊天记录：对方称收款后发号。\r\n".encode("gb18030")
TAKEN = {
    "application/pdf": (PDF,),
    "image/png": (PNG,),
    "image/jpeg": (JPEG,),
    "video/mp4": (MP4,),
    "audio/mp4": (M4A,),
    "audio/wav": (WAV,),
    "audio/mpeg": (MP3, TAGGED),
    "text/plain; charset=utf-8": (TEXT, b"\xef\xbb\xbf" + TEXT, b"plain ascii"),
    "text/plain; charset=gb18030": (GB,),
}
WINDOWS = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff" + bytes(48) + b"PE\0\0"
REFUSED = {
    "a Windows program": WINDOWS,
    "a Linux program": b"\x7fELF\x02\x01\x01" + bytes(9),
    "a macOS program": b"\xcf\xfa\xed\xfe\x07\0\0\x01",
    "a script": b"#!/bin/sh\nrm -rf /\n",
    "a ZIP archive or an office document": b"PK\x03\x04\x14\0\6\0",
    "an old office document": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(8),
    "an archive": b"\x1f\x8b\x08\0" + zlib.compress(b"x"),
}
UNKNOWN = (b"GIF89a\x01\0", b"\0\1\2\3", b"RIFF\x24\0\0\0AVI ", b"text with\0a hole", "UTF-16".encode("utf-16"))


def take_in(actor: Staff, content: bytes = PDF, name: str = "paper.pdf") -> EvidenceFile:
    return evidence.take_in(name, content, actor=actor)
