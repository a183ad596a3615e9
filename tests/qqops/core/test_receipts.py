"""Receipt numbers that are drawn together: none is given twice, also where one comes up again."""

import itertools

import pytest

from qqops.core import receipts


def test_one_that_comes_up_again_or_is_in_use_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = itertools.chain(["a", "b", "b", "c"], (f"n{n}" for n in itertools.count()))
    monkeypatch.setattr(receipts, "new", lambda kind, day: next(drawn))
    found = receipts.several(["A", "O", "A", "E"], lambda some: [one for one in some if one == "c"])
    assert found[:2] == ["a", "b"] and len(set(found)) == 4 and "c" not in found
