"""The hunter itself: it sees through every disguise, and a mask is no find."""

import json
import zlib
from base64 import urlsafe_b64encode
from html import escape
from urllib.parse import quote

import pytest
from django.core import signing

from accounts.identity.masks import mask
from tests.hunt.disguises import disguises, found_in, unpacked
from tests.story.canary import ADULT, VALUES


@pytest.mark.parametrize("name", VALUES)
def test_a_value_is_found_in_every_disguise_and_nothing_else_is(name: str) -> None:
    value = VALUES[name]
    for disguise, form in disguises(value).items():
        assert found_in(b"before " + form.upper() + b" after") >= {name}, disguise
    assert found_in(f"before {value} after") == {name}


def test_as_others_write_it() -> None:
    name, mobile, email = ADULT["name"], ADULT["mobile"], ADULT["email"]
    for written in (json.dumps(name), repr(name), ascii(name), quote(name), escape(name), name.encode("utf-16")):
        assert found_in(written) == {"adult's name"}, written
    assert found_in(f"<b>139 8765 0421</b> {email.upper()}") == {"adult's mobile", "adult's email"}
    for n in range(6):
        packed = urlsafe_b64encode(b"x" * n + mobile.encode() + b"y" * 9)
        assert found_in(packed) == {"adult's mobile"}
        assert found_in(*unpacked(urlsafe_b64encode(zlib.compress(packed * 9)))) == {"adult's mobile"}
    signed = signing.dumps({"value": [mobile] * 20}, compress=True)
    assert found_in(signed) == set() and found_in(*unpacked(signed)) == {"adult's mobile"}


def test_a_mask_is_no_find() -> None:
    shown = [mask(item, value, "resident") for item, value in ADULT.items()]
    assert found_in(*shown) == set()
    assert found_in(b"") == set()
