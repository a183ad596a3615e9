"""The list of an order: sorted, each number once, in one piece or in many runs on disk."""

import random

import pytest

from enforcement.lists import number_set
from enforcement.lists.number_set import Listed


@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 1234])
def test_numbers_come_sorted_and_once(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_set, "_RUN", 100)
    monkeypatch.setattr(number_set, "_READ", 7)
    monkeypatch.setattr(number_set, "_IN_MEMORY", 512)  # bytes: the longer ones go to disk
    dice = random.Random(size)
    given = [dice.randrange(10_000, 10_000 + 2 * size) for _ in range(size)]
    ours = Listed(iter(given))
    assert list(ours) == sorted(set(given))
    assert list(ours) == sorted(set(given))  # and again
    assert (ours.given, ours.count) == (size, len(set(given)))


def test_chunks_are_of_the_size_set(settings: object) -> None:
    settings.QQOPS_CHUNK = 4  # type: ignore[attr-defined]
    assert [len(chunk) for chunk in Listed(range(10_010, 10_000, -1)).chunks()] == [4, 4, 2]


def test_the_longest_number_fits() -> None:
    assert list(Listed([99_999_999_999, 10_000])) == [10_000, 99_999_999_999]


def test_a_list_already_sorted_is_not_sorted_again() -> None:
    ours = Listed([10_000])
    assert Listed.of(ours) is ours
