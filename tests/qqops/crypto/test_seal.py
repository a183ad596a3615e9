"""Sealing: only the right key opens, only for the purpose it was sealed for, and keys can be changed."""

import base64
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from accounts.identity.formats import Field
from accounts.identity.sealing import open_item, seal_items
from qqops.crypto import seal
from qqops.crypto.seal import CannotOpen, DataKey, new_key, unseal

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
    for keys in ("", ",", "name", "name:short", f"na me:{new_key()}", f"{OLD},{OLD}", f":{new_key()}", f"{OLD};{NEW}"):
        with pytest.raises(ValueError):
            seal.read_keys(keys)
    assert list(seal.read_keys(f"{OLD}, {NEW}")) == ["old", "new"]


TEXTS = st.text().filter(lambda text: text.encode(errors="ignore").decode() == text)
PLACES = st.tuples(st.integers(1, 2**63 - 1), st.sampled_from(list(Field)))
CIPHER = DataKey(base64.urlsafe_b64decode(new_key()))


def item(place: tuple[int, Field], text: str) -> bytes:
    tenure, field = place
    return seal_items(CIPHER, tenure, {field: text})[field]


@given(place=PLACES, text=TEXTS)
def test_any_item_opens_where_it_was_sealed_and_never_twice_the_same(place: tuple[int, Field], text: str) -> None:
    one, two = item(place, text), item(place, text)
    assert one != two and len(one) == seal.NONCE + len(text.encode()) + 16
    assert open_item(CIPHER, *place, one) == open_item(CIPHER, *place, two) == text


@given(place=PLACES, other=PLACES, text=TEXTS)
def test_an_item_that_was_moved_to_another_tenure_or_field_does_not_open(
    place: tuple[int, Field], other: tuple[int, Field], text: str
) -> None:
    assume(place != other)
    for tenure, field in (other, (place[0], other[1]), (other[0], place[1])):
        if (tenure, field) != place:
            with pytest.raises(CannotOpen):
                open_item(CIPHER, tenure, field, item(place, text))


@given(place=PLACES, text=TEXTS, at=st.integers(0), bit=st.integers(0, 7))
def test_an_item_with_one_bit_changed_or_its_end_cut_off_does_not_open(
    place: tuple[int, Field], text: str, at: int, bit: int
) -> None:
    sealed = item(place, text)
    flipped = bytearray(sealed)
    flipped[at % len(sealed)] ^= 1 << bit
    for changed in (bytes(flipped), sealed[: at % len(sealed)], sealed + b"\0"):
        with pytest.raises(CannotOpen):
            open_item(CIPHER, *place, changed)


@given(raw=st.binary(min_size=seal.KEY, max_size=seal.KEY), tables=st.permutations(["identity", "case", "house"]),
       rows=st.lists(st.integers(1, 10**12), min_size=2, max_size=2, unique=True))  # fmt: skip
def test_a_wrapped_key_opens_for_its_row_of_its_table_alone(raw: bytes, tables: list[str], rows: list[int]) -> None:
    name, wrapped = seal.wrap(raw, f"{tables[0]}:{rows[0]}")
    assert seal.unwrap(name, wrapped, f"{tables[0]}:{rows[0]}") == raw
    for purpose in (f"{tables[1]}:{rows[0]}", f"{tables[0]}:{rows[1]}", tables[0]):
        with pytest.raises(CannotOpen):
            seal.unwrap(name, wrapped, purpose)


@given(text=TEXTS, purpose=st.text(st.characters(codec="utf-8"), max_size=40), other=st.text(max_size=40))
def test_any_text_of_the_house_opens_for_its_purpose_alone(text: str, purpose: str, other: str) -> None:
    one = seal.seal(text, purpose)
    assert seal.unseal(one, purpose) == text
    if other.encode(errors="replace") != purpose.encode():
        with pytest.raises(CannotOpen):
            seal.unseal(one, other.encode(errors="replace").decode())
