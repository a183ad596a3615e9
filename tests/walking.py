"""What makes a walk over many pages cheap, and loses nothing of what it looks for."""

from typing import Any

import pytest

from qqops import panels


@pytest.fixture
def counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for somebody is counted for his first page only.

    It is two thirds of the work of a page, and numbers beside the names of lists; what they count, and that each page
    counts it anew, is tested where they are made (tests/web).
    """
    plain, known = panels.counts_for, dict[int, dict[str, int]]()

    def counts_for(request: Any, items: Any) -> dict[str, int]:
        who = request.user.pk
        if who not in known:
            known[who] = plain(request, items)
        return known[who]

    monkeypatch.setattr(panels, "counts_for", counts_for)
