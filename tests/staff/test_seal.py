"""Sealing: only the right key opens, only for the purpose it was sealed for, and keys can be changed."""

import base64
from typing import Any

import pytest

from qqops import seal
from qqops.seal import CannotOpen, new_key, unseal

OLD, NEW = f"old:{new_key()}", f"new:{new_key()}"


def sealed(text: str = "机密", purpose: str = "here") -> str:
    return seal.seal(text, purpose)


def test_what_is_sealed_opens_and_shows_nothing(settings: Any) -> None:
    settings.QQOPS_SEAL_KEYS = OLD
    one, two = sealed(), sealed()
    assert one != two and one.startswith("old.")
    assert unseal(one, "here") == unseal(two, "here") == "机密"
    assert "机密".encode() not in base64.urlsafe_b64decode(one.partition(".")[2])


def test_a_wrong_key_another_purpose_or_a_changed_text_opens_nothing(settings: Any) -> None:
    settings.QQOPS_SEAL_KEYS = OLD
    one = sealed()
    raw = bytearray(base64.urlsafe_b64decode(one.partition(".")[2]))
    raw[-1] ^= 1
    changed = "old." + base64.urlsafe_b64encode(raw).decode()
    for text, purpose in ((one, "there"), (changed, "here"), ("old.", "here"), ("old.é", "here"), ("", "here"),
                          (one.replace("old.", "other."), "here"), ("JBSWY3DPEHPK3PXP", "here")):  # fmt: skip
        with pytest.raises(CannotOpen):
            unseal(text, purpose)
    for keys in (NEW, f"old:{new_key()}"):
        settings.QQOPS_SEAL_KEYS = keys
        with pytest.raises(CannotOpen):
            unseal(one, "here")


def test_the_first_key_seals_and_all_open(settings: Any) -> None:
    settings.QQOPS_SEAL_KEYS = OLD
    before = sealed()
    settings.QQOPS_SEAL_KEYS = f"{NEW},{OLD}"
    assert unseal(before, "here") == "机密"
    after = sealed()
    assert after.startswith("new.")
    settings.QQOPS_SEAL_KEYS = NEW
    assert unseal(after, "here") == "机密"
    with pytest.raises(CannotOpen, match="no key 'old'"):
        unseal(before, "here")


def test_keys_that_are_none_are_refused() -> None:
    for keys in ("", ",", "name", "name:short", f"na me:{new_key()}", f"{OLD},{OLD}", f":{new_key()}"):
        with pytest.raises(ValueError):
            seal.read_keys(keys)
    assert list(seal.read_keys(f"{OLD}, {NEW}")) == ["old", "new"]
