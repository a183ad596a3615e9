"""Every verb is written by some test that says so: an act whose event nobody looks for may lose it unseen."""

import re
from pathlib import Path

from qqops.audit import event_catalogue

TESTS = Path(__file__).parents[2]


def test_every_declared_verb_is_expected_by_name_in_some_test() -> None:
    said = {word for path in TESTS.rglob("test_*.py") for word in re.findall(r'"(\w+\.\w+)"', path.read_text())}
    assert len(event_catalogue.declared()) > 150
    assert [verb for verb in event_catalogue.declared() if verb not in said] == []
