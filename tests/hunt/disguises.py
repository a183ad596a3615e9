"""A value in all that it may be written as, and the search for it. What a mask leaves of it is no find."""

import base64
import binascii
import codecs
import hashlib
import re
import unicodedata
import zlib
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from tests.story.canary import VALUES

_TOKEN = re.compile(rb"[A-Za-z0-9_+/=-]{24,}")
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


def disguises(value: str) -> dict[str, bytes]:
    """By name of the disguise, in lower case: so is what is searched."""
    bare = value.removeprefix("+86")
    plain = bare.encode()
    found = {
        "plain": plain,
        "composed": unicodedata.normalize("NFKC", bare).encode(),
        "full width": bare.translate(_FULL_WIDTH).encode(),
        "percent": quote(bare, safe="").encode(),
        "percent twice": quote(quote(bare, safe=""), safe="").encode(),
        "JSON": bare.encode("ascii", "as_json"),
        "Python": bare.encode("ascii", "backslashreplace"),
        "HTML": bare.encode("ascii", "xmlcharrefreplace"),
        "HTML, hexadecimal": "".join(c if c.isascii() else f"&#x{ord(c):x};" for c in bare).encode(),
        "quoted-printable": binascii.b2a_qp(plain),
        "hexadecimal": plain.hex().encode(),
        "octal": "".join(f"\\{byte:03o}" if byte > 0x7F else chr(byte) for byte in plain).encode(),
        "UTF-16 LE": bare.encode("utf-16-le"),
        "UTF-16 BE": bare.encode("utf-16-be"),
        "GB 18030": bare.encode("gb18030"),
    }
    if bare.isdigit():
        for name, between in (("spaced", " "), ("hyphened", "-")):
            found[name] = between.join((bare[:3], bare[3:7], bare[7:])).encode()
    for start in range(3):  # as it stands within something longer; what its neighbours change is cut off
        found[f"base64, {start}"] = base64.b64encode(b"\0" * start + plain)[(0, 2, 3)[start] : -4]
    for written in (value, bare):
        for kind in ("md5", "sha1", "sha256"):
            digest = hashlib.new(kind, written.encode()).digest()
            found[f"{kind} of {written}"], found[f"{kind} of {written}, hexadecimal"] = digest, digest.hex().encode()
    return {name: form.lower() for name, form in found.items()}


def _as_json(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)
    units = error.object[error.start : error.end].encode("utf-16-be")
    return "".join(f"\\u{units[n : n + 2].hex()}" for n in range(0, len(units), 2)), error.end


codecs.register_error("as_json", _as_json)


def _forms(values: Mapping[str, str]) -> list[tuple[str, bytes]]:
    return [(name, form) for name, value in values.items() for form in sorted(set(disguises(value).values()))]


_FORMS = _forms(VALUES)


def found_in(*places: bytes | str) -> set[str]:
    """The names of the canary's values that stand in any of these."""
    whole = b"\n".join(p if isinstance(p, bytes) else p.encode("utf-8", "surrogatepass") for p in places).lower()
    return {name for name, form in _FORMS if form in whole}


def unpacked(text: bytes | str) -> Iterable[bytes]:
    """What a cookie, a session or a token holds inside its encoding, packed or not."""
    raw = text if isinstance(text, bytes) else text.encode()
    yield raw
    for token in _TOKEN.findall(raw):
        try:
            inside = base64.urlsafe_b64decode(token.translate(bytes.maketrans(b"+/", b"-_")) + b"=" * (-len(token) % 4))
        except ValueError:
            continue
        yield inside
        try:
            yield zlib.decompress(inside)
        except zlib.error:
            continue
