"""Texts for the codes in history rows of this app, the same as on the page of the object."""

from typing import Any

from accounts.identity.formats import Field
from accounts.models import DataRequest, Reveal, RevealRequest
from accounts.reveals import case_kinds
from accounts.rights.policy import Paper
from qqops.web.pages.rows import say


def _case_kind(row: Any) -> Any:
    return case_kinds.LABELS.get(row.case_kind, row.case_kind)


say(DataRequest, "papers_seen", lambda row: [Paper(code).label for code in row.papers_seen.split(",")])
say(DataRequest, "field", lambda row: Field(row.field).label)
say(RevealRequest, "case_kind", _case_kind)
say(Reveal, "case_kind", _case_kind)
